"""Sprites as another hand might have drawn them: other colors, flat fills, dark outlines.

Only training redraws. The few art styles there are teach an encoder their colors and shading; redrawn objects keep their
outline and the lines inside, which are what styles share.
"""

import cv2
import numpy as np

RECOLORED, FLAT, OUTLINED = 0.5, 0.4, 0.5  # shares of redrawn sprites
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def redraw(rng, sprite):
    """A square uint8 RGBA sprite, redrawn; its alpha stays as it is."""
    color, alpha = sprite[..., :3], sprite[..., 3]
    if rng.random() < FLAT:
        color = flat(rng, color)
    lines = strokes(rng, color, alpha) if rng.random() < OUTLINED else None
    if rng.random() < RECOLORED:
        color = recolored(rng, color)
    if lines is not None:
        color = inked(rng, color, lines)
    return np.dstack([color, alpha])


def recolored(rng, color):
    """Hues turned about the grey axis, more or less saturated, lighter or darker."""
    turn, saturation = rng.uniform(-np.pi, np.pi) * rng.random(), rng.choice([0.0, rng.uniform(0.3, 1), rng.uniform(1, 1.5)])
    axis = np.full(3, 3**-0.5)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.cos(turn) * np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * np.outer(axis, axis)
    matrix = (1 - saturation) * np.tile(LUMA, (3, 1)) + saturation * rotation
    return np.clip(color @ matrix.T.astype(np.float32) * rng.uniform(0.75, 1.15), 0, 255).astype(np.uint8)


def flat(rng, color):
    """Fine shading smoothed away, few levels of each color."""
    step = rng.choice([48, 64, 96])
    smooth = cv2.medianBlur(np.ascontiguousarray(color), 5 if len(color) > 32 else 3)
    return (smooth // step * step + step // 2).astype(np.uint8)


def strokes(rng, color, alpha):
    """Where a pen of one width follows the contour and the edges inside: boolean."""
    width = max(round(len(color) * rng.uniform(0.015, 0.05)), 1)
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    solid = (alpha > 127).astype(np.uint8)
    padded = cv2.copyMakeBorder(solid, width, width, width, width, cv2.BORDER_CONSTANT, value=0)
    contour = solid - cv2.erode(padded, pen)[width:-width, width:-width]
    edges = cv2.Canny(np.ascontiguousarray(color), 80, 200)
    thinner = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return (contour > 0) | (cv2.dilate(edges, thinner) > 0)


def inked(rng, color, lines):
    """Dark lines on fills that are as they were, paler, or the paper itself."""
    pale = rng.choice([0.0, 0.0, rng.uniform(0, 0.8), 1.0])
    filled = (color * (1 - pale) + 255 * pale).astype(np.uint8)
    ink = np.array([rng.randint(0, 70) for _ in range(3)], np.uint8)
    return np.where(lines[..., None], ink, filled)
