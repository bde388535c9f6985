"""Pictures that are drawn and seen once, for a stage in which InternViT and connector do not learn."""

import random
import time
from itertools import islice

import numpy as np
import torch

from batch import jittered
from grid import grid_codes, grids
from model import HALF
from packing import OBJECTS
from scenes import Scene
from training_scenes import TrainingWorld
from weights import read, save

TRAINING_SEED, TUNING_SEED = 29, 77
GROUP = 50  # pictures that are seen at once


def drawn(draw, count):
    while count:
        scene = draw()
        if scene.objects and len(scene.objects) <= OBJECTS:
            count -= 1
            yield scene


@torch.no_grad()
def look(speaker, codes, scenes, jitter):
    """Scenes without their pictures, and their image tokens and true grids (pictures x 49 x LM width each)."""
    kept, seen, true = [], [], []
    while group := list(islice(scenes, GROUP)):
        picture = torch.from_numpy(np.stack([scene.picture for scene in group])).permute(0, 3, 1, 2).float()
        picture = jittered(picture) if jitter else picture
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
            seen.append(speaker.see((picture - codes.mean) / codes.std)[1].bfloat16())
        true.append(grids(group, grid_codes()).bfloat16())
        kept += [Scene(None, None, scene.objects, scene.pasted) for scene in group]
    return dict(scenes=kept, seen=torch.cat(seen), true=torch.cat(true))


def kept_pictures(path, speaker, codes, count, tuning, log):
    """`count` pictures to train on, as train.py has them, and `tuning` as the measured ones are; drawn if `path` is missing."""
    if path.exists():
        return read(path, objects=True)
    began, rng = time.time(), random.Random(TRAINING_SEED)
    world = TrainingWorld(ground_seed=3)
    train = look(speaker, codes, drawn(lambda: world.training_scene(rng), count), jitter=True)
    world, rng = TrainingWorld(ground_seed=4), random.Random(TUNING_SEED)
    tune = look(speaker, codes, drawn(lambda: world.draw(rng), tuning), jitter=False) if tuning else None
    save(path, train=train, tune=tune)
    log(f"{count} pictures drawn and seen in {time.time() - began:.0f} s")
    return dict(train=train, tune=tune)
