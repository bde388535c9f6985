"""The training scenes of scenes.py, drawn faster and more varied: sprites from a bank of drawn variants that is renewed bit by
bit, monochrome icons among them, blending in 8 bits, sizes and centers object by object, other grounds and finishes besides.

Nothing here is used to measure.
"""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from art import SPRITE
from icons import load_icons
from redraw import colored, parts, redraw
from scenes import CROWDED_SIZES, DUPLICATE, FEWEST_PIXELS, GROUND, SIZES, Placed, Scene, World, finish, placement
from sizes import SIZE

VARIANTS = 4  # of each style, kind and size that a process keeps
RENEWED = 0.35  # chance that a use draws a variant anew
ICON = -1  # the style of what is drawn from a monochrome icon
FROM_ICONS, REDRAWN = 0.22, 0.55  # shares of objects of a training scene
CROWDED, TINY = 0.12, 0.1  # shares of training scenes
SMALL_SIZES = (18, 56)
JPEG, SOFT, GRAINY, GRAY = 0.08, 0.06, 0.06, 0.03  # shares of whole pictures
SHADOW = 0.15  # share of pictures whose objects cast soft shadows


@dataclass
class Layer(Scene):
    """A scene whose objects are settled one by one."""

    boxes: dict = field(default_factory=dict)  # left, top, right and bottom of what was drawn, by id

    def settle(self):
        self.pasted = {o.kind for o in self.objects}
        kept = []
        for placed in self.objects:
            left, top, right, bottom = self.boxes[placed.id]
            found = cv2.moments((self.ids[top:bottom, left:right] == placed.id).view(np.uint8), True)
            area = int(found["m00"])
            if area > FEWEST_PIXELS:
                placed.area = area
                placed.x, placed.y = left + found["m10"] / area + 0.5, top + found["m01"] / area + 0.5
                kept.append(placed)
        self.objects = kept


def photolike(rng):
    """Clouds of several colors with light from one side, as of an unsharp photograph."""
    image = np.zeros((GROUND, GROUND, 3), np.float32)
    for cells, weight in ((2, 1.0), (5, 0.6), (15, 0.25), (50, 0.12), (150, 0.08)):
        small = rng.uniform(0, 255, (cells, cells, 3)).astype(np.float32)
        image += weight * cv2.resize(small, (GROUND, GROUND), interpolation=cv2.INTER_CUBIC)
    image /= 2.05
    tint = rng.uniform(60, 230, 3).astype(np.float32)
    gray = rng.uniform(0.45, 0.95)
    return np.clip(image * (1 - gray) + tint * gray, 0, 255)


def planks(rng):
    """Boards, tiles or bricks with joints and a grain along them."""
    first = rng.uniform(70, 230, 3).astype(np.float32)
    wide, high = int(rng.integers(30, 120)), int(rng.integers(16, 60))
    y, x = np.mgrid[:GROUND, :GROUND]
    row = y // high
    column = (x + row * wide // 2 * int(rng.integers(0, 2))) // wide
    tone = rng.normal(1, 0.08, (24, 24)).astype(np.float32)[row % 24, column % 24]
    grain = cv2.resize(rng.normal(0, 9, (GROUND, 12)).astype(np.float32), (GROUND, GROUND))
    image = first * tone[..., None] + grain[..., None]
    joint = ((y % high) < 2) | (((x + row * wide // 2) % wide) < 2)
    return np.where(joint[..., None], image * 0.7, image)


def dots(rng):
    first, second = rng.uniform(60, 256, (2, 3)).astype(np.float32)
    second = 0.6 * first + 0.4 * second
    period, radius = int(rng.integers(14, 44)), rng.uniform(0.15, 0.4)
    y, x = np.mgrid[:GROUND, :GROUND]
    on = np.hypot(x % period - period / 2, y % period - period / 2) < radius * period
    return np.where(on[..., None], second, first)


def dark(rng):
    return np.broadcast_to(rng.uniform(0, 90, 3).astype(np.float32), (GROUND, GROUND, 3))


def white(rng):
    return np.broadcast_to(np.float32(rng.uniform(235, 255)), (GROUND, GROUND, 3))


class TrainingWorld(World):
    """Draws training scenes, only from trained styles and from icons."""

    def __init__(self, ground_seed):
        super().__init__(ground_seed)
        rng = np.random.default_rng(ground_seed + 1)
        makers = [photolike, planks, dots, dark, white, white, photolike]
        self.grounds.images += [finish(rng, makers[i % len(makers)](rng)) for i in range(140)]
        self.inks, self.solids, self.icons = load_icons()
        self.styles = [[s for s in self.train_styles if self.available[s, k]] for k in range(len(self.objects))]
        self.bank = {}

    def training_scene(self, rng):
        """A scene as they are trained on."""
        chance = rng.random()
        sizes = SMALL_SIZES if chance > 1 - TINY else None
        return self.draw(rng, crowded=chance < CROWDED, sizes=sizes, redrawn=REDRAWN, from_icons=FROM_ICONS)

    def draw(self, rng, styles=None, crowded=False, sizes=None, redrawn=0.0, from_icons=0.0):
        """World.draw in the trained styles; the share `from_icons` of objects is drawn from monochrome icons."""
        scene = self.ground(rng)
        count = rng.randint(9, 14) if crowded else rng.randint(2, 9)
        low, high = sizes or (CROWDED_SIZES if crowded else SIZES)
        stretch = math.exp(rng.uniform(-0.22, 0.22)) if rng.random() < 0.6 else 1.0
        one_style = rng.choice(self.train_styles) if rng.random() < 0.4 else None
        shadow = (rng.uniform(-6, 6), rng.uniform(1, 8), rng.uniform(0.2, 0.5)) if rng.random() < SHADOW else None
        boxes, kinds = [], []
        for _ in range(count):
            repeat = kinds and not crowded and rng.random() < DUPLICATE
            kind = rng.choice(kinds) if repeat else rng.randrange(len(self.objects))
            size = math.exp(rng.uniform(math.log(low), math.log(high)))
            place = self.find_place(rng, boxes, size)
            if not place:
                continue
            style = self.choose_style(rng, one_style, kind, from_icons)
            boxes.append((*place, size))
            kinds.append(kind)
            self.lay(rng, scene, self.variant(rng, style, kind, size, redrawn), kind, style, *place, size, stretch, shadow)
        scene.settle()
        if redrawn:
            scene.picture = finished(rng, scene.picture)
        return scene

    def ground(self, rng):
        """An empty scene."""
        x, y = rng.randint(0, GROUND - SIZE), rng.randint(0, GROUND - SIZE)
        ground = rng.choice(self.grounds.images)[y : y + SIZE, x : x + SIZE]
        ground = cv2.flip(ground, 1) if rng.random() < 0.5 else ground.copy()
        if rng.random() < 0.5:
            ground = cv2.convertScaleAbs(ground, alpha=rng.uniform(0.6, 1.1), beta=rng.uniform(-10, 30))
        return Layer(ground, np.zeros((SIZE, SIZE), np.uint8), [])

    def choose_style(self, rng, one_style, kind, from_icons):
        if from_icons and len(self.icons[kind]) and rng.random() < from_icons:
            return ICON
        if one_style is not None and self.available[one_style, kind]:
            return one_style
        return rng.choice(self.styles[kind])

    def variant(self, rng, style, kind, size, redrawn):
        """A premultiplied RGBA sprite of about `size` from the bank."""
        side = SPRITE
        while side // 2 >= size * 1.05 and side > 32:
            side //= 2
        kept = self.bank.setdefault((style, kind, side), [])
        if len(kept) >= VARIANTS and rng.random() >= RENEWED:
            return rng.choice(kept)
        if style == ICON:
            sprite = colored(rng, *self.icon(rng, kind, side))
        else:
            sprite = self.sprite(style, kind, size)
            if rng.random() < redrawn:
                sprite = redraw(rng, sprite)
        sprite = lit(rng, sprite)
        if len(kept) < VARIANTS:
            kept.append(sprite)
        else:
            kept[rng.randrange(VARIANTS)] = sprite
        return sprite

    def icon(self, rng, kind, side):
        """Ink and solid outline of one of the object's icons: side x side each."""
        index = int(rng.choice(self.icons[kind]))
        drawn = self.inks[index], self.solids[index]
        return drawn if side == SPRITE else [cv2.resize(a, (side, side), interpolation=cv2.INTER_AREA) for a in drawn]

    @staticmethod
    def lay(rng, scene, sprite, kind, style, x, y, size, stretch, shadow):
        (cos, sin, flip), (left, top, right, bottom) = placement(rng, sprite, x, y, size, stretch)
        half = sprite.shape[0] / 2
        a, b, c, d = stretch * cos * flip, -stretch * sin, sin * flip / stretch, cos / stretch
        matrix = np.array([[a, b, x - left - (a + b) * half], [c, d, y - top - (c + d) * half]])
        warped = cv2.warpAffine(sprite, matrix, (right - left, bottom - top))
        alpha = cv2.extractChannel(warped, 3)
        area = scene.picture[top:bottom, left:right]
        if shadow:
            area = shaded(area, alpha, *shadow)
        behind = cv2.multiply(area, cv2.merge([cv2.bitwise_not(alpha)] * 3), scale=1 / 255)
        scene.picture[top:bottom, left:right] = cv2.add(behind, cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB))
        solid = alpha > 127
        placed = Placed(len(scene.objects) + 1, kind, style, x, y, drawn=int(cv2.countNonZero(solid.view(np.uint8))))
        scene.boxes[placed.id] = left, top, right, bottom
        np.copyto(scene.ids[top:bottom, left:right], placed.id, where=solid)
        scene.objects.append(placed)


def lit(rng, sprite):
    """Under a light of its own, mostly; premultiplied."""
    color, alpha = parts(sprite)
    if rng.random() < 0.8:
        light = rng.uniform(0.85, 1.1)
        color = cv2.transform(color, np.diag([light * rng.uniform(0.88, 1.12) for _ in range(3)]))
    return cv2.merge([cv2.multiply(color, cv2.merge([alpha] * 3), scale=1 / 255), alpha])


def shaded(area, alpha, x, y, depth):
    """The ground under the soft shadow of what `alpha` covers, moved by x and y."""
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    dark = cv2.blur(cv2.warpAffine(alpha, move, alpha.shape[::-1]), (5, 5))
    weight = cv2.convertScaleAbs(dark, alpha=-depth, beta=0)
    return cv2.multiply(area, cv2.merge([cv2.subtract(255, weight)] * 3), scale=1 / 255)


def finished(rng, picture):
    """At times as from a bad scan or a small JPEG."""
    chance = rng.random()
    if chance < JPEG:
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(15, 70)])[1]
        return cv2.imdecode(data, cv2.IMREAD_COLOR)
    chance -= JPEG
    if chance < SOFT:
        side = rng.randint(112, 190)
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    chance -= SOFT
    if chance < GRAINY:
        grain = np.random.default_rng(rng.getrandbits(32)).integers(-1, 2, picture.shape, np.int8) * np.int8(rng.randint(4, 18))
        return cv2.add(picture, grain, dtype=cv2.CV_8U)
    chance -= GRAINY
    if chance < GRAY:
        return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return picture
