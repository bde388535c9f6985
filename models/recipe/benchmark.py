"""The benchmark "askmask-scenes": pictures, questions and true masks from committed seeds.

`python benchmark.py OUT` writes PNG pictures, questions.jsonl and benchmark.json. Drawing is bit-exact, so only
hashes are committed: `--record` writes benchmark.json beside this file, `--check` compares with it.
"""

import argparse
import hashlib
import io
import json
import random
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco

from questions import FAMILIES, Asker
from scenes import SIZE, TINY_SIZES, World

RECORD = Path(__file__).parent / "benchmark.json"
VERSION, SEED = 2, 7_000_000
GROUND_SEED = 9001  # grounds of evaluation, disjoint from training's
FRAGMENTS = 0.8  # of its convex hull: an object that fills less has an irregular shape
SPLITS = {  # settings: seed offset, questions a family, and what the split is about
    "seen": dict(offset=0, questions=300),
    "held-out-styles": dict(offset=1, questions=300, held_out_styles=True),
    "held-out-phrases": dict(offset=2, questions=300, held_out_phrases=True),
    "tiny": dict(offset=3, questions=300, sizes=list(TINY_SIZES)),
    "irregular": dict(offset=4, questions=300, irregular=True),
}


def rle(mask):
    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=code["size"], counts=code["counts"].decode())


def irregular(mask):
    """Whether a mask fills little of its convex hull."""
    hull = cv2.convexHull(cv2.findNonZero(mask.astype(np.uint8)))
    return mask.sum() < FRAGMENTS * max(cv2.contourArea(hull), 1)


class Writer:
    def __init__(self, out):
        self.out, self.lines, self.hashes = out, [], {}

    def picture(self, name, scene):
        data = io.BytesIO()
        Image.fromarray(scene.picture).save(data, "png", compress_level=6)
        (self.out / name).parent.mkdir(parents=True, exist_ok=True)
        (self.out / name).write_bytes(data.getvalue())
        self.hashes[name] = hashlib.sha256(scene.picture.tobytes()).hexdigest()

    def question(self, number, name, split, scene, question, asker):
        masks = {o.id: rle(scene.ids == o.id) for o in scene.objects}
        constraints = [
            dict(relation=c.relation, anchor=masks[c.anchor.id] if c.anchor else None, among=[masks[o.id] for o in c.among])
            for c in question.constraints
        ]
        targets = [dict(name=asker.name(o.kind), mask=masks[o.id]) for o in question.targets]
        self.lines.append(dict(
            id=f"{Path(name).with_suffix('')}#{number}", picture=name, split=split, family=question.family,
            question=question.text, size=[SIZE, SIZE], targets=targets, constraints=constraints, answer=question.answer,
        ))  # fmt: skip


def asked_of(scene, asker, short, settings):
    """At most one question of each family that still needs some; irregular targets only where the split asks for them."""
    found = []
    for family in short:
        question = asker.ask(scene, family)
        if question and settings.get("irregular"):
            if not all(irregular(scene.ids == o.id) for o in question.targets):
                continue
        if question:
            found.append(question)
    return found


def write_split(writer, world, name, settings, share):
    rng = random.Random(SEED + settings["offset"])
    asker = Asker(world.objects, rng, held_out=settings.get("held_out_phrases", False))
    styles = world.held_out_styles if settings.get("held_out_styles") else world.train_styles
    need = Counter({family: max(round(settings["questions"] * share), 1) for family in FAMILIES})
    pictures = 0
    while +need:
        scene = world.draw(rng, styles, sizes=settings.get("sizes"))
        asked = asked_of(scene, asker, [f for f in FAMILIES if need[f] > 0], settings) if scene.objects else []
        if not asked:
            continue
        picture = f"{name}/{pictures:04}.png"
        writer.picture(picture, scene)
        for number, question in enumerate(asked):
            need[question.family] -= 1
            writer.question(number, picture, name, scene, question, asker)
        pictures += 1
    return dict(pictures=pictures, questions=sum(line["split"] == name for line in writer.lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="of the questions, for a quick look")
    parser.add_argument("--record", action="store_true", help="write the hashes to be committed")
    parser.add_argument("--check", action="store_true", help="fail unless the hashes are the committed ones")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    world, writer = World(GROUND_SEED), Writer(args.out)
    splits = {name: write_split(writer, world, name, settings, args.share) for name, settings in SPLITS.items()}
    text = "".join(json.dumps(line) + "\n" for line in writer.lines)
    (args.out / "questions.jsonl").write_text(text)
    pixels = hashlib.sha256("".join(writer.hashes.values()).encode()).hexdigest()
    record = dict(
        name="askmask-scenes", version=VERSION, seed=SEED, settings=SPLITS, splits=splits, pixels=pixels,
        questions=hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip
    files = {name: hashlib.sha256((args.out / name).read_bytes()).hexdigest() for name in writer.hashes}
    (args.out / "benchmark.json").write_text(json.dumps(record | dict(pictures=files), indent=1) + "\n")
    if args.record:
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    if args.check and json.loads(RECORD.read_text()) != record:
        raise SystemExit(f"{args.out} differs from {RECORD}: other versions of the packages, art or objects")
    print(json.dumps(splits))


if __name__ == "__main__":
    main()
