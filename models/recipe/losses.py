"""What both sides are trained to lower. Each function returns its loss with what the log shows of it."""

import torch
import torch.nn.functional as F

from grid import waves
from model import LM_WIDTH, SAM_WIDTH, position_code
from packing import NONE
from sizes import GRID, SIZE


def mean_where(values, wanted):
    wanted = wanted.float()
    return (values * wanted).sum() / wanted.sum().clamp(min=1)


# ---- masks


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

    `masks` is images x prompts x masks x rows x columns; `target` lacks the masks dimension. Also the IoU of the mask that is
    thought best, and which targets are not empty (images x prompts each).
    """
    masks, iou, score = masks.float(), iou.float(), score.float()
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
    return loss, chosen.detach(), present


# ---- recognition


def entropy(logits, wanted):
    """Cross entropy over the last dimension where something is wanted; nothing where nothing is."""
    loss = F.cross_entropy(logits.flatten(0, -2), wanted.flatten(), ignore_index=NONE, reduction="sum")
    return loss / (wanted != NONE).sum().clamp(min=1)


def right(logits, wanted):
    """Share of what is wanted that is the likeliest."""
    return mean_where(logits.detach().argmax(-1) == wanted, wanted != NONE)


def recognition_loss(codes, batch, logits):
    """Cross entropy per patch and per object of class logits (pictures x patches x classes and ground); and object accuracy."""
    logits = logits.float()
    kinds = batch["kinds"].masked_fill(~batch["known"], NONE)
    pooled = torch.bmm(batch["fine"], logits)[..., :-1]
    cells = F.cross_entropy(logits.flatten(0, 1), batch["cells"].flatten(), weight=codes.weight)
    return 0.5 * cells + entropy(pooled, kinds), right(pooled, kinds)


def vision_loss(codes, batch, logits, image):
    """Recognition by patches and by the connector's tokens (`image`), and the distance of these from the true grid, in which
    classes are a small part; also both object accuracies.
    """
    loss, fine_right = recognition_loss(codes, batch, logits)
    image, side = image.float(), GRID // 2
    kinds = batch["kinds"].masked_fill(~batch["known"], NONE)
    shares = batch["fine"].view(len(image), -1, side, 2, side, 2).sum((3, 5)).flatten(2)
    coarse = torch.bmm(shares, image @ codes.grid.T)
    loss = loss + 0.5 * entropy(coarse / LM_WIDTH**0.5, kinds) + 4 * F.mse_loss(image, batch["grids"])
    return loss, fine_right, right(coarse, kinds)


# ---- answers


def answer_loss(codes, logits, wanted, states, vectors, kind, center, marked, closeness=2.0):
    """Next-token loss on answers, and the distance of each `[SEG]` vector from its object's prompt.

    The distance alone learns slowly: cross entropy over the class codes pulls the right one out early, and the place is
    never found unless the state before the bridge has to hold it as slow waves, in the directions in which cells have it.
    `states` and `vectors` are before and behind the bridge (… x width); where they are not `marked`, nothing is meant.
    """
    logits, states, vectors = logits.float(), states.float(), vectors.float()
    words, place = entropy(logits, wanted), position_code(codes.frequencies, center)
    likeness = (vectors - place) @ codes.classes.T / SAM_WIDTH**0.5
    meant = torch.where(marked, kind, NONE)
    distance = mean_where(((vectors - codes.classes[kind] - place) ** 2).mean(-1), marked)
    found = mean_where(((states @ codes.places.T - waves(center / SIZE)) ** 2).mean(-1), marked)
    loss = words + closeness * distance + 2 * found + 0.3 * entropy(likeness, meant)
    told = dict(words=words, next=right(logits, wanted), distance=distance, place=found, named=right(likeness, meant))
    return loss, {name: value.detach() for name, value in told.items()}


def text_loss(speaker, codes, image, text, among=None):
    """`answer_loss` of rows of any length (collate.py) behind connector tokens. With `among`, sorted token numbers, only these
    are told apart, which is cheaper; answers' other tokens do not count.
    """
    hidden = speaker.read(text["ids"], image, text["positions"], text["mask"])
    answered = text["targets"] != NONE
    row, place, kind = text["marks"].unbind(1)
    states = hidden[row, place]
    wanted, table = text["targets"][answered], speaker.vlm.lm_head.weight
    if among is not None:
        places = torch.searchsorted(among, wanted).clamp(max=len(among) - 1)
        wanted, table = torch.where(among[places] == wanted, places, NONE), table[among]
    logits = hidden[answered] @ table.T
    marked = torch.ones_like(kind, dtype=torch.bool)
    return answer_loss(codes, logits, wanted, states, speaker.bridge(states), kind, text["centers"], marked)
