"""Emoji art to sprites: one RGBA square per (style, object), written to .work/atlas.npz."""

import io
import json
import os
import re
import tomllib
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

HERE = Path(__file__).parent
WORK = Path(os.environ.get("NANO_WORK", HERE / ".work"))  # another folder for the smoke training
ICONS = WORK / "npm" / "node_modules" / "@iconify-json"
SPRITE = 128
# Apache-2.0, MIT and CC-BY 4.0 styles are trained on; the others only test generalization.
TRAIN_STYLES = ["noto", "noto-v1", "fxemoji", "fluent-emoji", "fluent-emoji-flat", "twemoji", "emojione"]
HELD_OUT_STYLES = ["openmoji", "emojione-v1", "streamline-emojis"]
STYLES = TRAIN_STYLES + HELD_OUT_STYLES


def load_objects():
    """Objects in class order, each a dict of name, icons, categories and facts."""
    with open(HERE / "objects.toml", "rb") as file:
        return tomllib.load(file)["object"]


def plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


class Style:
    """One icon set of npm's @iconify-json."""

    def __init__(self, name):
        self.icons = json.loads((ICONS / name / "icons.json").read_text())
        self.by_name = {plain(key): key for key in self.icons["icons"]}
        for key, alias in self.icons.get("aliases", {}).items():
            if set(alias) == {"parent"}:
                self.by_name.setdefault(plain(key), alias["parent"])

    def svg(self, names):
        """SVG text of the first of `names` that the style has, or None."""
        key = next((self.by_name[name] for name in names if name in self.by_name), None)
        if key is None:
            return None
        icon = self.icons["icons"][key]
        width = icon.get("width", self.icons.get("width", 16))
        height = icon.get("height", self.icons.get("height", 16))
        view = f'{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}'
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{view}">{icon["body"]}</svg>'
        )


def render(svg, size):
    """The drawing cropped to what is visible, centered in a transparent `size` square."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=2 * size, height=2 * size)
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    alpha = np.asarray(image)[..., 3]
    rows, columns = np.where(alpha > 16)
    image = image.crop((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    side = max(image.size)
    square = Image.new("RGBA", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square.resize((size, size), Image.LANCZOS)


def main():
    objects = load_objects()
    sprites = np.zeros((len(STYLES), len(objects), SPRITE, SPRITE, 4), np.uint8)
    available = np.zeros(sprites.shape[:2], bool)
    for row, name in enumerate(STYLES):
        style = Style(name)
        for column, entry in enumerate(objects):
            svg = style.svg(entry["icons"])
            if svg:
                sprites[row, column] = np.asarray(render(svg, SPRITE))
                available[row, column] = True
        print(name, int(available[row].sum()), "of", len(objects))
    WORK.mkdir(exist_ok=True)
    np.savez(WORK / "atlas.npz", sprites=sprites, available=available)


if __name__ == "__main__":
    main()
