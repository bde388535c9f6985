"""The language side as it is trained: InternViT, connector, Qwen2 and the `[SEG]` bridge."""

import torch
from torch import nn

from grid import grid_codes
from looking import look_first
from model import VIT_WIDTH, build_bridge, build_vlm, reset
from sizes import GRID, IMAGE_TOKENS

NAMED = 1.5  # length of the code in a name's embedding, in mean lengths of embeddings


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
        self.classes, self.image_start = classes, vocabulary.start

    @torch.no_grad()
    def begin(self, vocabulary, objects):
        """Names at their classes' grid codes, and a head that compares them with the picture."""
        self.name_codes(vocabulary, objects)
        look_first(self.first_attention(), self.classes)

    def first_attention(self):
        return self.vlm.model.language_model.layers[0].self_attn

    @torch.no_grad()
    def name_codes(self, vocabulary, objects, first=0):
        """Starts the words of names, from object `first` on, at their grid codes, so that looking begins as comparing."""
        table = self.vlm.get_input_embeddings().weight
        for entry, code in list(zip(objects, grid_codes()[0]))[first:]:
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
        embedded = self.vlm.get_input_embeddings()(ids).to(image.dtype)
        embedded = torch.cat([embedded[:, : self.image_start], image, embedded[:, self.image_start + IMAGE_TOKENS :]], 1)
        model = self.vlm.model.language_model
        return model(inputs_embeds=embedded, position_ids=positions, attention_mask=mask, use_cache=False).last_hidden_state
