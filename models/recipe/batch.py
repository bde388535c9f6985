"""What a batch means: everything that is learned from pictures, id maps and tables (packing.FIELDS), computed on the device."""

import torch
import torch.nn.functional as F

from grid import grid_tokens
from model import position_code
from packing import OBJECTS
from sizes import SIZE

JITTERED = 0.4  # share of pictures whose colors vary
PRESENT = 3  # prompts of present objects a picture; one more names an absent class
SHOWN = 0.3  # visible share from which masks are asked for
WHOLE_CLASS = 0.2  # share of prompts without a center, which ask for everything visible of the class
BLUR = 6  # pixels of standard deviation by which a prompt's center is off
VAGUE = 0.5  # share of centers that are known only vaguely, as the language side knows them
VAGUEST = 30  # pixels of standard deviation


def jittered(picture):
    """Contrast, brightness, saturation and tint a little otherwise; pictures are B x 3 x rows x columns, 0 to 255."""
    count, device = len(picture), picture.device
    uniform = lambda low, high, width=1: torch.empty(count, width, 1, 1, device=device).uniform_(low, high)
    chosen = (torch.rand(count, 1, 1, 1, device=device) < JITTERED).float()
    gray = picture.mean(1, keepdim=True)
    level = picture.mean((1, 2, 3), keepdim=True)
    other = gray + (picture - gray) * uniform(0.5, 1.4)
    other = (other - level) * uniform(0.75, 1.2) + level * uniform(0.85, 1.12) * uniform(0.93, 1.07, 3)
    other = other + torch.randn_like(other) * uniform(0, 6)
    return (picture + chosen * (other - picture)).clamp_(0, 255)


@torch.no_grad()
def understood(raw, codes, jitter=True):
    """The batch with all that is derived from it."""
    picture = raw["picture"].permute(0, 3, 1, 2).float().contiguous()
    table = raw["table"]
    batch = dict(raw, kinds=table[..., 0].long(), centers=table[..., 1:3], visible=table[..., 4])
    batch["pixels"] = ((jittered(picture) if jitter else picture) - codes.mean) / codes.std
    batch["known"] = batch["kinds"] >= 0
    batch |= places_of(raw["ids"], batch["kinds"], batch["known"], codes)
    coarse = F.avg_pool2d(batch["shares"], 8).flatten(2)
    batch["grids"] = grid_tokens(coarse, batch["kinds"], batch["centers"], table[..., 3], codes.connector)
    batch["mask"] = attention_mask(raw["segments"])
    row = raw["marks"][..., 1].long()
    batch["marked"], batch["mark_row"] = row >= 0, row.clamp(min=0)
    batch["mark_kind"] = batch["kinds"].gather(1, batch["mark_row"]).clamp(min=0)
    batch["mark_center"] = batch["centers"].gather(1, batch["mark_row"][..., None].expand(-1, -1, 2))
    return batch


def places_of(ids, kinds, known, codes):
    """`shares`: of each of 56 x 56 cells, how much each object fills (B x objects x 56 x 56); `fine`: weights of patches, one row
    an object (B x objects x 196); `cells`: the class at the middle of each patch, of which ground is the last (B x 196).
    """
    half = torch.float16 if ids.device.type == "cuda" else torch.float32
    identities = torch.arange(1, OBJECTS + 1, device=ids.device, dtype=torch.uint8).view(1, -1, 1, 1)
    shares = F.avg_pool2d((ids[:, None] == identities).to(half), 4).float()
    fine = F.avg_pool2d(shares, 4).flatten(2)
    lookup = torch.cat([torch.full_like(kinds[:, :1], codes.count), torch.where(known, kinds, codes.count)], 1)
    middle = ids[:, 8::16, 8::16].reshape(len(ids), -1).long()
    cells = lookup.gather(1, middle.clamp(max=OBJECTS))
    return dict(shares=shares, fine=fine / fine.sum(-1, keepdim=True).clamp(min=1e-6), cells=cells)


def attention_mask(segments):
    """Which token sees which (B x 1 x length x length): those before it of its own segment and of the prefix."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    return (((segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])) & causal)[:, None]


@torch.no_grad()
def asked(batch, codes):
    """PRESENT objects and one absent class, as class codes with the code of the center, which may be vague or missing: vectors
    (B x prompts x SAM width) and targets (B x prompts x 56 x 56).
    """
    device = batch["kinds"].device
    able = batch["known"] & (batch["visible"] >= SHOWN)
    found, rows = torch.where(able, torch.rand(able.shape, device=device), -1.0).topk(PRESENT, dim=1)
    there = F.pad(found >= 0, (0, 1))
    rows = torch.cat([rows, rows[:, :1]], 1)
    absent = torch.rand(len(rows), codes.count, device=device) - 2.0 * batch["pasted"][:, : codes.count].float()
    kinds = torch.where(there, batch["kinds"].gather(1, rows), absent.topk(PRESENT + 1, dim=1).indices)
    whole = torch.rand(kinds.shape, device=device) < WHOLE_CLASS
    same = (batch["kinds"][:, None] == kinds[..., None]) & batch["known"][:, None]
    member = torch.where(whole[..., None], same, F.one_hot(rows, OBJECTS).bool()) & there[..., None]
    targets = torch.einsum("bpk,bkyx->bpyx", member.float(), batch["shares"])
    centers = batch["centers"].gather(1, rows[..., None].expand(-1, -1, 2))
    centers = centers + BLUR * torch.randn(centers.shape, device=device)
    centers = torch.where(there[..., None], centers, SIZE * torch.rand(centers.shape, device=device))
    return codes.classes[kinds] + (~whole)[..., None] * vague_position(codes, centers), targets.clamp(max=1)


def vague_position(codes, centers):
    """Position codes of centers, of which a share is known only vaguely: the mean over where it may be, without fast waves."""
    shape, device = centers.shape[:-1], centers.device
    spread = VAGUEST * torch.rand(shape, device=device) * (torch.rand(shape, device=device) < VAGUE)
    centers = centers + 0.5 * spread[..., None] * torch.randn(centers.shape, device=device)
    fading = torch.exp(-0.5 * (4 * torch.pi / SIZE * spread[..., None] * codes.frequencies.norm(dim=0)) ** 2)
    return position_code(codes.frequencies, centers) * fading.repeat(1, 1, 2)
