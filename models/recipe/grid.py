"""What the connector should see: each of 49 cells as a sum of the codes of its objects, and scenes made of shapes only.

The language model first learns to reason over such grids, thousands of scenes a second without a picture; the image
encoder learns to produce the same grids from pixels.
"""

import math

import cv2
import numpy as np
import torch

from model import IMAGE_TOKENS, LM_WIDTH
from scenes import DUPLICATE, SIZE, SIZES, Placed, Scene

SIDE = math.isqrt(IMAGE_TOKENS)
COARSE = 4  # pixels of a picture for one of a shape scene
MOST_CLASSES = 96
PLACE = 0.25  # weight of each wave of a cell's place
WAVES = (0.5, 1, 2)  # waves across the picture that tell a cell's column and row
SEED = 21


def directions():
    """An orthonormal basis of the language model's width: first those of classes, then those of places."""
    generator = torch.Generator().manual_seed(SEED)
    return torch.linalg.qr(torch.randn(LM_WIDTH, LM_WIDTH, generator=generator))[0]


def place_codes():
    """The directions of the waves that tell a cell's place."""
    return directions()[MOST_CLASSES : MOST_CLASSES + 4 * len(WAVES)]


def waves(points):
    """Points (… x 2, shares of the picture's width and height) as waves: … x (4 times as many as WAVES)."""
    turns = 2 * torch.pi * points[..., None] * torch.tensor(WAVES)
    return torch.cat([turns.sin(), turns.cos()], -1).flatten(-2)


def grid_codes():
    """Codes of classes (MOST_CLASSES x LM width, orthogonal, unit root mean square) and of cells (cells x LM width).

    Cells are told apart by slow waves of column and row, which an image encoder finds easy to produce.
    """
    rows = directions() * LM_WIDTH**0.5
    centers = (torch.arange(SIDE) + 0.5) / SIDE
    cells = torch.stack([centers.repeat(SIDE), centers.repeat_interleave(SIDE)], 1)
    return rows[:MOST_CLASSES], PLACE * waves(cells) @ place_codes() * LM_WIDTH**0.5


def contents(scene):
    """Cells x MOST_CLASSES: square root of the share of the cell that shows the class."""
    kind_of = np.full(256, MOST_CLASSES)
    for placed in scene.objects:
        kind_of[placed.id] = placed.kind
    kinds = kind_of[scene.ids]
    step = len(kinds) // SIDE
    cells = kinds.reshape(SIDE, step, SIDE, step).transpose(0, 2, 1, 3).reshape(IMAGE_TOKENS, -1)
    flat = cells + np.arange(IMAGE_TOKENS)[:, None] * (MOST_CLASSES + 1)
    counts = np.bincount(flat.reshape(-1), minlength=IMAGE_TOKENS * (MOST_CLASSES + 1))
    shares = counts.reshape(IMAGE_TOKENS, -1)[:, :MOST_CLASSES] / step**2
    return np.sqrt(shares).astype(np.float32)


def grids(scenes, codes):
    """Connector tokens of scenes: scenes x cells x LM width."""
    classes, cells = codes
    return torch.from_numpy(np.stack([contents(s) for s in scenes])) @ classes + cells


def shape_scene(rng, classes):
    """A scene of ellipses and boxes with `ids` at a quarter of the resolution and no picture."""
    side = SIZE // COARSE
    ids, objects, kinds = np.zeros((side, side), np.uint8), [], []
    for _ in range(rng.randint(2, 9)):
        kind = rng.choice(kinds) if kinds and rng.random() < DUPLICATE else rng.randrange(classes)
        size = math.exp(rng.uniform(*map(math.log, SIZES)))
        stretch = math.exp(rng.uniform(-0.4, 0.4))
        half = (max(round(size * stretch / 2 / COARSE * 0.85), 2), max(round(size / stretch / 2 / COARSE * 0.85), 2))
        x, y = (rng.uniform(size * 0.4, SIZE - size * 0.4) for _ in range(2))
        if any(math.hypot(x - o.x, y - o.y) < 0.4 * (size + o.area) for o in objects):
            continue
        number = len(objects) + 1
        center = (round(x / COARSE), round(y / COARSE))
        if rng.random() < 0.6:
            cv2.ellipse(ids, center, half, rng.uniform(-30, 30), 0, 360, number, -1)
        else:
            corners = [(center[0] - half[0], center[1] - half[1]), (center[0] + half[0], center[1] + half[1])]
            cv2.rectangle(ids, *corners, number, -1)
        kinds.append(kind)
        objects.append(Placed(number, kind, 0, x, y, area=size, drawn=int((ids == number).sum()) * COARSE**2))
    scene = Scene(None, ids, objects)
    scene.settle()
    return scene
