"""The mask side as it is trained: SAM 2 and a classifier on its features."""

import torch
from torch import nn

from model import SAM_WIDTH, Masks, class_codes


class Trainee(nn.Module):
    """The mask model and a classifier on its stride-16 features, thrown away after training.

    The classifier's weights are the class codes themselves behind one learned linear map, so that what makes
    a feature recognizable also makes it answer to the prompt.
    """

    def __init__(self, classes):
        super().__init__()
        self.masks = Masks()
        self.register_buffer("codes", class_codes(classes), persistent=False)
        self.classify = nn.Linear(SAM_WIDTH, SAM_WIDTH)
        self.ground = nn.Parameter(torch.zeros(SAM_WIDTH))

    def logits(self, embedding):
        """Of classes and ground, from features (pictures x SAM_WIDTH x rows x columns): pictures x cells x classes + 1."""
        vectors = self.classify(embedding.flatten(2).transpose(1, 2))
        return vectors @ torch.cat([self.codes, self.ground[None]]).T / SAM_WIDTH**0.5

    @property
    def frequencies(self):
        """Of the point encoding, by which both sides tell places."""
        return self.masks.sam.shared_image_embedding.positional_embedding
