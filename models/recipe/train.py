"""Trains both sides at once, then jointly: `python train.py --minutes 240`, on a CPU or a GPU.

Worker processes draw pictures and ask about them; the device does the rest. Writes .work/language.pt and .work/masks.pt (averaged
weights, as export.py reads them), .work/train.pt, from which the same command goes on, and .work/log.txt. All three files are
replaced every two minutes and at the end.
"""

import argparse
import os
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
HERE = Path(__file__).resolve().parent
if (HERE / "data").is_dir():  # a bundle
    os.environ.setdefault("NANO_WORK", str(HERE / "data"))

import workers  # noqa: E402
from art import WORK  # noqa: E402
from packing import tuning_rows  # noqa: E402
from training_scenes import TrainingWorld  # noqa: E402
from vocabulary import load_vocabulary  # noqa: E402

CHUNK = 32  # pictures a slot at most
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# What is left to the machine: one that draws for a GPU needs its cores for that, one without a GPU for learning.
DEFAULTS = {
    "cuda": dict(batch=256, rate=1.5e-3, mask_rate=1.2e-3, tuning_pictures=256, workers=max(CORES - 2, 2), threads=2),
    "cpu": dict(batch=16, rate=1e-3, mask_rate=1e-3, tuning_pictures=64, workers=1, threads=CORES),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--minutes", type=float, default=240, help="of training, over all resumed runs")
    parser.add_argument("--out", type=Path, default=WORK)
    parser.add_argument("--start", type=Path, help="folder of a shipped model, or of language.pt and masks.pt; else from nothing")
    parser.add_argument("--known", type=int, help="how many of the objects a shipped model knows; all, when left out")
    parser.add_argument("--batch", type=int, help="pictures a step, above 32 in multiples of it; 256 on a GPU, 16 on a CPU")
    parser.add_argument("--workers", type=int, help="processes that draw; all cores but two for a GPU, 1 for a CPU")
    parser.add_argument("--threads", type=int, help="that learn; 2 beside a GPU, all cores on a CPU")
    parser.add_argument("--rate", type=float, help="highest learning rate of the language side")
    parser.add_argument("--mask-rate", type=float, help="highest learning rate of the mask side")
    parser.add_argument("--joint", type=float, default=0.7, help="share of the time after which masks follow the language side")
    parser.add_argument("--tuning-pictures", type=int, help="to measure by on the way; 256 on a GPU, 64 on a CPU, 0 for none")
    parser.add_argument("--save-every", type=float, default=120, help="seconds")
    parser.add_argument("--seed", type=int, default=11)
    return settled(parser.parse_args())


def settled(args):
    """With defaults by the machine. Whether there is a GPU must be known before torch is loaded, so its driver is looked for."""
    if args.device not in ("auto", *DEFAULTS):
        raise SystemExit(f"--device {args.device}: there are auto, {' and '.join(DEFAULTS)}")
    driver = any(map(os.path.exists, ("/dev/nvidiactl", "/dev/dxg")))
    kind = ("cuda" if driver else "cpu") if args.device == "auto" else args.device
    for name, value in DEFAULTS[kind].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.start and not args.start.is_dir():
        raise SystemExit(f"--start {args.start}: there is no such folder")
    for name in ("batch", "workers", "threads", "minutes"):
        if getattr(args, name) <= 0:
            raise SystemExit(f"--{name} must be more than 0")
    return args


def main():
    args = arguments()
    vocabulary, world = load_vocabulary(), TrainingWorld(ground_seed=3)
    args.out.mkdir(parents=True, exist_ok=True)
    rows = tuning_rows(TrainingWorld(ground_seed=4), vocabulary, args.tuning_pictures)
    chunk = min(CHUNK, args.batch)
    each = max(2 * args.batch // chunk // args.workers + 1, 3)
    resumed = (args.out / "train.pt").exists()  # with other pictures than the first time
    seed = args.seed * 1_000_003 + (time.time_ns() % 1_000_003 if resumed else 0)
    shared, supervisor = workers.start(args.workers, each, chunk, seed, world, vocabulary)
    try:
        from training import train  # loads torch, so only after the workers are forked

        train(args, world.objects, vocabulary, shared, rows)
    finally:
        workers.stop(supervisor)


if __name__ == "__main__":
    main()
