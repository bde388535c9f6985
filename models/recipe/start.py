"""Begins from shipped weights instead of from nothing: `python start.py ../nano` writes .work/masks.pt and
.work/language.pt at step 0 with that model's SAM 2 side, image encoder and connector. Qwen2 and the `[SEG]` bridge
begin fresh, since they learn fastest and the tokens may differ.

Class codes come from a fixed seed, so the shipped mask side answers to them at once; the mean IoU printed shows it.
"""

import argparse
import random
from pathlib import Path

import torch

import tokenizer as tokens
from scenes import World
from shipped import dense, load_masks, load_speaker
from train_language import CHECKPOINT as LANGUAGE
from train_language import Speaker, Vocabulary
from train_masks import CHECKPOINT as MASKS
from train_masks import PROMPTS, Trainee, batch_of, overlap, prompt_vectors
from training import Average, optimizer_for, save


@torch.no_grad()
def agreement(trainee, world):
    """Mean IoU of masks of present classes, asked for by their code alone, on 24 training scenes."""
    batch = batch_of(world, random.Random(0), 24)
    frequencies = trainee.masks.sam.shared_image_embedding.positional_embedding
    vectors = prompt_vectors([[(k, None, m) for k, _, m in row] for row in batch["prompts"]], trainee.codes, frequencies)
    masks, iou, _ = trainee.masks.decode(trainee.masks.features(batch["pixels"]), trainee.masks.language_prompt(vectors))
    found = overlap(masks, batch["targets"][:, :, None]).gather(-1, iou.argmax(-1, keepdim=True))[..., 0]
    present = batch["targets"].sum((-2, -1)) > 0.5
    return found[present].mean().item(), PROMPTS * len(found)


def begin(path, module):
    """Writes a first checkpoint; one that exists is left alone."""
    if path.exists():
        print(f"{path} exists already")
        return
    optimizer, average = optimizer_for(module), Average(module)
    state = dict(module=module.state_dict(), optimizer=optimizer.state_dict(), average=average.state)
    save(path, **state, step=0, spent=0.0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    found = dense(parser.parse_args().folder)
    world, vocabulary = World(ground_seed=1), Vocabulary(tokens.load())
    trainee = Trainee(len(world.objects))
    load_masks(trainee.masks, found)
    print("mean IoU {:.3f} over the present ones of {} prompts".format(*agreement(trainee, world)))
    begin(MASKS, trainee)
    speaker = Speaker(vocabulary, len(world.objects))
    load_speaker(speaker, found, ("vision_model.", "mlp1."))
    speaker.begin(vocabulary, world.objects)
    begin(LANGUAGE, speaker)


if __name__ == "__main__":
    main()
