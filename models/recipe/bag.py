"""How far words alone tell the class: `python bag.py` fits softmax regressions on bags of tokens and of pairs of tokens and
measures them on the requests that are held back from training, with and without hints.

A language side that looks at the picture should do better on what is there, since it need only tell apart what it sees.
"""

import random

import torch

import evidence
from art import load_objects
from own_words import Requests
from vocabulary import load_vocabulary

PAIRS = 1 << 17  # buckets for pairs of tokens
OTHERS = 5  # classes beside the right one, as many as a picture shows


class Pairs:
    """A vocabulary's tokens and, as further ones, the pairs of neighbors, which share buckets by their numbers."""

    def __init__(self, vocabulary):
        self.vocabulary, self.size = vocabulary, vocabulary.size + PAIRS

    def words(self, text):
        ids = self.vocabulary.words(text)
        return ids + [self.vocabulary.size + (31_337 * a + b) % PAIRS for a, b in zip(ids, ids[1:])]


def measure(name, vocabulary, objects, hinted):
    requests = Requests(objects, random.Random(0), hinted)
    weights = evidence.fit(vocabulary, *evidence.told(requests, objects), len(objects) + 1)
    checked = [(kind, text) for kind, text in requests.checked if kind != requests.outside]
    scores = torch.sparse.mm(evidence.bags(vocabulary, [text for _, text in checked]), weights)[:, : len(objects)]
    rng, first, among = random.Random(1), 0, 0
    for row, (kind, _) in zip(scores, checked):
        others = rng.sample([k for k in range(len(objects)) if k != kind], OTHERS)
        first += int(row.argmax()) == kind
        among += bool((row[others] < row[kind]).all())
    share = f"of {len(objects)} {first / len(checked):.3f}, of {OTHERS + 1} {among / len(checked):.3f}"
    print(f"{name}, {'with' if hinted else 'without'} hints, {len(checked)} requests: {share}", flush=True)


def main():
    vocabulary, objects = load_vocabulary(), load_objects()
    for name, features in (("tokens", vocabulary), ("tokens and pairs", Pairs(vocabulary))):
        for hinted in (False, True):
            measure(name, features, objects, hinted)


if __name__ == "__main__":
    main()
