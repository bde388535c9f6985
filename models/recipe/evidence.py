"""What each token says about the classes, before any picture: a softmax regression of the class on the tokens of requests.

Its weights are where the token embeddings of the last stage begin: along the class codes that the connector's tokens have too, as
names already begin at their class's code. The first head, which compares codes (looking.py), thus looks for what the words evoke.
"""

import torch
import torch.nn.functional as F

from grid import grid_codes
from questions import trained_facts

STRENGTH = 1.0  # length of the most telling token's code, in mean lengths of embeddings
DECAY, STEPS, RATE = 3e-5, 300, 0.3


def bags(vocabulary, texts):
    """Texts as sparse counts of tokens, each row divided by the root of its length: texts x vocabulary size."""
    index, values = [[], []], []
    for row, text in enumerate(texts):
        ids = sorted(set(vocabulary.words(text)))
        index[0] += [row] * len(ids)
        index[1] += ids
        values += [len(ids) ** -0.5] * len(ids)
    size = (len(texts), vocabulary.size)
    return torch.sparse_coo_tensor(torch.tensor(index), torch.tensor(values), size, check_invariants=True).coalesce()


def fit(vocabulary, texts, kinds, classes):
    """Weights of tokens for classes (vocabulary size x classes), centered, none for special tokens."""
    counts, kinds = bags(vocabulary, texts), torch.tensor(kinds)
    weights = torch.zeros(vocabulary.size, classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.Adam([weights, bias], RATE)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        logits = torch.sparse.mm(counts, weights) + bias
        loss = F.cross_entropy(logits, kinds) + DECAY * weights.square().sum() / classes
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (weights - weights.mean(1, keepdim=True)).detach()


def told(requests, objects):
    """All that is written for training, and the class of each (the number of classes for what is outside)."""
    texts, kinds = [], []
    for kind, entry in enumerate(objects):
        own = [*requests.known[kind], *requests.hints[kind], *trained_facts(entry), entry["name"], *entry.get("also", [])]
        texts, kinds = texts + own, kinds + [kind] * len(own)
    for entry in requests.things:
        own = [entry["thing"], *entry["requests"], *entry["words"]]
        texts, kinds = texts + own, kinds + [requests.outside] * len(own)
    return texts, kinds


@torch.no_grad()
def begin_with(table, weights, fresh):
    """Adds the evidence to the rows `fresh` of the token embeddings `table` (vocabulary size x LM width)."""
    codes = grid_codes()[0]
    positive = weights[:, : len(codes)].clamp(min=0)
    positive = positive / positive.amax(1).quantile(0.99).clamp(min=1e-6)
    table[fresh] += STRENGTH * positive.clamp(max=1)[fresh] @ codes * table.norm(dim=1).mean() / codes[0].norm()
