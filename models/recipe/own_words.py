"""Requests in people's own words, from the files in words/, said otherwise every time.

`words/requests.jsonl` has hand-written requests ({"object": …, "request": …}), `words/hints.jsonl` words that make one think of
an object ({"object": …, "words": […]}), `words/outside.jsonl` things that nano does not know ({"thing": …, "requests": […],
"words": […]}).
"""

import hashlib
import json
from collections import defaultdict
from pathlib import Path

from questions import trained_facts
from wording import VERBS, Wording, slipped, with_article

FOLDER = Path(__file__).parent / "words"
CHECKED = 20  # one in so many requests is never trained on, to measure by
HINTED = 0.6  # share of requests made from hints alone
NAMED = 0.4  # share of requests for outside things that call them by name
JOINED, RECAST, FRAMED, SLIPS = 0.12, 0.3, 0.25, 0.08  # shares joined with another, reworded by rule, framed, mistyped
DROPPED = 0.25  # share of a request's words that are left out in most of them …
VAGUE, VAGUEST = 0.5, 0.7  # … and share of requests of which up to that much is, so that the picture has to help
MUDDLED, FOREIGN = 0.35, (0.2, 0.6)  # share of requests in which that share of words is exchanged for others' words

FRAMES = [
    "please {r}", "{r} please", "{r}, please", "{r} pls", "hey, {r}", "hi! {r}", "ok so {r}", "um, {r}", "{r} thanks",
    "{r}, thank you", "hello, {r}", "so {r}", "{r} in the picture", "{r} in this picture", "{r} here", "hmm {r}",
    "look: {r}", "riddle: {r}", "{r}",
    "can you help me? {r}", "{r}. where is it", "{r}. show me", "{r}, which one", "{r}, any idea", "quick question: {r}",
    "well, {r}",
]  # fmt: skip
HINTS = [
    "{w}", "{w}", "{w}", "something for {w}", "the thing for {w}", "the thing with {w}", "I want {w}", "I need it for {w}",
    "what goes with {w}", "{w} thing", "it makes me think of {w}", "what has to do with {w}", "it's about {w}",
    "which one means {w}", "for {w}", "the {w} one", "something about {w}", "which one is for {w}",
    "what do I need for {w}", "the one with {w}",
]  # fmt: skip
NOUNS = ("the ", "that ", "a ", "an ", "something ", "my ", "one ", "anything ")  # beginnings of what may follow a verb
SYNONYMS = [  # ways to begin or to ask that are exchanged for one another
    ("i need", "i want", "i'd like", "i could use", "i really need", "we need", "i am looking for", "i'm looking for", "get me",
     "give me"),
    ("i wish i had", "if only i had", "i'd love to have", "i would love", "wish i had", "i dream of"),
    ("i wish i could", "if only i could", "i'd love to", "i would love to", "wish i could", "i want to", "i wanna",
     "i dream i could"),
    ("i have to", "i need to", "i must", "i've got to", "i gotta", "time to", "i want to", "we have to"),
    ("which one", "which thing", "which of these", "which", "which of them", "which object"),
    ("what would", "what might", "what could", "what does", "what will", "what do"),
    ("the thing", "the one", "that thing", "something", "the thingy", "that one", "a thing"),
    ("mommy", "mama", "mom", "daddy", "mum"), ("wanna", "want to"), ("gonna", "going to"), ("gotta", "have to"),
    ("what am i", "who am i", "guess what i am", "what is it", "what's that"), ("where is", "where's", "find", "show me"),
    ("someone", "somebody"), ("kids", "children"), ("kid", "child"), ("can i", "could i", "may i"), ("i am", "i'm"),
    ("do not", "don't"), ("cannot", "can't"), ("is not", "isn't"), ("it is", "it's"), ("really", "very", "so"),
]  # fmt: skip


def held_back(request):
    return int(hashlib.sha256(request.encode()).hexdigest(), 16) % CHECKED == 0


def lines(name):
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


class Requests:
    """Makes requests for classes (numbers in the order of `objects`) and for things outside of them (the class `outside`)."""

    def __init__(self, objects, rng, hinted=True):
        kinds = {entry["name"]: kind for kind, entry in enumerate(objects)}
        self.rng, self.objects, self.outside = rng, objects, len(objects)
        self.known, self.checked, self.hints, self.evoked = defaultdict(list), [], defaultdict(list), defaultdict(set)
        for entry in lines("requests.jsonl"):
            self.add(kinds[entry["object"]], entry["request"])
        for entry in lines("hints.jsonl") if hinted else []:
            for word in entry["words"]:
                self.hints[kinds[entry["object"]]].append(word)
                self.evoked[word].add(kinds[entry["object"]])
        self.things = lines("outside.jsonl")
        for entry in self.things:
            entry["requests"] = [r for r in entry["requests"] if self.add(self.outside, r)]
        self.words = [word for texts in self.known.values() for text in texts for word in text.split()]
        self.wording = Wording(rng)

    def add(self, kind, request):
        if held_back(request):
            self.checked.append((kind, request))
            return False
        self.known[kind].append(request)
        return True

    def any_kind(self):
        """A class, or now and then what is outside."""
        return self.outside if self.rng.random() < 0.15 else self.rng.randrange(self.outside)

    def said(self, kind, present=frozenset()):
        """A request for class `kind`; its words do not stand for any of `present` as well."""
        if kind == self.outside:
            return self.mistyped(self.for_outside())
        hints = [word for word in self.hints[kind] if not self.evoked[word] & present] if present else self.hints[kind]
        if hints and self.rng.random() < HINTED:
            return self.mistyped(self.hinted(hints))
        return self.mistyped(self.varied(self.rng.choice(self.known[kind]), self.known[kind], trained_facts(self.objects[kind])))

    def for_outside(self):
        thing, chance = self.rng.choice(self.things), self.rng.random()
        if chance < NAMED:
            name = thing["thing"]
            if self.rng.random() < 0.25:
                return self.wording.presence(with_article(name), False)
            return self.wording.request(self.rng.choice([f"the {name}", f"the {name}", with_article(name), name]))
        if thing["requests"] and (chance < 0.7 or not thing["words"]):
            return self.varied(self.rng.choice(thing["requests"]), thing["requests"], [])
        return self.hinted(thing["words"] or [thing["thing"]])

    def varied(self, text, others, facts):
        """Joined with another request or a fact of the same object, reworded, with words left out or exchanged, framed."""
        rng = self.rng
        if rng.random() < JOINED:
            other = "it " + rng.choice(facts) if facts and rng.random() < 0.4 else rng.choice(others)
            text = text.rstrip(".?!") + rng.choice([". ", ", ", " ", " and "]) + other
        if rng.random() < RECAST:
            text = self.recast(text)
        text = self.thinned(text, rng.uniform(0, VAGUEST) if rng.random() < VAGUE else DROPPED)
        if rng.random() < MUDDLED:
            text = self.muddled(text)
        return self.framed(text) if rng.random() < FRAMED else text

    def hinted(self, hints):
        """A few words in a frame, or among the words of some other request, of which not too much is left."""
        words = self.rng.sample(hints, min(self.rng.choice([1, 1, 2, 2, 3]), len(hints)))
        if self.rng.random() < 0.55:
            return self.rng.choice(HINTS).format(w=self.rng.choice([" ", ", ", " and "]).join(words))
        other = self.rng.choice(self.known[self.rng.choice(list(self.known))])
        around = [word for word in other.split() if len(word) < 4 or self.rng.random() < 0.3]
        for word in words:
            around.insert(self.rng.randint(0, len(around)), word)
        return " ".join(around)

    def muddled(self, text):
        """Some words exchanged for those of other requests, so that what fits the picture counts."""
        share = self.rng.uniform(*FOREIGN)
        return " ".join(self.rng.choice(self.words) if self.rng.random() < share else word for word in text.split())

    def recast(self, text):
        low = f" {text.lower()} "
        options = [group for group in SYNONYMS if any(f" {phrase} " in low for phrase in group)]
        if not options:
            return text
        group = self.rng.choice(options)
        phrase = max((p for p in group if f" {p} " in low), key=len)
        return low.replace(f" {phrase} ", f" {self.rng.choice(group)} ", 1).strip()

    def thinned(self, text, share):
        words = text.split()
        kept = [word for word in words if self.rng.random() >= share]
        return " ".join(kept if 3 * len(kept) >= len(words) else words)

    def framed(self, text):
        text = text.rstrip(".!") if self.rng.random() < 0.7 else text
        if text.lower().startswith(NOUNS) and self.rng.random() < 0.6:
            verb = self.rng.choice([*VERBS, "where is", "which is", "do you see", "I need", "I want", "can you find"])
            return f"{verb} {text[0].lower()}{text[1:]}"
        return self.rng.choice(FRAMES).format(r=text)

    def mistyped(self, text):
        return slipped(self.rng, text) if self.rng.random() < SLIPS else text
