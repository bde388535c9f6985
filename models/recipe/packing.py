"""Questions side by side in one row of tokens, and training pictures with their rows as arrays of fixed sizes. No torch here: the
processes that make them are forked before it is loaded.
"""

import math
import random

import numpy as np

from questions import FAMILIES, PRACTICE, Asker
from sizes import MOST_CLASSES, SIZE

LENGTH, ANSWERS, MARKS, QUESTIONS = 256, 104, 20, 8  # tokens, answer tokens, [SEG]s and questions a picture at most
OBJECTS = 15
NAMES = list(FAMILIES | PRACTICE)
NONE = -100  # the target where no token is asked for
FIELDS = {
    "picture": ((SIZE, SIZE, 3), np.uint8),
    "ids": ((SIZE, SIZE), np.uint8),
    "table": ((OBJECTS, 5), np.float32),  # kind or -1, center x and y, visible pixels, visible share; row = id - 1
    "pasted": ((MOST_CLASSES,), np.uint8),
    "tokens": ((LENGTH,), np.int16),
    "positions": ((LENGTH,), np.int16),
    "segments": ((LENGTH,), np.int8),
    "answers": ((ANSWERS, 2), np.int16),  # where a state is, and the token that must follow; NONE for none
    "numbers": ((ANSWERS,), np.int8),  # which question an answer's token belongs to; 0 for none
    "marks": ((MARKS, 2), np.int16),  # where a [SEG] is, and the row of its object; -1 for none
    "families": ((QUESTIONS,), np.int8),
}


def pack(vocabulary, questions, fits=lambda length, answers, marks, count: True):
    """One row: the image prefix, then the questions side by side, none seeing another, until one does not fit.

    Returns ids, next-token targets (NONE outside answers), positions, segment numbers (0 is the prefix) and the places of `[SEG]`
    with the object that each stands for.
    """
    prefix = vocabulary.prefix
    ids, targets, positions = list(prefix), [NONE] * len(prefix), list(range(len(prefix)))
    segments, marks, answers = [0] * len(prefix), [], 0
    for number, question in enumerate(questions, 1):
        asked, answer = vocabulary.question(question.text), vocabulary.answer(question.answer)
        base = len(ids) + len(asked)
        places = [base + i for i, token in enumerate(answer) if token == vocabulary.seg]
        answers += len(answer)
        if not fits(base + len(answer), answers, len(marks) + len(places), number):
            break
        ids += asked + answer
        targets += [NONE] * (len(asked) - 1) + answer + [NONE]
        positions += range(len(prefix), len(prefix) + len(asked) + len(answer))
        segments += [number] * (len(asked) + len(answer))
        marks += zip(places, question.targets, strict=True)
    return ids, targets, positions, segments, marks


def fits_slot(length, answers, marks, count):
    return length <= LENGTH and answers <= ANSWERS and marks <= MARKS and count <= QUESTIONS


def write_text(row, vocabulary, questions):
    """As many of `questions` as fit into `row`, a dict of arrays by field; returns their count."""
    asked = []
    noted = (asked.append(q) or q for q in questions)
    ids, targets, positions, segments, marks = pack(vocabulary, noted, fits_slot)
    answers = [(place, token) for place, token in enumerate(targets) if token != NONE]
    count = segments[-1]
    fill(row["tokens"], ids, vocabulary.pad)
    fill(row["positions"], positions, 0)
    fill(row["segments"], segments, -1)
    fill(row["answers"], answers, (0, NONE))
    fill(row["numbers"], [segments[place] for place, _ in answers], 0)
    fill(row["marks"], [(place, placed.id - 1) for place, placed in marks], (0, -1))
    fill(row["families"], [NAMES.index(question.family) for question in asked[:count]], -1)
    return count


def fill(array, values, rest):
    array[:] = rest
    if values:
        array[: len(values)] = values


def write_scene(row, scene):
    """A scene without its questions."""
    row["picture"][:] = scene.picture
    row["ids"][:] = scene.ids
    fill(row["table"], [], (-1, 0, 0, 0, 0))
    for placed in scene.objects:
        row["table"][placed.id - 1] = placed.kind, placed.x, placed.y, placed.area, placed.visible
    row["pasted"][:] = 0
    row["pasted"][list(scene.pasted)] = 1


class Maker:
    """Fills rows with pictures and questions about them."""

    def __init__(self, world, vocabulary, seed):
        self.world, self.vocabulary, self.rng = world, vocabulary, random.Random(seed)
        self.asker = Asker(world.objects, self.rng)

    def fill(self, row):
        """One training picture."""
        while True:
            scene = self.world.training_scene(self.rng)
            if scene.objects and len(scene.objects) <= OBJECTS:
                if write_text(row, self.vocabulary, self.asker.typed(scene, self.asker.families(20))):
                    write_scene(row, scene)
                    return

    def tune(self, row, number):
        """One picture as the measured ones are: no redrawing, all measured families in turn."""
        while True:
            scene = self.world.draw(self.rng)
            if scene.objects:
                families = [NAMES[(number + i) % len(FAMILIES)] for i in range(len(FAMILIES) * 2)]
                questions = (self.asker.ask(scene, family) for family in families)
                if write_text(row, self.vocabulary, (q for q in questions if q)):
                    write_scene(row, scene)
                    return


def layout(chunk):
    """Where each field of `chunk` pictures begins and ends in a block of bytes that is copied at once, and the block's size."""
    places, end = {}, 0
    for name, (shape, kind) in FIELDS.items():
        size = chunk * math.prod(shape) * np.dtype(kind).itemsize
        places[name] = end, end + size
        end += -(-size // 64) * 64
    return places, end


def training_rows(world, vocabulary, count, seed):
    """`count` training pictures, made here and now."""
    maker = Maker(world, vocabulary, seed)
    return filled(count, lambda row, index: maker.fill(row))


def tuning_rows(world, vocabulary, count, seed=77):
    """`count` pictures to measure by."""
    return filled(count, Maker(world, vocabulary, seed).tune)


def filled(count, make):
    batch = {name: np.zeros((count, *shape), kind) for name, (shape, kind) in FIELDS.items()}
    for index in range(count):
        make({name: field[index] for name, field in batch.items()}, index)
    return batch
