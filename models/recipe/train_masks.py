"""Trains the SAM 2 side alone: masks from object codes, clicks, boxes and earlier masks.

`python train_masks.py --minutes 90` writes .work/masks.pt and resumes from it.
"""

import argparse
import random

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from art import WORK
from model import SAM_WIDTH, SIZE, Masks, class_codes, low_resolution, pixels, position_code
from scenes import World
from training import Training

CHECKPOINT = WORK / "masks.pt"
PROMPTS = 4  # object prompts a picture, the last one of an absent class
WHOLE_CLASS = 0.2  # share of prompts without a center
BLUR = 6  # pixels of standard deviation by which a prompt's center is off
VAGUE = 0.5  # share of centers that are known only vaguely, as the language side knows them
VAGUEST = 30  # pixels of standard deviation
CELLS = SIZE // 16
CLICK_STEPS = 0.4  # share of steps that also train clicks, boxes and corrections


class Trainee(nn.Module):
    """The mask model and a classifier on its stride-16 features, thrown away after training.

    The classifier's weights are the class codes themselves behind one learned linear map, so that what makes
    a feature recognizable also makes it answer to the prompt.
    """

    def __init__(self, classes):
        super().__init__()
        self.masks = Masks()
        self.classes = classes
        self.register_buffer("codes", class_codes(classes), persistent=False)
        self.classify = nn.Linear(SAM_WIDTH, SAM_WIDTH)
        self.ground = nn.Parameter(torch.zeros(SAM_WIDTH))

    def logits(self, embedding):
        vectors = self.classify(embedding.flatten(2).transpose(1, 2))
        return vectors @ torch.cat([self.codes, self.ground[None]]).T / SAM_WIDTH**0.5


def cell_labels(scene, classes):
    """Per stride-16 cell: the class that fills most of it (`classes` is ground); -100 where it is a tie of many."""
    kind_of = np.full(256, classes, np.int64)
    for placed in scene.objects:
        kind_of[placed.id] = placed.kind
    return kind_of[scene.ids[8::16, 8::16]].reshape(-1)


def object_shares(scene):
    """Rows of weights over cells, one row an object, and the objects' classes."""
    cells = scene.ids.reshape(CELLS, 16, CELLS, 16).transpose(0, 2, 1, 3).reshape(CELLS * CELLS, 256)
    shares = np.zeros((16, CELLS * CELLS), np.float32)
    kinds = np.full(16, -100, np.int64)
    for row, placed in enumerate(scene.objects[:16]):
        count = (cells == placed.id).sum(1)
        shares[row] = count / count.sum()
        kinds[row] = placed.kind
    return shares, kinds


def object_prompts(rng, scene, classes):
    """PROMPTS classes, centers and masks: objects first, a class that is absent last.

    A center of None asks for everything visible of the class.
    """
    present = [o for o in scene.objects if o.visible >= 0.3]
    rng.shuffle(present)
    prompts = []
    for placed in present[: PROMPTS - 1]:
        if rng.random() < WHOLE_CLASS:
            prompts.append((placed.kind, None, scene.mask(placed.kind)))
        else:
            center = (placed.x + rng.gauss(0, BLUR), placed.y + rng.gauss(0, BLUR))
            prompts.append((placed.kind, center, scene.ids == placed.id))
    absent = [k for k in range(classes) if k not in scene.pasted]
    for kind in rng.sample(absent, PROMPTS - len(prompts)):
        center = None if rng.random() < WHOLE_CLASS else (rng.uniform(0, SIZE), rng.uniform(0, SIZE))
        prompts.append((kind, center, np.zeros((SIZE, SIZE), bool)))
    return prompts


def prompt_vectors(prompts, codes, frequencies):
    """Class code plus position code of each prompt: pictures x PROMPTS x SAM_WIDTH.

    The code of a center that is known vaguely is the mean over where it may be, in which fast waves vanish.
    """
    kinds = torch.tensor([[kind for kind, _, _ in row] for row in prompts])
    centers = torch.tensor([[center or (0.0, 0.0) for _, center, _ in row] for row in prompts], dtype=torch.float32)
    placed = torch.tensor([[center is not None for _, center, _ in row] for row in prompts])
    spread = VAGUEST * torch.rand(placed.shape) * (torch.rand(placed.shape) < VAGUE)
    centers = centers + 0.5 * spread[..., None] * torch.randn(centers.shape)
    fading = torch.exp(-0.5 * (4 * torch.pi / SIZE * spread[..., None] * frequencies.norm(dim=0)) ** 2)
    return codes[kinds] + placed[..., None] * position_code(frequencies, centers) * fading.repeat(1, 1, 2)


def batch_of(world, rng, size):
    scenes = [world.draw(rng, world.train_styles, crowded=rng.random() < 0.15) for _ in range(size)]
    scenes = [s if s.objects else world.draw(rng, world.train_styles) for s in scenes]
    classes = len(world.objects)
    prompts = [object_prompts(rng, s, classes) for s in scenes]
    shares, kinds = zip(*(object_shares(s) for s in scenes))
    return dict(
        scenes=scenes,
        pixels=pixels([s.picture for s in scenes]),
        cells=torch.from_numpy(np.stack([cell_labels(s, classes) for s in scenes])),
        shares=torch.from_numpy(np.stack(shares)),
        kinds=torch.from_numpy(np.stack(kinds)),
        prompts=prompts,
        targets=torch.stack([low_resolution([mask for _, _, mask in row]) for row in prompts]),
    )


def overlap(logits, target):
    """IoU of thresholded masks; 1 where both are empty."""
    found, true = logits > 0, target > 0.5
    union = (found | true).sum((-2, -1))
    return torch.where(union > 0, (found & true).sum((-2, -1)) / union.clamp(min=1), 1.0)


def pixel_loss(masks, target, present):
    """BCE, half of it over all pixels and half with mask and ground balanced; absent masks count a tenth.

    Plain BCE alone soon settles on empty masks, since objects fill a small part of the picture.
    """
    bce = F.binary_cross_entropy_with_logits(masks, target, reduction="none")
    inside = (bce * target).sum((-2, -1)) / target.sum((-2, -1)).clamp(min=1)
    outside = (bce * (1 - target)).sum((-2, -1)) / (1 - target).sum((-2, -1)).clamp(min=1)
    both = bce.mean((-2, -1)) + 0.5 * (inside + outside)
    return torch.where(present[..., None] > 0, both, 0.1 * both)


def mask_loss(masks, iou, score, target):
    """Best of the masks by 2·BCE + dice, IoU regression for all, presence by BCE.

    `masks` is images x prompts x masks x rows x columns; `target` lacks the masks dimension.
    """
    present = (target.sum((-2, -1)) > 0.5).float()
    target = target[:, :, None].expand_as(masks)
    probability = masks.sigmoid()
    shared = (probability * target).sum((-2, -1))
    dice = 1 - (2 * shared + 1) / (probability.sum((-2, -1)) + target.sum((-2, -1)) + 1)
    each = 2 * pixel_loss(masks, target, present) + dice * present[..., None]
    best = each.min(-1).values
    with torch.no_grad():
        true_iou = overlap(masks, target)
    loss = best.mean() + 0.3 * each.mean() + F.mse_loss(iou, true_iou)
    loss = loss + 0.3 * F.binary_cross_entropy_with_logits(score[..., 0], present)
    chosen = true_iou.gather(-1, iou.argmax(-1, keepdim=True))[..., 0]
    return loss, chosen, present


def inside(rng, mask):
    """A random pixel (x, y) of a boolean mask, favoring its middle."""
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3).reshape(-1)
    limit = distance.max() * rng.choice([0.0, 0.3, 0.7])
    index = rng.choice(np.flatnonzero(distance > limit))
    return index % SIZE, index // SIZE


def first_prompt(rng, mask, by_box):
    """One click, or the two corners of a slightly loose box."""
    if not by_box:
        return [inside(rng, mask)], [1]
    rows, columns = np.where(mask)
    loose = lambda: rng.uniform(-4, 4)
    low = (columns.min() + loose(), rows.min() + loose())
    return [low, (columns.max() + 1 + loose(), rows.max() + 1 + loose())], [2, 3]


def correction(rng, mask, logits):
    """A click in the larger error of an earlier mask; anywhere inside when there is none."""
    side = logits.shape[-1]
    found = cv2.resize(logits.numpy().reshape(side, side), (SIZE, SIZE)) > 0
    missing, extra = mask & ~found, found & ~mask
    if max(missing.sum(), extra.sum()) < 8:
        return inside(rng, mask), 1
    return (inside(rng, missing), 1) if missing.sum() >= extra.sum() else (inside(rng, extra), 0)


def click_loss(rng, masks, scenes, features):
    """One object a picture: a click or box, then a corrective click with the first mask as prompt."""
    targets = []
    for scene in scenes:
        placed = rng.choice([o for o in scene.objects if o.visible >= 0.3] or scene.objects)
        targets.append(scene.ids == placed.id)
    low = low_resolution(targets)[:, None]
    by_box = rng.random() < 0.4
    points, labels = zip(*(first_prompt(rng, t, by_box) for t in targets))
    points = [[(x, y) for x, y in p] for p in points]
    prompt = masks.point_prompt(torch.tensor(points, dtype=torch.float32)[:, None], torch.tensor(labels)[:, None])
    multimask = not by_box or rng.random() < 0.5
    logits, iou, score = masks.decode(features, prompt, multimask=multimask)
    first, chosen, _ = mask_loss(logits, iou, score, low)
    best = logits.detach().gather(2, iou.argmax(-1)[..., None, None, None].expand(-1, -1, 1, *logits.shape[-2:]))[:, :, 0]
    clicks = [correction(rng, t, b) for t, b in zip(targets, best)]
    points = torch.tensor([p + [c[0]] for p, c in zip(points, clicks)], dtype=torch.float32)[:, None]
    labels = torch.tensor([list(l) + [c[1]] for l, c in zip(labels, clicks)])[:, None]
    prompt = masks.point_prompt(points, labels)
    logits, iou, score = masks.decode(features, prompt, previous=best.clamp(-32, 32), multimask=False)
    second, refined, _ = mask_loss(logits, iou, score, low)
    return first + second, chosen.mean(), refined.mean()


def recognition_loss(trainee, embedding, batch):
    """Cross entropy per cell and per object; also the object accuracy."""
    logits = trainee.logits(embedding)
    weight = torch.ones(trainee.classes + 1)
    weight[-1] = 0.2
    cells = F.cross_entropy(logits.flatten(0, 1), batch["cells"].flatten(), weight=weight)
    pooled = torch.bmm(batch["shares"], logits)[..., :-1].flatten(0, 1)
    kinds = batch["kinds"].flatten()
    known = kinds >= 0
    accuracy = (pooled.argmax(-1) == kinds)[known].float().mean()
    return 0.5 * cells + F.cross_entropy(pooled[known], kinds[known]), accuracy


def coded(trainee, batch):
    """The batch's prompts as vectors."""
    return prompt_vectors(batch["prompts"], trainee.codes, trainee.masks.sam.shared_image_embedding.positional_embedding)


def step_loss(rng, trainee, batch, vectors, meter):
    """`vectors` (pictures x PROMPTS x SAM_WIDTH) ask for the batch's targets."""
    features = trainee.masks.features(batch["pixels"])
    recognition, accuracy = recognition_loss(trainee, features[0], batch)
    prompt = trainee.masks.language_prompt(vectors)
    loss, chosen, present = mask_loss(*trainee.masks.decode(features, prompt), batch["targets"])
    known = present > 0
    meter.add(rec=recognition, acc=accuracy, mask=loss, iou=chosen[known].mean(), empty=chosen[~known].mean())
    loss = loss + recognition
    if rng.random() < CLICK_STEPS:
        clicks, once, twice = click_loss(rng, trainee.masks, batch["scenes"], features)
        meter.add(click=once, refined=twice)
        loss = loss + clicks
    return loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    world = World(ground_seed=1)
    trainee = Trainee(len(world.objects))
    training = Training(CHECKPOINT, trainee, args.rate, args.minutes)
    rng = random.Random(1000 + training.step)
    while training.goes_on():
        batch = batch_of(world, rng, args.batch)
        training.learn(step_loss(rng, trainee, batch, coded(trainee, batch), training.meter))


if __name__ == "__main__":
    main()
