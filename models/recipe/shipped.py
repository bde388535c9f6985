"""The values that a quantized model folder stands for, written into the PyTorch modules that it was exported from."""

import numpy as np
import torch
from safetensors.torch import load_file

from export import language_tensors, sam_tensors


def dense(folder):
    """Every tensor of a quantized folder as float32: value = quant * scale + bias, a scale and bias a group of a row."""
    stored = {}
    for path in sorted(folder.glob("*.safetensors")):
        stored |= load_file(path)
    tensors = {}
    for name, tensor in stored.items():
        stem = name.removesuffix(".weight")
        if name.endswith((".scales", ".biases")) and f"{name.rsplit('.', 1)[0]}.weight" in stored:
            continue
        if f"{stem}.scales" not in stored:
            tensors[name] = tensor.float()
            continue
        quants = torch.from_numpy(tensor.view(torch.int32).numpy().view(np.uint8).astype(np.float32))  # 8 bits, low byte first
        scales, biases = stored[f"{stem}.scales"].float(), stored[f"{stem}.biases"].float()
        groups = quants.view(len(quants), scales.shape[1], -1)
        tensors[name] = (groups * scales[..., None] + biases[..., None]).view(len(quants), -1)
    return tensors


@torch.no_grad()
def load_masks(masks, found):
    """Overwrites a `model.Masks`; the exporter's tensors are views of its weights."""
    for name, tensor in sam_tensors({f"masks.{k}": v for k, v in masks.state_dict().items()}).items():
        tensor.copy_(found[name].view(tensor.shape))
    sam = masks.sam
    sam.shared_image_embedding.positional_embedding.copy_(sam.prompt_encoder.shared_embedding.positional_embedding)


@torch.no_grad()
def load_speaker(speaker, found, parts=""):
    """Overwrites the tensors of a `train_language.Speaker` whose exported names begin with `parts`."""
    for name, tensor in language_tensors(speaker.state_dict()).items():
        if not name.startswith(parts):
            continue
        if ".attn.qkv." in name:  # joined by the exporter, so not a view
            *_, layer, _, _, kind = name.split(".")
            attention = speaker.vlm.model.vision_tower.encoder.layer[int(layer)].attention
            for letter, part in zip("qkv", found[name].view(tensor.shape).chunk(3), strict=True):
                getattr(getattr(attention, f"{letter}_proj"), kind).copy_(part)
        else:
            tensor.copy_(found[name].view(tensor.shape))
