"""`python bundle.py FOLDER`: all that training needs on another machine, without the held-out styles' drawings. There
`python train.py --start nano` begins from the shipped weights and writes what export.py needs to FOLDER/data.
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from art import HELD_OUT_STYLES, HERE, STYLES, WORK, load_drawings
from icons import load_icons
from vocabulary import load_vocabulary

SHIPPED = ("weights-00001.safetensors", "tokenizer.json", "config.json")


def main():
    if len(sys.argv) != 2 or Path(sys.argv[1]).exists():
        raise SystemExit("python bundle.py FOLDER, which must not exist yet")
    load_icons(), load_vocabulary()  # complain now rather than there
    atlas, out = load_drawings("atlas.npz", "art.py"), Path(sys.argv[1])
    for folder in (out / "data", out / "nano"):
        folder.mkdir(parents=True)
    for path in [*HERE.glob("*.py"), HERE / "objects.toml", HERE / "requirements.txt"]:
        shutil.copy(path, out)
    kept = np.array([style not in HELD_OUT_STYLES for style in STYLES])
    sprites, available = atlas["sprites"] * kept[:, None, None, None, None], atlas["available"] & kept[:, None]
    np.savez_compressed(out / "data" / "atlas.npz", **(atlas | dict(sprites=sprites, available=available)))
    for name in ("icons.npz", "tokenizer.json"):
        shutil.copy(WORK / name, out / "data")
    for name in SHIPPED:
        shutil.copy(HERE.parent / "nano" / name, out / "nano")
    print(f"{sum(p.stat().st_size for p in out.rglob('*')) / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
