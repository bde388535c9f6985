"""A loss by which Qwen2's early states add up what words say: the class must be read off the mean of a question's states."""

import copy

import torch
import torch.nn.functional as F

from attention import additive
from grid import directions, grid_codes
from losses import entropy, right
from model import HALF, LM_WIDTH

EARLY = 2  # layers after which the class is read off


def class_directions(classes):
    """The grid codes of the classes and one for what is outside of them: classes + 1 x LM width, of unit root mean square."""
    outside = directions()[-1:] * LM_WIDTH**0.5
    return torch.cat([grid_codes()[0][:classes], outside])


class ReadOff:
    """Cross entropy of the class, and how often it is right, of questions that `speaker` has just read or of requests alone."""

    def __init__(self, speaker, vocabulary, requests, classes):
        self.table, self.vocabulary, self.requests = class_directions(classes), vocabulary, requests
        language = speaker.vlm.model.language_model
        self.embed = language.embed_tokens
        self.shallow = copy.copy(language)  # shares its modules
        self.shallow._modules = dict(language._modules, layers=torch.nn.ModuleList(language.layers[:EARLY]))
        language.layers[EARLY - 1].register_forward_hook(self.keep)

    def keep(self, module, given, states):
        self.states = states

    def of_batch(self, text):
        """After a batch of request_rows.collated was read."""
        return self.of(text["number"], text["meant"])

    def of_requests(self, count):
        """Of requests that stand alone, without a picture, which costs a twentieth as much."""
        kinds = [self.requests.any_kind() for _ in range(count)]
        ids = [self.vocabulary.words(self.requests.said(kind)) for kind in kinds]
        length = max(map(len, ids))
        number = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids])
        ids = torch.tensor([row + [self.vocabulary.pad] * (length - len(row)) for row in ids])
        causal = torch.ones(length, length, dtype=torch.bool).tril().expand(count, 1, -1, -1)
        places = len(self.vocabulary.prefix) + torch.arange(length).expand(count, -1)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
            self.shallow(inputs_embeds=self.embed(ids), position_ids=places, attention_mask=additive(causal), use_cache=False)
        return self.of(number, torch.tensor(kinds)[:, None])

    def of(self, number, meant):
        member = F.one_hot(number, meant.shape[1] + 1)[..., 1:].to(self.states.dtype)
        mean = torch.einsum("blq,blw->bqw", member, self.states).float()
        mean = mean / mean.square().mean(-1, keepdim=True).sqrt().clamp(min=1e-6)
        logits = mean @ self.table.T / LM_WIDTH**0.5
        return entropy(logits, meant), right(logits, meant)
