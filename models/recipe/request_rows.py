"""Rows of questions about kept pictures: the usual ones and, for the larger half, requests in people's own words."""

from itertools import islice

import torch
from tokenizers import Tokenizer

import tokenizer as tokens
from attention import additive
from collate import collate
from packing import NONE, pack
from question import Question
from questions import UNKNOWN, Asker
from vocabulary import Vocabulary

ABSENT, OUTSIDE = 0.27, 0.24  # shares of requests for what is not there, and for what nano does not know
TRUE_GRIDS = 0.2  # share of rows answered from the true grid
PIECED, PIECES = 0.2, 0.12  # share of requests whose words are cut into smaller tokens, and how often a merge is left out


class RequestRows:
    """Batches of rows of `count` questions each."""

    def __init__(self, objects, requests, vocabulary, rng, count):
        self.rng, self.requests, self.count = rng, requests, count
        self.asker = Asker(objects, rng)
        self.whole = vocabulary
        pieced = Tokenizer.from_file(str(tokens.PATH))
        pieced.model.dropout = PIECES
        self.pieced = Vocabulary(pieced)

    def request(self, scene):
        chance = self.rng.random()
        if chance < OUTSIDE:
            outside = self.requests.outside
            return Question("request", self.requests.said(outside), UNKNOWN, meant=outside)
        placed = self.asker.pick(scene) if chance > OUTSIDE + ABSENT else None
        if placed:
            text = self.requests.said(placed.kind)
            return Question("request", text, self.asker.meant(placed.kind, placed), [placed], meant=placed.kind)
        kind = self.asker.pick_absent(scene)
        return Question("request", self.requests.said(kind, scene.pasted), self.asker.meant(kind, None), meant=kind)

    def row(self, scene):
        """Questions, and which of them are cut into smaller pieces."""
        usual = list(islice(self.asker.typed(scene, self.asker.families(2 * self.count)), self.count // 2))
        asked = [self.request(scene) for _ in range(self.count - self.count // 2)]
        return usual + asked, [False] * len(usual) + [self.rng.random() < PIECED for _ in asked]

    def batch(self, kept, size):
        """Image tokens (size x 49 x LM width) and the rows about them."""
        index = torch.tensor([self.rng.randrange(len(kept["scenes"])) for _ in range(size)])
        true = torch.tensor([self.rng.random() < TRUE_GRIDS for _ in range(size)]).view(-1, 1, 1)
        rows = [self.row(kept["scenes"][i]) for i in index]
        vocabularies = [Pieces(self.whole, self.pieced, pieced) for _, pieced in rows]
        image = torch.where(true, kept["true"][index], kept["seen"][index])
        return image.float(), collated(vocabularies, [row for row, _ in rows])

    def usual_tokens(self, kept, scenes=600):
        """The tokens of the usual questions and their answers."""
        found = set()
        for scene in kept["scenes"][:scenes]:
            for question in self.asker.typed(scene, self.asker.families(2 * self.count)):
                found |= {*self.whole.question(question.text), *self.whole.answer(question.answer)}
        return found

    def answer_tokens(self, kept, scenes=600):
        """The tokens that answers are made of, in order."""
        found = set(self.whole.answer(UNKNOWN))
        for kind in range(len(self.asker.objects)):
            found |= {token for placed in (True, None) for token in self.whole.answer(self.asker.meant(kind, placed))}
        for scene in kept["scenes"][:scenes]:
            found |= {token for question in self.row(scene)[0] for token in self.whole.answer(question.answer)}
        return torch.tensor(sorted(found))


class Pieces:
    """A vocabulary that cuts some of a row's questions, but no answer, into smaller pieces."""

    def __init__(self, whole, pieced, which):
        self.whole, self.pieced, self.which = whole, pieced, iter(which)
        self.prefix, self.seg, self.pad, self.tail, self.answer = whole.prefix, whole.seg, whole.pad, whole.tail, whole.answer

    def question(self, text):
        return (self.pieced if next(self.which) else self.whole).question(text)


def collated(vocabularies, rows):
    """A batch of rows of questions, each cut by a vocabulary of its own. `meant` is the class that each question is to be read as
    (rows x questions), `number` which question a token is a word of (rows x length, 0 for none).
    """
    packed = [pack(vocabulary, row) for vocabulary, row in zip(vocabularies, rows)]
    text = collate(vocabularies[0], packed)
    text["mask"] = additive(text["mask"])
    most = max(map(len, rows))
    meant = [[NONE if q.meant is None else q.meant for q in row] for row in rows]
    text["meant"] = torch.tensor([row + [NONE] * (most - len(row)) for row in meant])
    text["number"] = torch.zeros_like(text["segments"])
    for row, (_, targets, _, segments, _) in enumerate(packed):
        for number in range(1, max(segments) + 1):
            first = segments.index(number)
            answer = next(place for place in range(first, len(targets)) if targets[place] != NONE)
            text["number"][row, first : answer + 1 - vocabularies[0].tail] = number
    return text
