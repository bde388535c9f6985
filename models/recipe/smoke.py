"""The whole recipe in about two minutes at tiny sizes: does every stage run, does learning lower the loss, does the
export load? `python smoke.py` needs no download: its "art" is drawn here, in a temporary folder."""

import itertools
import os
import random
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="nano-smoke-"))
os.environ["NANO_WORK"] = str(FOLDER)  # before any module of the recipe reads it

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

import export  # noqa: E402
import tokenizer  # noqa: E402
import train_language as language  # noqa: E402
import train_masks as masks  # noqa: E402
from art import SPRITE, STYLES, load_objects  # noqa: E402
from benchmark import write_split, Writer  # noqa: E402
from nano import Nano  # noqa: E402
from scenes import World  # noqa: E402
from training import Average, Meter, optimizer_for, save, update  # noqa: E402

STEPS, BATCH, BATCHES, RATE = 80, 2, 4, 2e-3  # few batches again and again: the loss must fall whatever the seed


def draw_art():
    """A colored polygon a class, the same in every style."""
    rng, objects = np.random.default_rng(0), load_objects()
    sprites = np.zeros((len(STYLES), len(objects), SPRITE, SPRITE, 4), np.uint8)
    for kind in range(len(objects)):
        points = (rng.uniform(0.05, 0.95, (6, 2)) * SPRITE).astype(np.int32)
        color = [*(int(v) for v in rng.integers(0, 256, 3)), 255]
        cv2.fillPoly(canvas := np.zeros((SPRITE, SPRITE, 4), np.uint8), [cv2.convexHull(points)], color)
        sprites[:, kind] = canvas
    np.savez(FOLDER / "atlas.npz", sprites=sprites, available=np.ones(sprites.shape[:2], bool))


def fit(path, module, losses):
    """STEPS steps on `losses`, which must fall by a tenth; writes a checkpoint."""
    optimizer, average, seen = optimizer_for(module), Average(module), []
    for step in range(STEPS):
        loss = next(losses)
        update(module, optimizer, loss, RATE * min(1, (step + 1) / 10))
        average.update(module, step)
        seen.append(loss.item())
    first, last = np.mean(seen[:8]), np.mean(seen[-8:])
    print(f"{path.name}: loss {first:.2f} to {last:.2f}")
    assert last < 0.9 * first, seen
    state = dict(module=module.state_dict(), optimizer=optimizer.state_dict(), average=average.state)
    save(path, **state, step=STEPS, spent=0.0)


def train_masks(world, rng):
    trainee, meter = masks.Trainee(len(world.objects)), Meter()
    masks.CLICK_STEPS = 1.0  # the loss of every step has the same parts
    batches = itertools.cycle([masks.batch_of(world, rng, BATCH) for _ in range(BATCHES)])
    fit(masks.CHECKPOINT, trainee, (masks.step_loss(rng, trainee, batch, meter) for batch in batches))


def train_language(world, rng):
    vocabulary = language.Vocabulary(tokenizer.load())
    speaker, codes = language.Speaker(vocabulary, len(world.objects)), language.Codes(len(world.objects))
    speaker.begin(vocabulary, world.objects)
    asker, meter = language.Asker(world.objects, rng), Meter()
    made = [language.picture_batch(world, rng, asker, vocabulary, codes, BATCH, True) for _ in range(BATCHES)]
    losses = (language.step_loss(speaker, codes, batch, meter) for batch in itertools.cycle(made))
    fit(language.CHECKPOINT, speaker, losses)
    print(language.Tuning(world, vocabulary, codes).measure(speaker))


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    draw_art()
    tokenizer.main()
    world, rng = World(ground_seed=1), random.Random(0)
    train_masks(world, rng)
    train_language(world, rng)
    export.export()
    tensors = load_file(export.OUT / "model.safetensors")
    assert all(torch.isfinite(t.float()).all() for t in tensors.values()), "weights that are not finite"
    writer = Writer(FOLDER)
    print(write_split(writer, world, "seen", dict(offset=0, questions=2), 1.0))
    answer = Nano().ask(world.draw(rng, world.train_styles).picture, writer.lines[0]["question"])
    print(f"{len(tensors)} tensors; {writer.lines[0]['question']!r}: {answer.text!r}")


if __name__ == "__main__":
    main()
