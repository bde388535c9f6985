"""Procedural illustrated scenes with exact visible masks."""

import math
import random
from dataclasses import dataclass, field

import cv2
import numpy as np

from art import HELD_OUT_STYLES, SPRITE, STYLES, TRAIN_STYLES, WORK, load_objects

cv2.setNumThreads(0)
SIZE = 224
GROUND = 300
FEWEST_PIXELS = 60  # visible pixels below which an object does not count
DUPLICATE = 0.15  # chance that a further object repeats an earlier kind
SIZES = (36, 150)
CROWDED_SIZES = (28, 80)
TINY_SIZES = (18, 40)


@dataclass
class Placed:
    """One drawn object. `id` is its value in the id map."""

    id: int
    kind: int
    style: int
    x: float  # center in pixels: of the drawing while placing, of all that is visible once the scene is finished
    y: float
    area: int = 0  # visible pixels
    drawn: int = 0  # pixels before anything covered it

    @property
    def visible(self):
        return self.area / max(self.drawn, 1)


@dataclass
class Scene:
    picture: np.ndarray | None  # SIZE x SIZE x 3, RGB
    ids: np.ndarray  # SIZE x SIZE or a fraction of it, 0 is ground
    objects: list[Placed]  # visible ones, in drawing order
    pasted: set[int] = field(default_factory=set)  # kinds of which anything at all was drawn

    def kinds(self):
        return sorted({o.kind for o in self.objects})

    def settle(self):
        """Visible areas and centers; objects of which hardly anything shows are dropped."""
        step = SIZE / len(self.ids)
        rows, columns = ((a.reshape(-1) + 0.5) * step for a in np.indices(self.ids.shape))
        ids = self.ids.reshape(-1)
        areas = np.bincount(ids, minlength=256) * round(step**2)
        across = np.bincount(ids, weights=columns * step**2, minlength=256)
        down = np.bincount(ids, weights=rows * step**2, minlength=256)
        self.pasted = {o.kind for o in self.objects}
        self.objects = [o for o in self.objects if areas[o.id] > FEWEST_PIXELS]
        for placed in self.objects:
            placed.area = int(areas[placed.id])
            placed.x, placed.y = across[placed.id] / placed.area, down[placed.id] / placed.area

    def mask(self, kind):
        """Everything visible of all objects of `kind`."""
        return np.isin(self.ids, [o.id for o in self.objects if o.kind == kind])


class Grounds:
    """Backgrounds drawn from `seed`; training and test use different seeds."""

    def __init__(self, seed, count=240):
        rng = np.random.default_rng(seed)
        makers = [plain, gradient, blotches, landscape, landscape, stripes, noise]
        self.images = [finish(rng, makers[i % len(makers)](rng)) for i in range(count)]

    def crop(self, rng):
        image = rng.choice(self.images)
        x, y = rng.randint(0, GROUND - SIZE), rng.randint(0, GROUND - SIZE)
        crop = image[y : y + SIZE, x : x + SIZE]
        return crop[:, ::-1].copy() if rng.random() < 0.5 else crop.copy()


def colors(rng, count):
    return rng.integers(50, 256, (count, 3)).astype(np.float32)


def ramp(top, bottom, rows):
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    return np.broadcast_to(top * (1 - t) + bottom * t, (rows, GROUND, 3))


def plain(rng):
    return np.broadcast_to(colors(rng, 1)[0], (GROUND, GROUND, 3))


def gradient(rng):
    image = ramp(*colors(rng, 2), GROUND)
    return image.transpose(1, 0, 2) if rng.random() < 0.5 else image


def blotches(rng):
    cells = int(rng.integers(3, 9))
    small = rng.integers(40, 256, (cells, cells, 3)).astype(np.float32)
    return cv2.resize(small, (GROUND, GROUND), interpolation=cv2.INTER_CUBIC)


def landscape(rng):
    """Sky, horizon and one or two bands of ground, or a wall and a floor."""
    top, far, near = colors(rng, 3)
    if rng.random() < 0.6:
        top = np.array([rng.integers(90, 190), rng.integers(160, 230), rng.integers(220, 256)], np.float32)
    horizon = int(rng.integers(90, 220))
    image = ramp(top, top * 0.6 + 255 * 0.4, GROUND).copy()
    image[horizon:] = ramp(far, near, GROUND - horizon)
    if rng.random() < 0.5:
        x = np.arange(GROUND)
        wave = horizon + 12 * np.sin(x / rng.uniform(15, 60) + rng.uniform(0, 6))
        image[(np.arange(GROUND)[:, None] > wave[None]) & (np.arange(GROUND)[:, None] < horizon + 25)] = far
    return image


def stripes(rng):
    first, second = colors(rng, 2)
    second = 0.75 * first + 0.25 * second
    period, angle = rng.integers(8, 40), rng.uniform(0, math.pi)
    y, x = np.mgrid[:GROUND, :GROUND]
    if rng.random() < 0.5:
        on = (x * math.cos(angle) + y * math.sin(angle)) // period % 2
    else:
        on = (x // period + y // period) % 2
    return np.where(on[..., None] > 0, first, second)


def noise(rng):
    image = np.zeros((GROUND, GROUND, 3), np.float32) + colors(rng, 1)[0]
    for cells in (4, 12, 40, 120):
        grain = rng.standard_normal((cells, cells, 3)).astype(np.float32) * 22
        image += cv2.resize(grain, (GROUND, GROUND))
    return image


def finish(rng, image):
    if rng.random() < 0.3:
        image = image + rng.standard_normal((GROUND, GROUND, 1)) * 6
    return np.clip(image, 0, 255).astype(np.uint8)


class World:
    """Draws scenes. `ground_seed` separates training from evaluation grounds."""

    def __init__(self, ground_seed):
        atlas = np.load(WORK / "atlas.npz")
        self.sprites, self.available = atlas["sprites"], atlas["available"]
        self.objects = load_objects()
        self.grounds = Grounds(ground_seed)
        self.train_styles = [STYLES.index(s) for s in TRAIN_STYLES]
        self.held_out_styles = [STYLES.index(s) for s in HELD_OUT_STYLES]
        self.smaller = {}

    def draw(self, rng, styles, crowded=False, sizes=None):
        """One scene. `rng` is a `random.Random`; `styles` are indices into STYLES; `sizes` in pixels."""
        scene = Scene(self.grounds.crop(rng), np.zeros((SIZE, SIZE), np.uint8), [])
        if rng.random() < 0.5:
            scene.picture = cv2.convertScaleAbs(scene.picture, alpha=rng.uniform(0.6, 1.1), beta=rng.uniform(-10, 30))
        count = rng.randint(9, 14) if crowded else rng.randint(2, 9)
        low, high = sizes or (CROWDED_SIZES if crowded else SIZES)
        stretch = math.exp(rng.uniform(-0.22, 0.22)) if rng.random() < 0.6 else 1.0
        one_style = rng.choice(styles) if rng.random() < 0.4 else None
        boxes, kinds = [], []
        for _ in range(count):
            repeat = kinds and not crowded and rng.random() < DUPLICATE
            kind = rng.choice(kinds) if repeat else rng.randrange(len(self.objects))
            style = self.pick_style(rng, styles, one_style, kind)
            size = math.exp(rng.uniform(math.log(low), math.log(high)))
            place = style is not None and self.find_place(rng, boxes, size)
            if place:
                boxes.append((*place, size))
                kinds.append(kind)
                self.paste(rng, scene, kind, style, *place, size, stretch)
        scene.settle()
        return scene

    def pick_style(self, rng, styles, one_style, kind):
        if one_style is not None and self.available[one_style, kind]:
            return one_style
        having = [s for s in styles if self.available[s, kind]]
        return rng.choice(having) if having else None

    @staticmethod
    def find_place(rng, boxes, size):
        """A center at which at most a quarter of the smaller box is overlapped."""
        for _ in range(14):
            x, y = rng.uniform(size * 0.4, SIZE - size * 0.4), rng.uniform(size * 0.4, SIZE - size * 0.4)
            for other_x, other_y, other in boxes:
                half = (size + other) / 2
                wide, high = half - abs(x - other_x), half - abs(y - other_y)
                if wide > 0 and high > 0 and wide * high > 0.25 * min(size, other) ** 2:
                    break
            else:
                return x, y
        return None

    def sprite(self, style, kind, size):
        """The sprite at 128, 64 or 32 pixels, whichever is nearest above `size`."""
        side = SPRITE
        while side // 2 >= size * 1.05 and side > 32:
            side //= 2
        key = (style, kind, side)
        if key not in self.smaller:
            sprite = self.sprites[style, kind]
            self.smaller[key] = cv2.resize(sprite, (side, side), interpolation=cv2.INTER_AREA)
        return self.smaller[key]

    def paste(self, rng, scene, kind, style, x, y, size, stretch):
        sprite = self.sprite(style, kind, size)
        angle = math.radians(rng.uniform(-25, 25)) if rng.random() < 0.6 else 0.0
        flip = -1 if rng.random() < 0.5 else 1
        scale = size / sprite.shape[0]
        reach = int(size * 0.75 * max(stretch, 1 / stretch)) + 2
        left, top = max(int(x) - reach, 0), max(int(y) - reach, 0)
        right, bottom = min(int(x) + reach, SIZE), min(int(y) + reach, SIZE)
        cos, sin, half = math.cos(angle) * scale, math.sin(angle) * scale, sprite.shape[0] / 2
        a = np.array([[stretch * cos * flip, -stretch * sin], [sin * flip / stretch, cos / stretch]])
        shift = np.array([x - left, y - top]) - a @ np.array([half, half])
        warped = cv2.warpAffine(sprite, np.column_stack([a, shift]), (right - left, bottom - top))
        alpha = warped[..., 3:].astype(np.float32) / 255
        color = warped[..., :3].astype(np.float32)
        if rng.random() < 0.8:
            light = rng.uniform(0.85, 1.1)
            gain = np.array([light * rng.uniform(0.88, 1.12) for _ in range(3)], np.float32)
            color = np.minimum(color * gain, 255)
        area = scene.picture[top:bottom, left:right]
        area[:] = (color * alpha + area * (1 - alpha)).astype(np.uint8)
        solid = warped[..., 3] > 127
        placed = Placed(len(scene.objects) + 1, kind, style, x, y, drawn=int(solid.sum()))
        scene.ids[top:bottom, left:right][solid] = placed.id
        scene.objects.append(placed)
