"""How well the language side answers while it learns people's words, on pictures and requests that are never trained on."""

import random
from collections import defaultdict

import numpy as np
import torch

from model import HALF
from packing import NONE
from question import Question
from questions import FAMILIES, UNKNOWN, Asker
from request_rows import collated

GROUP = 16  # rows at once
USUAL = 6  # questions of the usual families a picture


class WordsCheck:
    """Share of answers right to the last token: by family, and for requests held back from training (and as many that are not)
    about what is there, what is not and what is outside. For requests also how often the name alone is right, and what is not
    there refused.
    """

    def __init__(self, kept, objects, requests, vocabulary):
        rng = random.Random(5)
        self.asker, self.vocabulary, self.comma = Asker(objects, rng), vocabulary, vocabulary.encode(",")[0]
        self.seen, self.asked = kept["seen"], [[] for _ in kept["scenes"]]
        for number, scene in enumerate(kept["scenes"]):
            families = [list(FAMILIES)[(number + i) % len(FAMILIES)] for i in range(USUAL)]
            self.asked[number] += [q for q in (self.asker.ask(scene, family) for family in families) if q]
        known = [(kind, text) for kind, texts in requests.known.items() for text in texts]
        for name, entries in {"held": requests.checked, "known": rng.sample(known, len(requests.checked))}.items():
            for kind, text in entries:
                self.add(rng, name, kind, text, kept["scenes"], requests.outside)
        self.order = sorted(range(len(self.asked)), key=lambda i: sum(len(q.text) for q in self.asked[i]))

    def add(self, rng, name, kind, text, scenes, outside):
        if kind == outside:
            rng.choice(self.asked).append(Question(f"{name}-outside", text, UNKNOWN))
            return
        there = [(i, o) for i, s in enumerate(scenes) for o in self.asker.unique(s) if o.kind == kind]
        if there:
            i, placed = rng.choice(there)
            self.asked[i].append(Question(f"{name}-there", text, self.asker.meant(kind, placed), [placed]))
        gone = [i for i, s in enumerate(scenes) if kind not in s.pasted]
        self.asked[rng.choice(gone)].append(Question(f"{name}-gone", text, self.asker.meant(kind, None)))

    @torch.no_grad()
    def __call__(self, speaker):
        found = defaultdict(list)
        for first in range(0, len(self.order), GROUP):
            index = self.order[first : first + GROUP]
            rows = [self.asked[i] for i in index]
            text = collated([self.vocabulary] * len(rows), rows)
            wanted = text["targets"]
            answered = wanted != NONE
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
                hidden = speaker.read(text["ids"], self.seen[index].float(), text["positions"], text["mask"])
                same = torch.zeros_like(answered)
                same[answered] = speaker.vlm.lm_head(hidden[answered]).argmax(-1) == wanted[answered]
            for row, questions in enumerate(rows):
                for number, question in enumerate(questions, 1):
                    mine = (text["segments"][row] == number) & answered[row]
                    self.count(found, question, wanted[row][mine], same[row][mine])
        return " ".join(f"{name} {np.mean(values):.3f}" for name, values in sorted(found.items()))

    def count(self, found, question, wanted, same):
        """One answer's tokens, and which of them are the likeliest."""
        family = question.family
        found[family].append(same.all().item())
        if family.endswith(("-there", "-gone")):
            found[family + "-named"].append(same[: self.name_length(question)].all().item())
        if family.endswith("-gone"):
            found[family + "-refused"].append(same[wanted == self.comma][-1].item())

    def name_length(self, question):
        name = max((o["name"] for o in self.asker.objects if question.answer.startswith(f"The {o['name']} ")), key=len)
        return len(self.vocabulary.encode(f"The {name}"))
