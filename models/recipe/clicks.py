"""Clicks, boxes and corrective clicks, chosen on the device."""

import torch
import torch.nn.functional as F

from batch import SHOWN
from losses import mask_loss
from sizes import SIZE

HALF = SIZE // 2  # clicks are chosen at half of the resolution
DEEPEST = 10  # pixels of HALF
BY_BOX = 0.4  # share of steps with clicks that begin with a box


@torch.no_grad()
def depth(masks):
    """How far inside each pixel is, up to DEEPEST; masks are N x rows x columns, boolean."""
    here = masks[:, None].to(torch.float16 if masks.device.type == "cuda" else torch.float32)
    total = here.clone()
    for _ in range(DEEPEST):
        here = -F.max_pool2d(-here, 3, 1, 1)
        total += here
    return total[:, 0].float()


@torch.no_grad()
def pixel_inside(masks):
    """A random pixel (x, y in the full picture) of each mask of HALF x HALF, favoring its middle."""
    count, device = len(masks), masks.device
    deep = depth(masks).flatten(1)
    share = (0.35 * torch.randint(3, (count, 1), device=device)).clamp(max=0.7)  # no lists to the device: each is a wait
    able = deep > deep.amax(1, keepdim=True) * share
    index = (able * (0.01 + torch.rand(deep.shape, device=device))).argmax(1)
    return torch.stack([index % HALF, index // HALF], -1) * 2.0 + torch.randint(2, (count, 2), device=device)


@torch.no_grad()
def corners(masks):
    """Two slightly loose box corners of each mask of SIZE x SIZE: N x 2 x 2."""
    ends = []
    for across in (masks.any(1), masks.any(2)):  # columns, rows
        low = across.float().argmax(1)
        high = across.shape[1] - across.flip(1).float().argmax(1)
        ends.append(torch.stack([low, high], 1).float())
    box = torch.stack(ends, -1)
    return box + torch.empty(box.shape, device=masks.device).uniform_(-4, 4)


@torch.no_grad()
def correction(masks, logits):
    """A click in the larger error of earlier logits (N x 1 x rows x columns); anywhere inside where there is none. Pixel and
    label of each mask of HALF x HALF.
    """
    found = F.interpolate(logits, size=(HALF, HALF), mode="bilinear", align_corners=False)[:, 0] > 0
    missing, extra = masks & ~found, found & ~masks
    lacking, over = missing.sum((1, 2)), extra.sum((1, 2))
    right, more = torch.maximum(lacking, over) < 2, lacking >= over
    region = torch.where(right[:, None, None], masks, torch.where(more[:, None, None], missing, extra))
    return pixel_inside(region)[:, None], (right | more).long()[:, None]


@torch.no_grad()
def chosen(batch, part):
    """One object of each picture of `part`: its mask at SIZE x SIZE and as shares of 56 x 56 cells (pictures x 1 x 56 x 56)."""
    known, shares = batch["known"][part], batch["shares"][part]
    able = known & (batch["visible"][part] >= SHOWN)
    row = (torch.rand(able.shape, device=able.device) + able.float() + known.float()).argmax(1)
    low = shares.gather(1, row[:, None, None, None].expand(-1, 1, *shares.shape[2:]))
    return batch["ids"][part] == (row + 1)[:, None, None], low


def click_loss(rng, decode, masks, batch, features):
    """Half of the pictures: one object by a click or a box, then a corrective click with the first mask as prompt.

    `decode` is that of the mask side's network `masks`, in the precision of the step. Also the IoU by the first and by both.
    """
    total = len(batch["ids"])
    count = max(total // 2, 1)
    first = rng.randrange(0, total - count + 1)
    part = slice(first, first + count)
    features = features[0][part], [f[part] for f in features[1]]
    full, low = chosen(batch, part)
    small, by_box = full[:, ::2, ::2], rng.random() < BY_BOX
    if by_box:
        points, labels = corners(full), torch.arange(2, 4, device=full.device).expand(count, -1)
    else:
        points, labels = pixel_inside(small)[:, None], torch.ones(count, 1, dtype=torch.long, device=full.device)
    multimask = not by_box or rng.random() < 0.5
    logits, iou, score = decode(features, masks.point_prompt(points[:, None], labels[:, None]), multimask=multimask)
    loss, once, _ = mask_loss(logits, iou, score, low)
    thought = iou.argmax(-1)[..., None, None, None].expand(-1, -1, 1, *logits.shape[-2:])
    best = logits.detach().float().gather(2, thought)[:, :, 0]
    point, label = correction(small, best)
    prompt = masks.point_prompt(torch.cat([points, point], 1)[:, None], torch.cat([labels, label], 1)[:, None])
    logits, iou, score = decode(features, prompt, previous=best.clamp(-32, 32), multimask=False)
    second, twice, _ = mask_loss(logits, iou, score, low)
    return loss + second, once.mean(), twice.mean()
