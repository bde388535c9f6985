"""Trains the language side: InternViT, connector, Qwen2 and the `[SEG]` bridge.

`python train_language.py --minutes 90` writes .work/language.pt and resumes from it; .work/masks.pt must exist.
Every fourth step teaches Qwen2 to reason over grids of shape scenes. The others draw pictures: the image encoder learns
to produce such grids, and after the first part of the time Qwen2 answers from what the encoder really produces.
"""

import argparse
import random
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import tokenizer as tokens
from art import WORK
from grid import grid_codes, grids, place_codes, shape_scene, waves
from looking import look_first
from model import (
    IMAGE_TOKENS, LM_WIDTH, PATCH, SAM_WIDTH, SIZE, VIT_WIDTH, build_bridge, build_vlm, class_codes, pixels, position_code, reset,
)  # fmt: skip
from questions import FAMILIES, Asker
from scenes import World
from train_masks import CHECKPOINT as MASKS
from train_masks import cell_labels, object_shares
from training import Training

CHECKPOINT = WORK / "language.pt"
QUESTIONS = 10
GRID = SIZE // PATCH
NAMED = 1.5  # length of the code in a name's embedding, in mean lengths of embeddings
SHAPES_ALONE = 0.3  # share of the time after which pictures are also asked about
SHAPES_EVERY = 4
TUNING_SEED, TUNING_SCENES, TUNE_EVERY = 77, 24, 150


class Vocabulary:
    """The token numbers the prompt needs."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.image = tokenizer.token_to_id("<IMG_CONTEXT>")
        self.seg = tokenizer.token_to_id("[SEG]")
        self.end = tokenizer.token_to_id("<|im_end|>")
        self.pad = tokenizer.token_to_id("<|endoftext|>")
        self.size = tokenizer.get_vocab_size()
        self.prefix = self.encode("<|im_start|>user\n<img>" + "<IMG_CONTEXT>" * IMAGE_TOKENS + "</img>")

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def question(self, text):
        return self.encode(f"{text}<|im_end|>\n<|im_start|>assistant\n")

    def answer(self, text):
        return self.encode(f"{text}<|im_end|>")


class Speaker(nn.Module):
    """The language side as it is exported, and a patch classifier that is thrown away after training."""

    def __init__(self, vocabulary, classes):
        super().__init__()
        self.vlm = build_vlm(vocabulary.size, vocabulary.image)
        reset(self.vlm)
        nn.init.normal_(self.vlm.get_input_embeddings().weight, std=0.05)
        vision = self.vlm.model.vision_tower.embeddings
        nn.init.trunc_normal_(vision.position_embeddings, std=0.1)
        nn.init.trunc_normal_(vision.cls_token, std=0.1)
        self.bridge = build_bridge()
        self.classify_patch = nn.Linear(VIT_WIDTH, classes + 1)
        self.classes = classes

    @torch.no_grad()
    def begin(self, vocabulary, objects):
        """Names at their classes' grid codes, and a head that compares them with the picture."""
        self.name_codes(vocabulary, objects, grid_codes()[0])
        look_first(self.vlm.model.language_model.layers[0].self_attn, self.classes)

    @torch.no_grad()
    def name_codes(self, vocabulary, objects, codes):
        """Starts the words of each name at its class's grid code, so that looking begins as comparing."""
        table = self.vlm.get_input_embeddings().weight
        for entry, code in zip(objects, codes):
            for name in [entry["name"], *entry.get("also", [])]:
                words = vocabulary.encode(" " + name)
                table[words] += NAMED / len(words) ** 0.5 * code * table.norm(dim=1).mean() / code.norm()

    def see(self, batch):
        """Patch states (images x 196 x width) and connector tokens (images x 49 x LM width)."""
        model = self.vlm.model
        patches = model.vision_tower(batch).last_hidden_state[:, 1:]
        grid = model.pixel_shuffle(patches.reshape(len(batch), GRID, GRID, -1), 0.5)
        return patches, model.multi_modal_projector(grid.reshape(len(batch), IMAGE_TOKENS, -1))

    def read(self, ids, image, positions, mask):
        """Hidden states after the final norm; `image` replaces the embeddings right after the prompt's start."""
        embeddings = self.vlm.get_input_embeddings()(ids)
        start = positions["image_start"]
        embeddings = torch.cat([embeddings[:, :start], image.to(embeddings.dtype), embeddings[:, start + IMAGE_TOKENS :]], 1)
        out = self.vlm.model.language_model(inputs_embeds=embeddings, position_ids=positions["ids"], attention_mask=mask)
        return out.last_hidden_state


def pack(vocabulary, questions):
    """One row: the image prefix, then all questions side by side, none seeing another.

    Returns ids, next-token targets (-100 outside answers), positions, segment numbers (0 is the prefix) and the
    places of `[SEG]` with the class and center of what each stands for.
    """
    prefix = vocabulary.prefix
    ids, targets = list(prefix), [-100] * len(prefix)
    positions, segments, marks = list(range(len(prefix))), [0] * len(prefix), []
    for number, question in enumerate(questions, 1):
        asked, answer = vocabulary.question(question.text), vocabulary.answer(question.answer)
        base = len(ids)
        ids += asked + answer
        targets += [-100] * (len(asked) - 1) + answer + [-100]
        positions += range(len(prefix), len(prefix) + len(asked) + len(answer))
        segments += [number] * (len(asked) + len(answer))
        places = [base + len(asked) + i for i, token in enumerate(answer) if token == vocabulary.seg]
        marks += [(place, o.kind, o.x, o.y) for place, o in zip(places, question.targets, strict=True)]
    return ids, targets, positions, segments, marks


def collate(vocabulary, packed):
    length = max(len(row[0]) for row in packed)
    fill = [vocabulary.pad, -100, 0, -1]
    ids, targets, positions, segments = (
        torch.tensor([row[k] + [fill[k]] * (length - len(row[k])) for row in packed]) for k in range(4)
    )
    same = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
    mask = (same & torch.ones(length, length, dtype=torch.bool).tril())[:, None]
    marks = torch.tensor([(row, place, kind) for row, p in enumerate(packed) for place, kind, _, _ in p[4]]).view(-1, 3)
    centers = torch.tensor([mark[2:] for p in packed for mark in p[4]], dtype=torch.float32).view(-1, 2)
    start = vocabulary.prefix.index(vocabulary.image)
    places = dict(ids=positions, image_start=start)
    return dict(
        ids=ids, targets=targets, mask=mask, marks=marks, centers=centers, segments=segments, positions=places
    )  # fmt: skip


class Codes:
    """The fixed targets: grids for the connector, prompts for the bridge."""

    def __init__(self, classes):
        self.grid = grid_codes()
        self.classes = class_codes(classes)
        self.places = place_codes()
        state = torch.load(MASKS, weights_only=False)["module"]
        self.frequencies = state["masks.sam.shared_image_embedding.positional_embedding"]


def shapes_batch(rng, asker, vocabulary, codes, size):
    """Grids and questions without any picture."""
    scenes = []
    while len(scenes) < size:
        scene = shape_scene(rng, len(asker.objects))
        if scene.objects:
            scenes.append(scene)
    text = collate(vocabulary, [pack(vocabulary, asker.several_families(s, QUESTIONS)) for s in scenes])
    return dict(grids=grids(scenes, codes.grid), text=text)


def picture_batch(world, rng, asker, vocabulary, codes, size, with_text):
    scenes = []
    while len(scenes) < size:
        scene = world.draw(rng, world.train_styles, crowded=not with_text and rng.random() < 0.5)
        if scene.objects:
            scenes.append(scene)
    shares, kinds = zip(*(object_shares(s) for s in scenes))
    batch = dict(
        pixels=pixels([s.picture for s in scenes]),
        cells=torch.from_numpy(np.stack([cell_labels(s, len(world.objects)) for s in scenes])),
        shares=torch.from_numpy(np.stack(shares)),
        kinds=torch.from_numpy(np.stack(kinds)),
        grids=grids(scenes, codes.grid),
    )
    if with_text:
        batch["text"] = collate(vocabulary, [pack(vocabulary, asker.several_families(s, QUESTIONS)) for s in scenes])
    return batch


def vision_loss(speaker, codes, patches, image, batch):
    """Cross entropy per patch and per object, from patches and from the connector's tokens, and the distance of these
    from the true grid, in which classes are a small part.
    """
    logits = speaker.classify_patch(patches).float()
    weight = torch.ones(speaker.classes + 1)
    weight[-1] = 0.2
    kinds = batch["kinds"].flatten()
    known = kinds >= 0
    pooled = torch.bmm(batch["shares"], logits)[..., :-1].flatten(0, 1)[known]
    side = GRID // 2
    shares = batch["shares"].view(-1, 16, side, 2, side, 2).sum((3, 5)).flatten(2)
    seen = image.float() @ codes.grid[0][: speaker.classes].T
    coarse = torch.bmm(shares, seen).flatten(0, 1)[known]
    loss = 0.5 * F.cross_entropy(logits.flatten(0, 1), batch["cells"].flatten(), weight=weight)
    loss = loss + F.cross_entropy(pooled, kinds[known]) + 0.5 * F.cross_entropy(coarse / LM_WIDTH**0.5, kinds[known])
    loss = loss + 4 * F.mse_loss(image.float(), batch["grids"])
    right = (pooled.argmax(-1) == kinds[known]).float().mean()
    return loss, right, (coarse.argmax(-1) == kinds[known]).float().mean()


def text_loss(speaker, codes, image, text):
    """Next-token loss on answers, and the distance of each `[SEG]` vector from its object's prompt.

    The distance alone learns slowly: cross entropy over the class codes pulls the right one out early, and the place is
    never found unless the state before the bridge has to hold it as slow waves, in the directions in which cells have it.
    """
    hidden = speaker.read(text["ids"], image, text["positions"], text["mask"])
    wanted = text["targets"] >= 0
    logits = speaker.vlm.lm_head(hidden[wanted]).float()
    words = F.cross_entropy(logits, text["targets"][wanted])
    row, place, kind = text["marks"].unbind(1)
    states = hidden[row, place]
    vectors = speaker.bridge(states).float()
    center = position_code(codes.frequencies, text["centers"])
    likeness = (vectors - center) @ codes.classes.T / SAM_WIDTH**0.5
    distance = F.mse_loss(vectors, codes.classes[kind] + center)
    found = F.mse_loss(states.float() @ codes.places.T, waves(text["centers"] / SIZE))
    named = (likeness.argmax(-1) == kind).float().mean()
    right = (logits.argmax(-1) == text["targets"][wanted]).float().mean()
    loss = words + 2 * distance + 2 * found + 0.3 * F.cross_entropy(likeness, kind)
    return loss, dict(words=words, next=right, distance=distance, place=found, named=named)


def step_loss(speaker, codes, batch, meter):
    loss, image, kind = 0, batch["grids"], "grid"
    with torch.autocast("cpu", dtype=torch.bfloat16):
        if "pixels" in batch:
            patches, image = speaker.see(batch["pixels"])
            loss, patch_right, token_right = vision_loss(speaker, codes, patches, image, batch)
            meter.add(vision=loss.detach(), acc=patch_right, acc49=token_right)
            kind = "seen"
        if "text" in batch:
            text, found = text_loss(speaker, codes, image, batch["text"])
            meter.add(**{f"{kind}-{key}": value.detach() for key, value in found.items()})
            loss = loss + text
    return loss


class Tuning:
    """Share of answers right to the last token, by family, from true grids, from pictures and from mismatched ones.

    An answer is right when every token is the likeliest given the ones before, which is when greedy decoding gives it.
    """

    def __init__(self, world, vocabulary, codes):
        rng = random.Random(TUNING_SEED)
        asker = Asker(world.objects, rng)
        scenes = [world.draw(rng, world.train_styles) for _ in range(TUNING_SCENES)]
        self.pixels = pixels([s.picture for s in scenes])
        self.grids = grids(scenes, codes.grid)
        asked = [[q for q in (asker.ask(s, f) for f in FAMILIES for _ in range(2)) if q] for s in scenes]
        self.families = [[q.family for q in row] for row in asked]
        self.text = collate(vocabulary, [pack(vocabulary, row) for row in asked])

    @torch.no_grad()
    def measure(self, speaker):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            image = speaker.see(self.pixels)[1]
            found = [self.exact(speaker, tokens) for tokens in (self.grids, image, image.roll(1, 0))]
        return " ".join(f"{f} " + "/".join(f"{np.mean(kind[f]):.2f}" for kind in found) for f in FAMILIES if f in found[0])

    def exact(self, speaker, image):
        hidden = speaker.read(self.text["ids"], image, self.text["positions"], self.text["mask"])
        wrong = speaker.vlm.lm_head(hidden).argmax(-1) != self.text["targets"]
        wrong &= self.text["targets"] >= 0
        found = defaultdict(list)
        for row, families in enumerate(self.families):
            for number, family in enumerate(families, 1):
                found[family].append(not wrong[row][self.text["segments"][row] == number].any())
        return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    world, vocabulary = World(ground_seed=2), Vocabulary(tokens.load())
    speaker, codes = Speaker(vocabulary, len(world.objects)), Codes(len(world.objects))
    speaker.begin(vocabulary, world.objects)
    training = Training(CHECKPOINT, speaker, args.rate, args.minutes)
    rng = random.Random(500_000 + training.step)
    asker, tuning = Asker(world.objects, rng), Tuning(world, vocabulary, codes)
    while training.goes_on():
        if training.step % SHAPES_EVERY == 0:
            batch = shapes_batch(rng, asker, vocabulary, codes, args.batch)
        else:
            with_text = training.schedule.share() > SHAPES_ALONE
            batch = picture_batch(world, rng, asker, vocabulary, codes, args.batch, with_text)
        training.learn(step_loss(speaker, codes, batch, training.meter))
        if training.step % TUNE_EVERY == 0:
            print(f"tuning {training.step} grid/picture/shuffled {tuning.measure(speaker)}", flush=True)


if __name__ == "__main__":
    main()
