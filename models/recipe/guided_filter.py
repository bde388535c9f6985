"""Mask logits brought to the edges of the picture: what `"mask_upsampling": "guided"` of config.json means.

He, Sun and Tang: Guided Image Filtering (TPAMI 2013), with colors as the guide, and the subsampling of He and Sun: Fast Guided
Filter (https://arxiv.org/abs/1505.00996). The tests of `crate/core/src/mask/guided_filter.rs` take this for their oracle.
"""

import numpy as np

RADIUS_CELLS = 2  # radius of a window, in cells of the logits
EPS = 1e-4  # colors are 0 to 1


def inside(logits, picture, side):
    """Boolean mask of the picture's size: what most pixels say of a window as large as one of the filter's in the picture."""
    found = guided(logits, picture, side) > 0.5
    return box(found.astype(int), [length // (2 * side) for length in found.shape]) > 0.5 + 1e-9  # half is no majority


def guided(logits, picture, side):
    """How far each pixel is inside: about 0 to 1, height x width, f64.

    `logits` are those of the mask decoder, a square; `picture` is uint8 RGB, height x width x 3; `side` is that of the
    model's square input, on which the filter is computed.
    """
    square = bilinear(np.asarray(logits, np.float64), (side, side))
    guide = area_average(np.asarray(picture, np.float64) / 255, (side, side))
    lines = lines_of(guide, 1 / (1 + np.exp(-square)), RADIUS_CELLS * side // len(logits))
    slopes, offset = np.split(bilinear(lines, picture.shape[:2]), [3], axis=-1)
    return (slopes * picture / 255).sum(-1) + offset[..., 0]


def lines_of(guide, values, radius):
    """The filter's linear functions of the color, averaged over all windows that see a pixel: three slopes and an offset."""
    mean, mean_value = box(guide, radius), box(values, radius)
    with_value = box(guide * values[..., None], radius) - mean * mean_value[..., None]
    products = box(guide[..., :, None] * guide[..., None, :], radius)
    covariance = products - mean[..., :, None] * mean[..., None, :] + EPS * np.eye(3)
    slopes = np.linalg.solve(covariance, with_value[..., None])[..., 0]
    offset = mean_value - (slopes * mean).sum(-1)
    return box(np.concatenate([slopes, offset[..., None]], -1), radius)


def box(values, radius):
    """Means over windows of 2 · radius + 1, of which only what lies in the picture counts; rows and columns may differ in it."""
    for axis, reach in enumerate(np.broadcast_to(radius, 2)):
        length = values.shape[axis]
        sums = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        at = np.arange(length)
        first, end = np.maximum(at - reach, 0), np.minimum(at + reach + 1, length)
        counts = (end - first).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        values = (sums.take(end, axis) - sums.take(first, axis)) / counts
    return values


def bilinear(values, size):
    """As PyTorch's `interpolate` with `align_corners=False`."""
    for axis, to in enumerate(size):
        length = values.shape[axis]
        at = np.maximum((np.arange(to) + 0.5) * length / to - 0.5, 0)
        near = np.minimum(at.astype(int), length - 1)
        share = (at - near).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        values = values.take(near, axis) * (1 - share) + values.take(np.minimum(near + 1, length - 1), axis) * share
    return values


def area_average(values, size):
    """Each new pixel is the mean of what it covers, parts of pixels by their share."""
    for axis, to in enumerate(size):
        length = values.shape[axis]
        sums = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        edges = np.arange(to + 1) * length / to
        whole = np.minimum(edges.astype(int), length - 1)
        share = (edges - whole).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        until = sums.take(whole, axis) + share * values.take(whole, axis)
        values = np.diff(until, axis=axis) * (to / length)
    return values
