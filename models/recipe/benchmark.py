"""Fresh scenes with questions and true masks.

`python benchmark.py OUT --scenes 50` writes one PNG a scene and questions.jsonl, a line a question:
{"picture", "question", "family", "object", "area_fraction", "rle": {"size", "counts"} or null}. `rle` is COCO's
compressed run-length encoding of all that should be segmented; null means that the answer is a plain "no".
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco

from questions import FAMILIES, Asker
from scenes import LARGE, SIZE, World, unique

GROUND_SEED = 9001  # grounds and scenes of evaluation, disjoint from training's


def large_direct(asker, scene):
    """The acceptance question: a direct one about an object larger than a twentieth of the picture."""
    pool = [o for o in unique(scene) if o.area > LARGE * SIZE**2]
    return asker.ask_about(scene, asker.rng.choice(pool)) if pool else None


def scenes_with_large(world, rng, asker, styles, count):
    """`count` scenes, each with its acceptance question."""
    found = []
    while len(found) < count:
        scene = world.draw(rng, styles)
        question = large_direct(asker, scene)
        if question:
            found.append((scene, question))
    return found


def truth(scene, question):
    return np.isin(scene.ids, [o.id for o in scene.objects if o.kind in question.targets])


def line(asker, scene, question, picture):
    mask = truth(scene, question)
    rle = None
    if question.targets:
        rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
        rle["counts"] = rle["counts"].decode()
    names = ", ".join(asker.name(k) for k in question.targets)
    return dict(
        picture=picture, question=question.text, family=question.family, object=names,
        area_fraction=round(float(mask.mean()), 4), rle=rle,
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--scenes", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out", action="store_true", help="styles, wordings and facts never trained on")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    world, rng = World(GROUND_SEED), random.Random(7_000_000 + args.seed)
    asker = Asker(world, rng, held_out=args.held_out)
    styles = world.held_out_styles if args.held_out else world.train_styles
    with open(args.out / "questions.jsonl", "w") as file:
        for number, (scene, first) in enumerate(scenes_with_large(world, rng, asker, styles, args.scenes)):
            picture = f"{number:04}.png"
            Image.fromarray(scene.picture).save(args.out / picture)
            others = [asker.ask(scene, family) for family in FAMILIES if family not in ("direct", "list")]
            for question in [first, *filter(None, others)]:
                file.write(json.dumps(line(asker, scene, question, picture)) + "\n")


if __name__ == "__main__":
    main()
