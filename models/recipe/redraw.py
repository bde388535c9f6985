"""Sprites as another hand might have drawn them: other colors, fills, lines, shapes.

Only training redraws. The few art styles there are teach an encoder their colors and shading; redrawn objects keep what
styles share: the outline, bent a little, and the lines inside.
"""

import math

import cv2
import numpy as np

# Shares of redrawn sprites.
RECOLORED, FLAT, OUTLINED, BENT, REPAINTED, SHADED, TEXTURED, BLURRED = 0.45, 0.35, 0.5, 0.6, 0.2, 0.25, 0.12, 0.08
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def redraw(rng, sprite):
    """A square uint8 RGBA sprite, redrawn."""
    if rng.random() < BENT:
        sprite = bent(rng, sprite)
    color, alpha = parts(sprite)
    chance = rng.random()
    if chance < REPAINTED:
        fill = repainted(rng, color, alpha)
    elif chance < REPAINTED + FLAT:
        fill = flat(rng, color)
    else:
        fill = color
    lines = strokes(rng, color, alpha) if rng.random() < OUTLINED else None
    if rng.random() < RECOLORED:
        fill = recolored(rng, fill)
    if rng.random() < SHADED:
        fill = shaded(rng, fill, alpha)
    if rng.random() < TEXTURED:
        fill = textured(rng, fill)
    if lines is not None:
        fill = inked(rng, fill, lines)
    if rng.random() < BLURRED:
        fill = cv2.GaussianBlur(fill, (0, 0), len(fill) * rng.uniform(0.008, 0.02))
    return cv2.merge([fill, alpha])


def parts(sprite):
    """Color and alpha, each contiguous."""
    return cv2.cvtColor(sprite, cv2.COLOR_RGBA2RGB), cv2.extractChannel(sprite, 3)


def bent(rng, sprite):
    """Pulled about smoothly: parts longer or shorter, leaning, narrower to one side."""
    side = len(sprite)
    seed = np.random.default_rng(rng.getrandbits(32))
    coarse = seed.normal(0, side * rng.uniform(0.005, 0.035), (4, 4, 2)).astype(np.float32)
    pull = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:side, :side].astype(np.float32) - (side - 1) / 2
    lean, narrow = rng.gauss(0, 0.08), rng.gauss(0, 0.1)
    wide, high = math.exp(rng.gauss(0, 0.08)), math.exp(rng.gauss(0, 0.08))
    grown = 1.06
    map_x = grown * x * wide * (1 + narrow * y / side) + lean * y + pull[..., 0] + (side - 1) / 2
    map_y = grown * y * high + pull[..., 1] + (side - 1) / 2
    return cv2.remap(sprite, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def recolored(rng, color):
    """Hues turned about the grey axis, more or less saturated, lighter or darker."""
    turn, saturation = rng.uniform(-np.pi, np.pi) * rng.random(), rng.choice([0.0, rng.uniform(0.3, 1), rng.uniform(1, 1.5)])
    axis = np.full(3, 3**-0.5)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.cos(turn) * np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * np.outer(axis, axis)
    matrix = (1 - saturation) * np.tile(LUMA, (3, 1)) + saturation * rotation
    return cv2.transform(color, matrix * rng.uniform(0.75, 1.15))


def flat(rng, color):
    """Fine shading smoothed away, few levels of each color."""
    step = rng.choice([48, 64, 96])
    smooth = cv2.medianBlur(color, 5 if len(color) > 32 else 3)
    return cv2.LUT(smooth, np.clip(np.arange(256) // step * step + step // 2, 0, 255).astype(np.uint8))


def repainted(rng, color, alpha):
    """Two to five tones of the drawing, each in a color of its own."""
    gray = cv2.cvtColor(cv2.medianBlur(color, 3), cv2.COLOR_RGB2GRAY)
    tones = rng.randint(2, 5)
    bounds = np.percentile(gray[alpha > 127], np.linspace(0, 100, tones + 1)[1:-1]) if (alpha > 127).any() else [128]
    palette = np.array([[rng.randint(20, 255) for _ in range(3)] for _ in range(tones)], np.float32)
    if rng.random() < 0.6:  # as light as they were
        palette = palette[np.argsort(palette @ LUMA)]
    table = palette[np.minimum(np.searchsorted(bounds, np.arange(256)), tones - 1)].astype(np.uint8)
    return table[gray]


def shaded(rng, color, alpha):
    """Lit from one side, or round: darker toward the outline."""
    side = len(color)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * math.pi)
        y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
        light = 1 + rng.uniform(0.15, 0.5) * (x * math.cos(angle) + y * math.sin(angle))
    else:
        depth = cv2.distanceTransform((alpha > 127).astype(np.uint8), cv2.DIST_L2, 3) / side
        light = rng.uniform(0.6, 0.85) + np.minimum(depth * rng.uniform(2, 6), 0.4)
    return np.clip(color * light[..., None], 0, 255).astype(np.uint8)


def textured(rng, color):
    """Grain, crayon or cloth."""
    side = len(color)
    seed = np.random.default_rng(rng.getrandbits(32))
    cells = rng.choice([8, 16, side // 2, side])
    grain = cv2.resize(seed.normal(0, rng.uniform(8, 28), (cells, rng.choice([cells, 4]))).astype(np.float32), (side, side))
    return np.clip(color + grain[..., None], 0, 255).astype(np.uint8)


def strokes(rng, color, alpha):
    """Where a pen of one width follows the contour and the edges inside: boolean."""
    width = max(round(len(color) * rng.uniform(0.012, 0.05)), 1)
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    solid = (alpha > 127).astype(np.uint8)
    padded = cv2.copyMakeBorder(solid, width, width, width, width, cv2.BORDER_CONSTANT, value=0)
    contour = solid - cv2.erode(padded, pen)[width:-width, width:-width]
    edges = cv2.Canny(color, 80, 200)
    thinner = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return (contour > 0) | (cv2.dilate(edges, thinner) > 0)


def ink_color(rng):
    """Mostly nearly black, at times any dark color, seldom white."""
    chance = rng.random()
    low, high = (0, 50) if chance < 0.6 else (0, 110) if chance < 0.95 else (235, 255)
    return np.array([rng.randint(low, high) for _ in range(3)], np.uint8)


def inked(rng, color, lines):
    """Lines on fills that are as they were, paler, or the paper itself."""
    pale = rng.choice([0.0, 0.0, rng.uniform(0, 0.8), 1.0])
    filled = cv2.convertScaleAbs(color, alpha=1 - pale, beta=255 * pale) if pale else color
    filled = filled.copy()
    filled[lines] = ink_color(rng)
    return filled


def colored(rng, ink, solid):
    """An RGBA sprite of a monochrome icon: one color for its ink, and paper, one color or several for what it encloses."""
    inside = solid > 127
    open_share = float((inside & (ink <= 127)).sum()) / max(int(inside.sum()), 1)
    mostly_ink = open_share < 0.45
    pen = bright(rng) if mostly_ink and rng.random() < 0.75 else ink_color(rng).astype(np.float32)
    color = fill_of(rng, ink, inside, None if mostly_ink else pen)
    share = ink.astype(np.float32)[..., None] / 255
    color = np.clip(color * (1 - share) + pen * share, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        color = shaded(rng, color, solid)
    sprite = cv2.merge([color, solid])
    return bent(rng, sprite) if rng.random() < BENT else sprite


def bright(rng):
    return np.array([rng.randint(40, 255) for _ in range(3)], np.float32)


def fill_of(rng, ink, inside, covering):
    """Paper, one color, or one of a few colors for each part that the ink encloses: side x side x 3. The nearest part is not
    known under lines, so `covering`, the color of lines or None, is there already.
    """
    chance = rng.random()
    if chance < 0.5:
        plain = 255 if chance < 0.3 and rng.random() < 0.7 else bright(rng)
        return np.full((*ink.shape, 3), plain, np.float32)
    count, parts = cv2.connectedComponents(((ink < 100) & inside).astype(np.uint8))
    palette = [bright(rng) for _ in range(rng.randint(2, 4))]
    color = np.stack([rng.choice(palette) for _ in range(count)])[parts]
    if covering is not None:
        color[ink > 100] = covering
    return color
