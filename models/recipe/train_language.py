"""Trains the language side: InternViT, connector, Qwen2 and the `[SEG]` bridge.

`python train_language.py --minutes 90` writes .work/language.pt and resumes from it. The image encoder learns from
dense class labels from the first step; the language model learns on every fourth step during the first third and on
every step afterwards.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import tokenizer as tokens
from model import IMAGE_TOKENS, LM_WIDTH, PATCH, SAM_WIDTH, SIZE, VIT_WIDTH, build_bridge, build_vlm, class_codes, pixels, reset
from questions import Asker
from scenes import World
from train_masks import cell_labels, object_shares
from training import Average, Meter, Schedule, optimizer_for, restore, save, update

CHECKPOINT = Path(__file__).parent / ".work" / "language.pt"
QUESTIONS = 6
GRID = SIZE // PATCH
WARM_SHARE, WARM_EVERY = 0.3, 4


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

    def __init__(self, vocabulary, names):
        super().__init__()
        self.vlm = build_vlm(vocabulary.size, vocabulary.image)
        reset(self.vlm)
        nn.init.normal_(self.vlm.get_input_embeddings().weight, std=0.05)
        vision = self.vlm.model.vision_tower.embeddings
        nn.init.trunc_normal_(vision.position_embeddings, std=0.1)
        nn.init.trunc_normal_(vision.cls_token, std=0.1)
        self.bridge = build_bridge()
        self.classify_patch = nn.Linear(VIT_WIDTH, len(names) + 1)
        self.name_scale = nn.Parameter(torch.tensor(10.0))
        self.classes = len(names)
        self.names = [vocabulary.encode(" " + name) for name in names]

    def see(self, batch):
        """Patch states (images x 196 x width) and connector tokens (images x 49 x LM width)."""
        model = self.vlm.model
        patches = model.vision_tower(batch).last_hidden_state[:, 1:]
        grid = model.pixel_shuffle(patches.reshape(len(batch), GRID, GRID, -1), 0.5)
        return patches, model.multi_modal_projector(grid.reshape(len(batch), IMAGE_TOKENS, -1))

    def name(self, image):
        """Class logits of connector tokens: their likeness to the embedded words of each name.

        It puts what is seen where the language model already has the words, so that looking becomes comparing.
        """
        table = self.vlm.get_input_embeddings().weight
        words = torch.stack([table[ids].mean(0) for ids in self.names])
        return self.name_scale * (F.normalize(image.float(), dim=-1) @ F.normalize(words.float(), dim=-1).T)

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
    places and classes of `[SEG]`.
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
        marks += list(zip(places, question.targets, strict=True))
    return ids, targets, positions, segments, marks


def collate(vocabulary, packed):
    length = max(len(row[0]) for row in packed)
    fill = [vocabulary.pad, -100, 0, -1]
    ids, targets, positions, segments = (
        torch.tensor([row[k] + [fill[k]] * (length - len(row[k])) for row in packed]) for k in range(4)
    )
    same = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
    mask = (same & torch.ones(length, length, dtype=torch.bool).tril())[:, None]
    marks = torch.tensor([(row, place, kind) for row, p in enumerate(packed) for place, kind in p[4]]).view(-1, 3)
    start = vocabulary.prefix.index(vocabulary.image)
    return dict(ids=ids, targets=targets, mask=mask, marks=marks, positions=dict(ids=positions, image_start=start))


def draw_batch(world, rng, asker, vocabulary, size, with_text):
    scenes = []
    while len(scenes) < size:
        scene = world.draw(rng, world.train_styles, crowded=not with_text and rng.random() < 0.6)
        if scene.objects:
            scenes.append(scene)
    shares, kinds = zip(*(object_shares(s) for s in scenes))
    batch = dict(
        pixels=pixels([s.picture for s in scenes]),
        cells=torch.from_numpy(np.stack([cell_labels(s, len(world.objects)) for s in scenes])),
        shares=torch.from_numpy(np.stack(shares)),
        kinds=torch.from_numpy(np.stack(kinds)),
    )
    if with_text:
        batch["text"] = collate(vocabulary, [pack(vocabulary, asker.several(s, QUESTIONS)) for s in scenes])
    return batch


def vision_loss(speaker, patches, image, batch):
    """Cross entropy per patch, per object from patches, and per object from connector tokens by name."""
    logits = speaker.classify_patch(patches).float()
    weight = torch.ones(speaker.classes + 1)
    weight[-1] = 0.2
    kinds = batch["kinds"].flatten()
    known = kinds >= 0
    pooled = torch.bmm(batch["shares"], logits)[..., :-1].flatten(0, 1)[known]
    side = GRID // 2
    shares = batch["shares"].view(-1, 16, side, 2, side, 2).sum((3, 5)).flatten(2)
    coarse = torch.bmm(shares, speaker.name(image)).flatten(0, 1)[known]
    loss = 0.5 * F.cross_entropy(logits.flatten(0, 1), batch["cells"].flatten(), weight=weight)
    loss = loss + F.cross_entropy(pooled, kinds[known]) + 0.5 * F.cross_entropy(coarse, kinds[known])
    right = (pooled.argmax(-1) == kinds[known]).float().mean()
    return loss, right, (coarse.argmax(-1) == kinds[known]).float().mean()


def text_loss(speaker, codes, image, text):
    """Next-token loss on answers, and the distance of each `[SEG]` vector from its class code.

    The distance alone learns slowly; cross entropy over the codes pulls the right one out early.
    """
    hidden = speaker.read(text["ids"], image, text["positions"], text["mask"])
    wanted = text["targets"] >= 0
    logits = speaker.vlm.lm_head(hidden[wanted]).float()
    words = F.cross_entropy(logits, text["targets"][wanted])
    row, place, kind = text["marks"].unbind(1)
    vectors = speaker.bridge(hidden[row, place]).float()
    likeness = vectors @ codes.T / SAM_WIDTH**0.5
    distance = F.mse_loss(vectors, codes[kind]) + 0.3 * F.cross_entropy(likeness, kind)
    named = (likeness.argmax(-1) == kind).float().mean()
    return words, distance, named, (logits.argmax(-1) == text["targets"][wanted]).float().mean()


def step_loss(speaker, codes, batch, meter):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        patches, image = speaker.see(batch["pixels"])
        loss, patch_right, token_right = vision_loss(speaker, patches, image, batch)
        meter.add(vision=loss.detach(), acc=patch_right, acc49=token_right)
        if "text" in batch:
            words, distance, named, right = text_loss(speaker, codes, image, batch["text"])
            meter.add(words=words.detach(), next=right, distance=distance.detach(), named=named)
            loss = loss + words + distance
    return loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    world, vocabulary = World(ground_seed=2), Vocabulary(tokens.load())
    speaker, codes = Speaker(vocabulary, [o["name"] for o in world.objects]), class_codes(len(world.objects))
    optimizer, average = optimizer_for(speaker), Average(speaker)
    step, spent = restore(CHECKPOINT, speaker, optimizer, average)
    rng = random.Random(500_000 + step)
    asker = Asker(world, rng)
    schedule, meter = Schedule(args.rate, args.minutes, spent), Meter()
    while schedule.share() < 1:
        with_text = schedule.share() > WARM_SHARE or step % WARM_EVERY == 0
        batch = draw_batch(world, rng, asker, vocabulary, args.batch, with_text)
        update(speaker, optimizer, step_loss(speaker, codes, batch, meter), schedule.rate(step))
        step += 1
        average.update(speaker, step)
        if step % 25 == 0:
            print(f"step {step} {schedule.elapsed() / 60:.1f} min {meter}", flush=True)
        if schedule.time_to_save():
            state = dict(module=speaker.state_dict(), optimizer=optimizer.state_dict(), average=average.state)
            save(CHECKPOINT, **state, step=step, spent=schedule.elapsed())


if __name__ == "__main__":
    main()
