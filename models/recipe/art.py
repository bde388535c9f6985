"""Emoji art to sprites: one RGBA square per (style, object), written to .work/atlas.npz."""

import functools
import io
import json
import os
import re
import tomllib
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
WORK = Path(os.environ.get("NANO_WORK", HERE / ".work"))  # another folder for the smoke training
ICONS = WORK / "npm" / "node_modules" / "@iconify-json"
SPRITE = 128
# Apache-2.0, MIT and CC-BY 4.0 styles are trained on; the others only test generalization.
TRAIN_STYLES = ["noto", "noto-v1", "fxemoji", "fluent-emoji", "fluent-emoji-flat", "twemoji", "emojione"]
HELD_OUT_STYLES = ["openmoji", "emojione-v1", "streamline-emojis", "streamline-cyber-color"]
STYLES = TRAIN_STYLES + HELD_OUT_STYLES
# Sets that are no emoji call things otherwise: they are searched by these names alone, each looked at.
NAMES = {
    "streamline-cyber-color": {
        "dog": "dog-1", "cat": "cat-2", "elephant": "elephant", "fish": "fishes", "apple": "apple-2", "pizza": "pizza",
        "cheese": "cheese", "watermelon": "watermelon", "coffee": "coffee-cup-hot-2", "ice cream": "icecream-cone",
        "bus": "bus-2", "bicycle": "bicycle-1", "airplane": "airplane", "traffic light": "traffic-light",
        "umbrella": "umbrella-rain", "guitar": "guitar", "drum": "drum-2", "piano": "piano-1", "alarm clock": "alarm",
        "scissors": "scissor-2", "key": "key-2", "hammer": "hammer", "balloon": "heart-balloon", "books": "book-encyclopedia",
        "soccer ball": "football", "camera": "camera-7", "fire": "campfire", "train": "train-2",
        "light bulb": "business-idea-light-bulb",
        "computer": "laptop-2", "crown": "crown-2", "car": "car-4", "truck": "delivery-truck-5", "hat": "hat-tall",
        "dress": "dress", "jeans": "trousers", "telephone": "phone-3", "gift": "present-box", "french fries": "french-fries",
        "sun": "sun",
    },
}  # fmt: skip


def load_objects():
    """Objects in class order, each a dict of name, icons, categories and facts."""
    with open(HERE / "objects.toml", "rb") as file:
        return tomllib.load(file)["object"]


def plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


class Style:
    """One icon set of npm's @iconify-json."""

    def __init__(self, name):
        path = ICONS / name / "icons.json"
        if not path.exists():
            raise SystemExit(f"{path} is missing: copy package.json to {WORK / 'npm'} and run `npm install` there")
        self.icons = json.loads(path.read_text())
        self.names = NAMES.get(name)
        self.by_name = {plain(key): key for key in self.icons["icons"]}
        for key, alias in self.icons.get("aliases", {}).items():
            if set(alias) == {"parent"}:
                self.by_name.setdefault(plain(key), alias["parent"])

    def svg(self, entry):
        """SVG text of the first drawing that the style has of an object of objects.toml, or None."""
        names = entry["icons"] if self.names is None else [plain(self.names.get(entry["name"], ""))]
        key = next((self.by_name[name] for name in names if name in self.by_name), None)
        return key and self.drawing(key)

    def drawing(self, key):
        """SVG text of the icon `key`."""
        icon = self.icons["icons"][key]
        width = icon.get("width", self.icons.get("width", 16))
        height = icon.get("height", self.icons.get("height", 16))
        view = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{view}">{icon["body"]}</svg>'
        )


def visible(svg, size):
    """The drawing at up to twice `size`, cropped to what is visible: RGBA, or None where nothing is."""
    import resvg_py  # training draws no SVG and so needs none

    png = resvg_py.svg_to_bytes(svg_string=svg, width=2 * size, height=2 * size)
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    rows, columns = np.where(np.asarray(image)[..., 3] > 16)
    return image.crop((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)) if len(rows) else None


def render(svg, size):
    """The drawing cropped to what is visible, centered in a transparent `size` square."""
    image = visible(svg, size)
    side = max(image.size)
    square = Image.new("RGBA", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square.resize((size, size), Image.LANCZOS)


def save_drawings(name, maker, **arrays):
    """Writes WORK / `name` with the objects that its rows belong to."""
    WORK.mkdir(exist_ok=True)
    np.savez_compressed(WORK / name, objects=np.array([entry["name"] for entry in load_objects()]), **arrays)
    print(f"{WORK / name} by {maker}: {(WORK / name).stat().st_size / 2**20:.1f} MiB")


@functools.cache
def load_drawings(name, maker):
    """Arrays of WORK / `name`, which `maker` writes; they are shared, so nobody may write to them."""
    path = WORK / name
    if not path.exists():
        raise SystemExit(f"{path} is missing: run `python {maker}`")
    try:
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SystemExit(f"{path} is damaged ({error}): run `python {maker}`") from None
    expected = {"objects": [entry["name"] for entry in load_objects()]} | ({"styles": STYLES} if "styles" in arrays else {})
    for key, names in expected.items():
        if key not in arrays or arrays[key].tolist() != names:
            raise SystemExit(f"{path} was made from other {key}: run `python {maker}`")
    return arrays


def load_atlas():
    """Sprites (styles x objects x SPRITE x SPRITE x 4) and which of them there are (styles x objects)."""
    atlas = load_drawings("atlas.npz", "art.py")
    return atlas["sprites"], atlas["available"]


def main():
    objects = load_objects()
    sprites = np.zeros((len(STYLES), len(objects), SPRITE, SPRITE, 4), np.uint8)
    available = np.zeros(sprites.shape[:2], bool)
    for row, name in enumerate(STYLES):
        style = Style(name)
        for column, entry in enumerate(objects):
            svg = style.svg(entry)
            if svg:
                sprites[row, column] = np.asarray(render(svg, SPRITE))
                available[row, column] = True
        print(name, int(available[row].sum()), "of", len(objects))
    save_drawings("atlas.npz", "art.py", sprites=sprites, available=available, styles=np.array(STYLES))


if __name__ == "__main__":
    main()
