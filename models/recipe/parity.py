"""The quantized export against PyTorch: the same greedy answers, and how far the masks agree.

`python parity.py QUANTIZED BENCHMARK --binary askmask` asks 200 questions of a benchmark folder through the command
line and through `nano.py` with the trained weights, and fails below the required agreement.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco

from evaluate import chosen, iou
from nano import Nano
from scenes import SIZE

QUESTIONS = 200
LEAST_IOU = 0.98


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
    questions = list(chosen(args.benchmark, 10**6))
    questions = questions[:: max(len(questions) // args.questions, 1)][: args.questions]
    for question in questions:
        path = args.benchmark / question["picture"]
        text, mask = from_command_line(args.binary, args.model, path, question["question"])
        answer = nano.ask(np.asarray(Image.open(path).convert("RGB")), question["question"])
        spoken = answer.text.replace("[SEG]", "").split()
        if text.replace("[SEG]", "").split() == spoken:
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
