"""How far the training is, on pictures that are not trained on."""

from collections import defaultdict

import numpy as np
import torch

from batch import understood
from losses import mean_where, overlap
from packing import NAMES, NONE, QUESTIONS
from questions import FAMILIES


class Tuning:
    """Share of answers right to the last token by family, from true grids / from pictures / from mismatched ones, and the mean
    IoU of the masks of the language side's own vectors.

    An answer is right when every token is the likeliest given the ones before, which is when greedy decoding gives it.
    """

    def __init__(self, step, rows):
        self.step = step
        self.raw = {name: torch.from_numpy(field).to(step.device) for name, field in rows.items()}
        self.families, self.numbers = rows["families"], rows["numbers"]

    @torch.no_grad()
    def measure(self):
        step = self.step
        step.side.eval(), step.speaker.eval()
        batch = understood(self.raw, step.codes, jitter=False)
        with step.half():
            image = step.speaker.see(batch["pixels"])[1]
            said = [step.said(batch, given) for given in (batch["grids"].to(image.dtype), image, image.roll(1, 0))]
        found = [self.right(batch, logits) for logits, _, _ in said]
        iou = self.spoken_iou(batch, said[1][2].float())
        step.side.train(), step.speaker.train()
        text = " ".join(f"{f} " + "/".join(f"{np.mean(kind[f]):.2f}" for kind in found) for f in FAMILIES if f in found[0])
        return f"{text} | spoken masks IoU {iou:.3f}"

    def right(self, batch, logits):
        """Whether each answer is right, by family."""
        wanted = batch["answers"][..., 1].long()
        wrong = ((logits.argmax(-1) != wanted) & (wanted != NONE)).cpu().numpy()
        found = defaultdict(list)
        for row in range(len(wrong)):
            for number in range(1, QUESTIONS + 1):
                if self.families[row, number - 1] >= 0:
                    found[NAMES[self.families[row, number - 1]]].append(not wrong[row][self.numbers[row] == number].any())
        return found

    def spoken_iou(self, batch, vectors):
        logits, iou, _ = self.step.prompted(self.step.seen_by_masks(batch), vectors)
        target = batch["shares"].gather(1, batch["mark_row"][..., None, None].expand(-1, -1, *logits.shape[-2:]))
        each = overlap(logits.float(), target[:, :, None].expand_as(logits)).gather(-1, iou.argmax(-1, keepdim=True))[..., 0]
        return mean_where(each, batch["marked"]).item()
