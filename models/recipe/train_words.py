"""Teaches a trained language side people's own words: `python train_words.py --start .work --minutes 60`.

The last stage of the language side, made for a CPU. InternViT and connector stay as they are, so pictures are drawn and seen once
(.work/pictures.pt) and every step trains only Qwen2 and bridge, on questions packed behind kept image tokens: half of them the
usual ones, so that nothing is forgotten, half requests (own_words.py). Writes .work/language.pt (averaged weights, as export.py
reads them) and .work/masks.pt, and .work/words.pt, from which the same command goes on.
"""

import argparse
import math
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer

import evidence
from art import WORK, load_objects
from attention import attend_plainly
from begin import begin
from codes import Codes
from kept_pictures import kept_pictures
from losses import text_loss
from model import HALF
from own_words import Requests
from read_off import ReadOff
from request_rows import RequestRows
from run_log import RunLog
from training import Due, check_disk
from vocabulary import load_vocabulary
from weights import Learner, RunningMeans, read, save
from words_check import WordsCheck

READ_OFF = 0.3  # weight of that loss
ALONE = 128  # requests a step that are read without a picture for it
WHOLE_EVERY = 4  # steps; in the others only tokens of answers are told apart, which is a sixth cheaper
FASTER = 4  # times the rate at which token embeddings learn, most of which are met seldom
WARM, LEAST = 60, 0.01  # steps of warm-up, and share of the rate that is left at the end
SHOW_EVERY, SAVE_EVERY, CHECK_EVERY = 30, 120, 300  # seconds


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--start", type=Path, required=True, help="folder of a shipped model, or of language.pt and masks.pt")
    parser.add_argument("--out", type=Path, default=WORK)
    parser.add_argument("--minutes", type=float, default=60, help="of training, over all resumed runs")
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--tuning-pictures", type=int, default=128, help="to measure by on the way; 0 for none")
    parser.add_argument("--batch", type=int, default=12, help="pictures a step")
    parser.add_argument("--questions", type=int, default=11, help="a picture, the larger half of them requests")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--decay", type=float, default=0.997, help="of the averaged weights")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=29)
    parser.add_argument("--without-hints", action="store_true", help="a control: hand-written requests alone")
    return parser.parse_args()


def rate_at(share, step):
    """Warm-up, then a cosine over the whole time."""
    return min(1, (step + 1) / WARM) * (LEAST + (1 - LEAST) * 0.5 * (1 + math.cos(math.pi * min(share, 1))))


class WordsRun:
    """The stage, from its beginning or from where an earlier run stopped."""

    def __init__(self, args):
        self.args, self.path, self.log = args, args.out / "words.pt", RunLog(args.out / "log.txt")
        objects, self.vocabulary = load_objects(), load_vocabulary()
        self.side, self.speaker, _, told = begin(args.start, self.vocabulary, objects)
        attend_plainly(self.speaker)
        check_disk(args.out, [self.side, self.speaker])
        self.codes = Codes(len(objects), self.side.frequencies.detach().clone())
        counts = args.pictures, args.tuning_pictures
        self.kept = kept_pictures(args.out / "pictures.pt", self.speaker, self.codes, *counts, self.log)
        state = read(self.path) if self.path.exists() else None
        self.step = state["step"] if state else 0
        rng = random.Random(args.seed + self.step)
        requests = Requests(objects, rng, hinted=not args.without_hints)
        self.rows = RequestRows(objects, requests, self.vocabulary, rng, args.questions)
        if state is None:
            self.log(told)
            self.begin_with_evidence(requests, objects)
        self.learner = self.learner_of(self.speaker)
        if state:
            self.learner.restore(state["language"], self.path)
            self.log(f"goes on at step {self.step}")
        self.log.go_on(state["spent"] if state else 0.0)
        tune = self.kept["tune"]
        self.check = WordsCheck(tune, objects, requests, self.vocabulary) if tune else None
        self.read_off = ReadOff(self.speaker, self.vocabulary, requests, len(objects))
        self.answers, self.means = self.rows.answer_tokens(self.kept["train"]), RunningMeans()
        self.log(f"{sum(map(len, requests.known.values()))} requests to train on, {len(requests.checked)} to measure by")

    def begin_with_evidence(self, requests, objects):
        """Token embeddings that learned nothing before begin with what they say about the classes."""
        weights = evidence.fit(self.vocabulary, *evidence.told(requests, objects), len(objects) + 1)
        evidence.begin_with(self.speaker.vlm.get_input_embeddings().weight, weights, self.unlearned())

    def unlearned(self):
        """Tokens that a shipped model did not have, or that an earlier run of train.py never met."""
        shipped = not (self.args.start / "language.pt").exists()
        path = self.args.start / "tokenizer.json"
        met = Tokenizer.from_file(str(path)).get_vocab() if shipped else self.rows.usual_tokens(self.kept["train"])
        vocabulary = self.vocabulary.tokenizer.get_vocab()
        return [number for text, number in vocabulary.items() if (text if shipped else number) not in met]

    def learner_of(self, speaker):
        """Only Qwen2 and bridge learn, and token embeddings faster than the rest."""
        for part in (speaker.vlm.model.vision_tower, speaker.vlm.model.multi_modal_projector, speaker.classify_patch):
            part.requires_grad_(False)
        speaker.eval()  # no dropout in these modules; the frozen part must not change
        return Learner(speaker, self.args.rate, self.args.decay, faster=(speaker.vlm.get_input_embeddings().weight, FASTER))

    def save(self):
        told = dict(step=self.step, spent=self.log.passed())
        save(self.path, language=self.learner.state(), **told)
        save(self.args.out / "language.pt", average=self.learner.exported(), **told)
        side = {name: value.bfloat16() for name, value in self.side.state_dict().items()}
        save(self.args.out / "masks.pt", average=side, **told)

    def learn(self, rate):
        image, text = self.rows.batch(self.kept["train"], self.args.batch)
        among = None if self.step % WHOLE_EVERY == 0 else self.answers
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
            loss, told = text_loss(self.speaker, self.codes, image, text, among)
        early, told["early"] = self.read_off.of_batch(text)
        alone, told["alone"] = self.read_off.of_requests(ALONE)
        (loss + READ_OFF * (early + alone)).backward()
        self.means.add(**told, norm=self.learner.learn(rate, self.step))
        self.step += 1

    def measure(self, what):
        if self.check:
            with self.learner:
                self.log(f"{what}: {self.check(self.speaker)}")

    def go(self):
        if not self.step:
            self.measure("check 0")
        show_due, save_due, check_due = Due(SHOW_EVERY), Due(SAVE_EVERY), Due(CHECK_EVERY)
        while self.log.passed() < 60 * self.args.minutes:
            rate = rate_at(self.log.passed() / (60 * self.args.minutes), self.step)
            self.learn(rate)
            if show_due():
                self.log(f"step {self.step} rate {rate:.3f} | {self.means}")
            if save_due():
                self.save()
            if check_due():
                self.measure(f"check {self.step}")
        self.save()
        self.measure(f"check {self.step}, the end")


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    WordsRun(args).go()


if __name__ == "__main__":
    main()
