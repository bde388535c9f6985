"""Rows of questions of any length (packing.pack) as one batch of tensors."""

import torch

from batch import attention_mask
from packing import NONE


def collate(vocabulary, packed):
    """ids, targets, positions and segments (rows x length), the attention mask, and of each `[SEG]` its row, place and class
    (marks x 3) and its object's center (marks x 2).
    """
    length = max(len(row[0]) for row in packed)
    fill = [vocabulary.pad, NONE, 0, -1]
    ids, targets, positions, segments = (
        torch.tensor([row[k] + [fill[k]] * (length - len(row[k])) for row in packed]) for k in range(4)
    )
    marks = [(row, place, placed) for row, (*_, marks) in enumerate(packed) for place, placed in marks]
    return dict(
        ids=ids, targets=targets, positions=positions, segments=segments, mask=attention_mask(segments),
        marks=torch.tensor([(row, place, placed.kind) for row, place, placed in marks]).view(-1, 3).long(),
        centers=torch.tensor([(placed.x, placed.y) for *_, placed in marks], dtype=torch.float32).view(-1, 2),
    )  # fmt: skip
