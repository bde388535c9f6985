"""The quantized export against PyTorch: the same greedy answers, and how far the masks agree.

`python parity.py QUANTIZED BENCHMARK --binary askmask` asks 200 questions of a benchmark folder through the command
line and through `nano.py` with the values that the quantized weights stand for, and fails below the required agreement.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco
from safetensors.torch import load_file

from evaluate import chosen, iou
from export import language_tensors, sam_tensors
from nano import Nano
from scenes import SIZE

QUESTIONS = 200
LEAST_IOU = 0.98


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


def load_quantized(nano, folder):
    """Overwrites the weights of `nano`; the exporter's tensors are views of them, but for q, k and v, which it joins."""
    found = dense(folder)
    with torch.no_grad():
        names = language_tensors(nano.speaker.state_dict()) | sam_tensors({f"masks.{k}": v for k, v in nano.masks.state_dict().items()})
        for name, tensor in names.items():
            if ".attn.qkv." in name and name.startswith("vision_model"):
                *_, layer, _, _, kind = name.split(".")
                attention = nano.speaker.vlm.model.vision_tower.encoder.layer[int(layer)].attention
                parts = found[name].view(tensor.shape).chunk(3)
                for letter, part in zip("qkv", parts, strict=True):
                    getattr(getattr(attention, f"{letter}_proj"), kind).copy_(part)
            else:
                tensor.copy_(found[name].view(tensor.shape))


def from_command_line(binary, model, picture, question):
    """Answer text and union of masks as `askmask ask` gives them."""
    run = [binary, "ask", str(picture), question, "--model", str(model), "--device", "cpu", "--json"]
    report = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    masks = [coco.decode(found["rle"]).astype(bool) for found in report["objects"]]
    return report["text"], np.any(masks, axis=0) if masks else np.zeros((SIZE, SIZE), bool)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("--binary", default="askmask")
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    nano, same, overlaps = Nano(), 0, []
    load_quantized(nano, args.model)
    questions = list(chosen(args.benchmark, 10**6))
    questions = questions[:: max(len(questions) // args.questions, 1)][: args.questions]
    for question in questions:
        path = args.benchmark / question["picture"]
        text, mask = from_command_line(args.binary, args.model, path, question["question"])
        answer = nano.ask(np.asarray(Image.open(path).convert("RGB")), question["question"])
        if text.strip() == answer.text.replace(" [SEG]", "").strip():  # the command line drops the marks
            same += 1
        else:
            print(f"{question['id']}: {text!r}, PyTorch {answer.text!r}")
        overlaps.append(iou(mask, answer.union()))
    mean = float(np.mean(overlaps))
    print(f"{same} of {len(questions)} answers are the same, mean mask IoU {mean:.4f}")
    if same < len(questions) or mean < LEAST_IOU:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
