"""Last stage: the mask side meets the prompts that the language side really gives.

`python train_joint.py --minutes 15` goes on from .work/masks.pt with .work/language.pt, which it leaves alone, and writes
.work/masks.pt; stopped, it resumes.
"""

import argparse
import random

import torch

import tokenizer as tokens
from model import low_resolution
from questions import Asker
from scenes import World
from train_language import CHECKPOINT as LANGUAGE
from train_language import QUESTIONS, Speaker, Vocabulary, collate, pack
from train_masks import CHECKPOINT as MASKS
from train_masks import PROMPTS, Trainee, batch_of, coded, step_loss
from training import Training


class Spoken:
    """`[SEG]` vectors of the trained language side, for true answers to questions about scenes."""

    def __init__(self, world, rng):
        self.vocabulary, self.rng = Vocabulary(tokens.load()), rng
        self.speaker = Speaker(self.vocabulary, len(world.objects)).eval()
        self.speaker.load_state_dict(torch.load(LANGUAGE, weights_only=False)["average"])
        self.asker = Asker(world.objects, rng)

    @torch.no_grad()
    def replace(self, batch, vectors):
        """Puts such vectors and their targets in place of all prompts but the last, which names an absent class."""
        asked = [self.asker.several_families(scene, QUESTIONS) for scene in batch["scenes"]]
        text = collate(self.vocabulary, [pack(self.vocabulary, questions) for questions in asked])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            image = self.speaker.see(batch["pixels"])[1]
            hidden = self.speaker.read(text["ids"], image, text["positions"], text["mask"])
            row, place, _ = text["marks"].unbind(1)
            said = self.speaker.bridge(hidden[row, place]).float()
        for index, (scene, questions) in enumerate(zip(batch["scenes"], asked, strict=True)):
            meant = [placed for question in questions for placed in question.targets]
            own = said[row == index]
            for slot in range(PROMPTS - 1 if meant else 0):
                choice = self.rng.randrange(len(meant))
                vectors[index, slot] = own[choice]
                batch["targets"][index, slot] = low_resolution([scene.ids == meant[choice].id])[0]
        return vectors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=4e-4)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(2)
    world = World(ground_seed=1)
    trainee = Trainee(len(world.objects))
    training = Training(MASKS, trainee, args.rate, args.minutes, clock="joint")
    rng = random.Random(900_000 + training.step)
    spoken = Spoken(world, rng)
    while training.goes_on():
        batch = batch_of(world, rng, args.batch)
        vectors = spoken.replace(batch, coded(trainee, batch))
        training.learn(step_loss(rng, trainee, batch, vectors, training.meter))


if __name__ == "__main__":
    main()
