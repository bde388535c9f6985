"""nano's sizes and modules: transformers' InternVL (InternViT + Qwen2), SAM 2, and the `[SEG]` bridge."""

import cv2
import numpy as np
import torch
from torch import nn
from transformers import InternVLConfig, InternVLForConditionalGeneration, Sam2Config, Sam2Model

SIZE = 224
PATCH = 16
IMAGE_TOKENS = (SIZE // PATCH // 2) ** 2
VIT_WIDTH, VIT_LAYERS, VIT_HEADS = 192, 6, 3
LM_WIDTH, LM_LAYERS, LM_HEADS, LM_KV_HEADS, LM_MLP = 256, 4, 4, 2, 704
LM_POSITIONS = 1024
SAM_WIDTH = 96
HIERA_WIDTH, HIERA_STAGES, HIERA_WINDOWS = 32, [1, 2, 3, 1], [8, 4, 14, 7]
HIERA_GLOBAL = [5]
DECODER_MLP, IOU_HEAD = 256, 96
CODE_SEED = 20
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def pixels(pictures):
    """uint8 RGB arrays of SIZE x SIZE to the normalized input of both image encoders."""
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    return (batch - MEAN) / STD


def class_codes(count):
    """One fixed prompt vector a class: orthogonal, entries of unit root mean square.

    Both sides are trained toward the same fixed codes, so they need not wait for each other.
    """
    if count > SAM_WIDTH:
        raise ValueError(f"{count} classes need more than {SAM_WIDTH} orthogonal codes")
    generator = torch.Generator().manual_seed(CODE_SEED)
    square, _ = torch.linalg.qr(torch.randn(SAM_WIDTH, SAM_WIDTH, generator=generator))
    return square[:count] * SAM_WIDTH**0.5


def reset(module):
    """torch's own initialization scaled to the fan-in; transformers' fixed 0.02 is too small for these widths."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            part.reset_parameters()


def build_sam():
    widths = [HIERA_WIDTH * 2**i for i in range(4)]
    grid = SIZE // 4
    backbone = dict(
        model_type="sam2_hiera_det_model",
        hidden_size=HIERA_WIDTH,
        num_attention_heads=1,
        image_size=[SIZE, SIZE],
        blocks_per_stage=HIERA_STAGES,
        embed_dim_per_stage=widths,
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=HIERA_WINDOWS,
        global_attention_blocks=HIERA_GLOBAL,
    )
    vision = dict(
        model_type="sam2_vision_model",
        backbone_config=backbone,
        backbone_channel_list=widths[::-1],
        backbone_feature_sizes=[[grid, grid], [grid // 2] * 2, [grid // 4] * 2],
        fpn_hidden_size=SAM_WIDTH,
    )
    sam = Sam2Model(
        Sam2Config(
            vision_config=vision,
            prompt_encoder_config=dict(hidden_size=SAM_WIDTH, image_size=SIZE),
            mask_decoder_config=dict(hidden_size=SAM_WIDTH, mlp_dim=DECODER_MLP, iou_head_hidden_dim=IOU_HEAD),
        )
    )
    reset(sam)
    for part in (sam.prompt_encoder, sam.mask_decoder):
        for module in part.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight)
    nn.init.trunc_normal_(sam.vision_encoder.backbone.pos_embed, std=0.1)
    nn.init.trunc_normal_(sam.vision_encoder.backbone.pos_embed_window, std=0.1)
    sam.prompt_encoder.shared_embedding.positional_embedding.copy_(sam.shared_image_embedding.positional_embedding)
    return sam


def build_vlm(vocabulary, image_token):
    vision = dict(
        model_type="internvl_vision",
        hidden_size=VIT_WIDTH,
        num_hidden_layers=VIT_LAYERS,
        num_attention_heads=VIT_HEADS,
        intermediate_size=4 * VIT_WIDTH,
        image_size=SIZE,
        patch_size=PATCH,
        attention_bias=True,
        use_qk_norm=False,
        norm_type="layer_norm",
        layer_scale_init_value=0.1,
        use_mean_pooling=True,
    )
    text = dict(
        model_type="qwen2",
        hidden_size=LM_WIDTH,
        intermediate_size=LM_MLP,
        num_hidden_layers=LM_LAYERS,
        num_attention_heads=LM_HEADS,
        num_key_value_heads=LM_KV_HEADS,
        vocab_size=vocabulary,
        max_position_embeddings=LM_POSITIONS,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=1e6),
        bos_token_id=None,
        eos_token_id=None,
    )
    return InternVLForConditionalGeneration(
        InternVLConfig(
            vision_config=vision,
            text_config=text,
            image_token_id=image_token,
            image_seq_length=IMAGE_TOKENS,
            downsample_ratio=0.5,
            tie_word_embeddings=True,
        )
    )


def build_bridge():
    """text_hidden_fcs: the `[SEG]` state to a SAM 2 prompt token."""
    return nn.Sequential(nn.Linear(LM_WIDTH, LM_WIDTH), nn.ReLU(), nn.Linear(LM_WIDTH, SAM_WIDTH))


class Masks(nn.Module):
    """SAM 2 as Sa2VA uses it: a language vector as one more sparse prompt token."""

    def __init__(self):
        super().__init__()
        self.sam = build_sam()

    def features(self, batch):
        """The stride-16 map with the no-memory embedding, and the two high-resolution maps."""
        fpn = self.sam.vision_encoder(batch).fpn_hidden_states
        decoder = self.sam.mask_decoder
        memory = self.sam.no_memory_embedding.view(1, -1, 1, 1)
        return fpn[2] + memory, [decoder.conv_s0(fpn[0]), decoder.conv_s1(fpn[1])]

    def decode(self, features, sparse, previous=None, multimask=True):
        """`sparse` is images x prompts x tokens x width; `previous` low-resolution logits, images x 1 x 56 x 56.

        Returns mask logits (images x prompts x masks x 56 x 56), predicted IoU and object score logits.
        """
        embedding, high = features
        encoder = self.sam.prompt_encoder
        if previous is None:
            dense = encoder.no_mask_embed.weight.view(1, -1, 1, 1)
        else:
            dense = encoder.mask_embed(previous)
        masks, iou, _, score = self.sam.mask_decoder(
            image_embeddings=embedding,
            image_positional_embeddings=self.sam.get_image_wide_positional_embeddings().expand(len(embedding), -1, -1, -1),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=multimask,
            high_resolution_features=high,
        )
        return masks, iou, score

    def language_prompt(self, vectors):
        """Two "not a point" tokens and the vector; `vectors` is images x prompts x width."""
        pad = self.sam.prompt_encoder.not_a_point_embed.weight.expand(*vectors.shape[:2], 2, -1)
        return torch.cat([pad, vectors[:, :, None]], 2)

    def point_prompt(self, points, labels):
        """Points (images x prompts x points x 2, pixels) with labels 1, 0, or 2 and 3 for box corners, and the pad."""
        return self.sam.prompt_encoder._embed_points(points, labels, pad=True)


def low_resolution(masks):
    """Boolean masks of SIZE x SIZE to their share in each cell of the decoder's output."""
    side = SIZE // 4
    small = [cv2.resize(m.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA) for m in masks]
    return torch.from_numpy(np.stack(small))
