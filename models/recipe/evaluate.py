"""Mean IoU over fresh scenes by free-running greedy decoding, beside a blind run on grey pictures.

`python evaluate.py` asks the acceptance question of 50 scenes; `--families` asks every family as well.
"""

import argparse
import random
from collections import defaultdict

import numpy as np
import torch

from benchmark import GROUND_SEED, scenes_with_large, truth
from nano import Nano
from questions import FAMILIES, Asker
from scenes import SIZE, World

GREY = np.full((SIZE, SIZE, 3), 128, np.uint8)


def iou(found, true):
    union = (found | true).sum()
    return (found & true).sum() / union if union else 1.0


class Tally:
    """IoU of questions with targets; refusals of them; right refusals of questions without."""

    def __init__(self):
        self.overlaps, self.refused, self.absent_right, self.named = [], 0, [], 0

    def add(self, answer, scene, question, world):
        if not question.targets:
            self.absent_right.append(not answer.masks)
            return
        self.refused += not answer.masks
        self.named += all(world.objects[k]["name"] in answer.text for k in question.targets)
        self.overlaps.append(iou(answer.union(), truth(scene, question)))

    def __str__(self):
        parts = []
        if self.overlaps:
            count = len(self.overlaps)
            error = 1.96 * np.std(self.overlaps) / count**0.5
            parts.append(f"mean IoU {np.mean(self.overlaps):.3f} ± {error:.3f} over {count}")
            parts.append(f"named {self.named / count:.2f}, refused {self.refused / count:.2f}")
        if self.absent_right:
            parts.append(f"absent refused {np.mean(self.absent_right):.2f} of {len(self.absent_right)}")
        return "; ".join(parts)


def measure(nano, world, cases, blind):
    tallies = defaultdict(Tally)
    for scene, question in cases:
        answer = nano.ask(GREY if blind else scene.picture, question.text)
        tallies[question.family].add(answer, scene, question, world)
    return tallies


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenes", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", action="store_true")
    parser.add_argument("--held-out", action="store_true", help="styles, wordings and facts never trained on")
    args = parser.parse_args()
    torch.set_num_threads(1)
    world, rng, nano = World(GROUND_SEED), random.Random(7_000_000 + args.seed), Nano()
    asker = Asker(world, rng, held_out=args.held_out)
    styles = world.held_out_styles if args.held_out else world.train_styles
    cases = scenes_with_large(world, rng, asker, styles, args.scenes)
    if args.families:
        more = [(s, asker.ask(s, f)) for s, _ in cases for f in FAMILIES if f not in ("direct", "list")]
        cases += [(s, q) for s, q in more if q]
    for blind in (False, True):
        for family, tally in measure(nano, world, cases, blind).items():
            print("grey " if blind else "seen ", f"{family:16}", tally)


if __name__ == "__main__":
    main()
