"""One step of both sides on one batch: the language side toward grids, answers and prompts, the mask side from prompts to masks.

At first each is trained by itself, from the same scenes. In the joint stage the mask side is asked with the vectors that the
language side really gives, and a part of its gradient flows back.
"""

import random

import torch

from batch import PRESENT, asked, understood
from clicks import click_loss
from losses import answer_loss, mask_loss, mean_where, recognition_loss, vision_loss

SPOKEN = 3  # vectors of the language side in the joint stage
TRUE_GRIDS = 0.15  # share of rows whose questions are answered from the true grid
CLICK_EVERY = 2  # steps
PULL = 0.3  # weight of the masks' gradient in the language side


def at(values, places):
    """The rows `places` (pictures x count) of `values` (pictures x length x width)."""
    return values.gather(1, places.long()[..., None].expand(-1, -1, values.shape[-1]))


class Step:
    """Losses of one batch. `side` is the mask side's module, `speaker` the language side's."""

    def __init__(self, side, speaker, codes, device, seed):
        self.side, self.speaker, self.codes, self.device = side, speaker, codes, device
        self.rng, self.turn, self.clicked = random.Random(seed), 0, [torch.zeros((), device=device)] * 2
        wide = side.masks.sam.get_image_wide_positional_embeddings().detach().clone()
        side.masks.sam.get_image_wide_positional_embeddings = lambda: wide  # the same every time

    def half(self, masks=False):
        """bf16 where it is faster, which for the mask side is a GPU only."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=not masks or self.device.type == "cuda")

    def __call__(self, raw, joint, heads_alone=False):
        """The loss and what the log shows. With `heads_alone` the classifiers learn without moving what they look at."""
        batch = understood(raw, self.codes)
        with self.half():
            seen = self.speaker.see(batch["pixels"])
        loss, vectors, told = self.speak(batch, seen, joint, heads_alone)
        masked, more = self.segment(batch, vectors if joint else None, heads_alone)
        return loss + masked, told | more

    # ---- the language side

    def said(self, batch, image):
        """Token logits at answers, the states at `[SEG]`s and the vectors behind the bridge (pictures x count x width each)."""
        hidden = self.speaker.read(batch["tokens"].long(), image, batch["positions"].long(), batch["mask"])
        states = at(hidden, batch["marks"][..., 0])
        return self.speaker.vlm.lm_head(at(hidden, batch["answers"][..., 0])), states, self.speaker.bridge(states)

    def speak(self, batch, seen, joint, heads_alone):
        """Losses of the language side; also its vectors."""
        patches, image = seen
        true = torch.rand(len(image), 1, 1, device=self.device) < TRUE_GRIDS
        with self.half():
            logits, states, vectors = self.said(batch, torch.where(true, batch["grids"].to(image.dtype), image))
            patch_logits = self.speaker.classify_patch(patches.detach() if heads_alone else patches)
        loss, told = answer_loss(
            self.codes, logits, batch["answers"][..., 1].long(), states, vectors, batch["mark_kind"], batch["mark_center"],
            batch["marked"], closeness=1.0 if joint else 2.0,
        )  # fmt: skip
        vision, accuracy, coarse = vision_loss(self.codes, batch, patch_logits, image)
        return loss + vision, vectors.float(), told | dict(vision=vision, acc=accuracy, acc49=coarse)

    # ---- the mask side

    def decode(self, *args, **options):
        with self.half(masks=True):
            return self.side.masks.decode(*args, **options)

    def seen_by_masks(self, batch):
        with self.half(masks=True):
            return self.side.masks.features(batch["pixels"])

    def prompted(self, features, vectors):
        """Masks, predicted IoU and object scores for prompt vectors (pictures x prompts x SAM width)."""
        return self.decode(features, self.side.masks.language_prompt(vectors))

    def segment(self, batch, spoken, heads_alone):
        """Losses of the mask side; `spoken` are the language side's vectors, or None before the joint stage."""
        vectors, targets = asked(batch, self.codes)
        own = None
        if spoken is not None:
            own, vectors, targets = self.with_spoken(batch, spoken, vectors, targets)
        features = self.seen_by_masks(batch)
        looked = features[0].detach() if heads_alone else features[0]
        recognition, accuracy = recognition_loss(self.codes, batch, self.side.logits(looked.float()))
        loss, chosen, present = mask_loss(*self.prompted(features, vectors), targets)
        told = dict(mask=loss, rec=recognition, mask_acc=accuracy, empty=mean_where(chosen, present == 0))
        if own is None:
            told["iou"] = mean_where(chosen, present)
        else:
            told["spoken"] = mean_where(chosen[:, :SPOKEN], own)
            told["iou"] = mean_where(chosen[:, SPOKEN:], present[:, SPOKEN:])
        loss = loss + recognition
        self.turn += 1
        if self.turn % CLICK_EVERY == 0:
            clicks, *self.clicked = click_loss(self.rng, self.decode, self.side.masks, batch, features)
            loss = loss + 0.8 * clicks
        return loss, told | dict(click=self.clicked[0], refined=self.clicked[1])

    def with_spoken(self, batch, spoken, vectors, targets):
        """SPOKEN of the language side's vectors first, then one coded object and the absent class; and which are its own."""
        marked, shares = batch["marked"], batch["shares"]
        found, slot = torch.where(marked, torch.rand(marked.shape, device=self.device), -1.0).topk(SPOKEN, dim=1)
        own = found >= 0
        said = at(spoken, slot)
        said = PULL * said + (1 - PULL) * said.detach()
        row = batch["mark_row"].gather(1, slot)
        meant = shares.gather(1, row[..., None, None].expand(-1, -1, *shares.shape[2:]))
        said = torch.where(own[..., None], said, vectors[:, :SPOKEN])
        meant = torch.where(own[..., None, None], meant, targets[:, :SPOKEN])
        return own, torch.cat([said, vectors[:, PRESENT - 1 :]], 1), torch.cat([meant, targets[:, PRESENT - 1 :]], 1)
