"""Begins from shipped weights instead of from nothing: `python start.py ../nano` writes .work/masks.pt and
.work/language.pt at step 0 with that model's weights. Rows of the word table are found by the text of the token, since a
new tokenizer numbers and cuts words differently; the first head is made anew (`looking.py`).

Class codes come from a fixed seed, so the shipped mask side answers to them at once; the mean IoU printed shows it.
"""

import argparse
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer

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


@torch.no_grad()
def load_words(speaker, vocabulary, folder, found):
    """Copies the rows of tokens that both vocabularies have; returns how many."""
    table, rows = speaker.vlm.get_input_embeddings().weight, found["language_model.model.embed_tokens.weight"]
    former = Tokenizer.from_file(str(folder / "tokenizer.json"))
    shared = {text: number for text, number in former.get_vocab().items() if vocabulary.tokenizer.token_to_id(text) is not None}
    for text, number in shared.items():
        table[vocabulary.tokenizer.token_to_id(text)] = rows[number]
    return len(shared)


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
    folder = parser.parse_args().folder
    found = dense(folder)
    world, vocabulary = World(ground_seed=1), Vocabulary(tokens.load())
    trainee = Trainee(len(world.objects))
    load_masks(trainee.masks, found)
    print("mean IoU {:.3f} over the present ones of {} prompts".format(*agreement(trainee, world)))
    begin(MASKS, trainee)
    speaker = Speaker(vocabulary, len(world.objects))
    load_speaker(speaker, found, ("vision_model.", "mlp1.", "language_model.model.layers.", "language_model.model.norm.", "text_"))
    print(f"{load_words(speaker, vocabulary, folder, found)} of {vocabulary.size} tokens known")
    speaker.begin(vocabulary, world.objects)
    begin(LANGUAGE, speaker)


if __name__ == "__main__":
    main()
