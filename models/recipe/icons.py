"""Monochrome icons of some of the objects: `python icons.py` writes .work/icons.npz. Only training draws them, inked and filled
at random (`redraw.colored`): more shapes of each object than the trained art styles have. None is measured on.
"""

from collections import Counter

import cv2
import numpy as np

from art import SPRITE, Style, load_drawings, load_objects, plain, save_drawings, visible

EMOJI = ["fluent-emoji-high-contrast", "emojione-monotone"]  # named as the art styles' drawings are
SETS = [*EMOJI, "mdi", "game-icons", "fa6-solid", "ph", "tabler", "icon-park-outline"]
ENDINGS = ("", "fill", "filled", "solid", "bold", "outline", "side", "line")
MOST = 2  # icons of an object from one set
MISLEADING = {  # names under which the other sets hold something else
    "seat", "shades", "keyboard", "musicalkeyboard", "ball", "football", "boat", "present", "chips", "chicken", "gown", "clock",
    "melon", "puppy", "stoplight", "egg", "pony", "ape", "pants", "trousers", "tophat", "phone",
}  # fmt: skip
WRONG = {  # icons of something else
    "icon-park-outline:bedside", "icon-park-outline:cooking", "icon-park-outline:key-line", "icon-park-outline:keyline",
    "mdi:food", "mdi:apple", "mdi:seat", "mdi:seat-outline", "fluent-emoji-high-contrast:egg", "emojione-monotone:egg",
}  # fmt: skip


def ink_of(svg, size):
    """How much of each pixel is inked, the drawing cropped and centered: size x size, uint8; None where nothing is."""
    image = visible(svg.replace("currentColor", "#000"), size)
    if image is None:
        return None
    cut = np.asarray(image)[..., 3]
    side = max(cut.shape) + 4
    square = np.zeros((side, side), np.uint8)
    top, left = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)


def filled(ink):
    """The solid outline: ink and all that it encloses, small gaps closed."""
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    wide = cv2.copyMakeBorder((ink > 100).astype(np.uint8), 8, 8, 8, 8, cv2.BORDER_CONSTANT)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, pen)
    outside = closed.copy()
    cv2.floodFill(outside, None, (0, 0), 2)
    inner = ((outside != 2) | (wide > 0)).astype(np.uint8)[8:-8, 8:-8] * 255
    return np.maximum(cv2.GaussianBlur(inner, (3, 3), 0), ink)


def keys_of(entry, name, style):
    """Up to MOST icons of an object in the set `name`."""
    if name in EMOJI:
        names, endings = entry["icons"], ("",)
    else:
        names = [*entry["icons"], plain(entry["name"]), *map(plain, entry.get("also", []))]
        names, endings = [n for n in names if n not in MISLEADING], ENDINGS
    found = dict.fromkeys(style.by_name[n + e] for n in names for e in endings if n + e in style.by_name)
    return [key for key in found if f"{name}:{key}" not in WRONG][:MOST]


def load_icons():
    """Inks and solids (icons x SPRITE x SPRITE), and the icons' numbers by class."""
    drawings = load_drawings("icons.npz", "icons.py")
    return drawings["inks"], drawings["solids"], [np.flatnonzero(drawings["kinds"] == k) for k in range(len(drawings["objects"]))]


def main():
    inks, kinds, sources = [], [], []
    for name in SETS:
        style = Style(name)
        for kind, entry in enumerate(load_objects()):
            for key in keys_of(entry, name, style):
                ink = ink_of(style.drawing(key), SPRITE)
                if ink is not None:
                    inks.append(ink), kinds.append(kind), sources.append(f"{name}:{key}")
    for name, count in Counter(source.split(":")[0] for source in sources).items():
        print(name, count)
    solids = np.stack([filled(ink) for ink in inks])
    save_drawings("icons.npz", "icons.py", inks=np.stack(inks), solids=solids, kinds=np.array(kinds), sources=np.array(sources))


if __name__ == "__main__":
    main()
