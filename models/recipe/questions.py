"""Makes questions about a scene, with their answers."""

from itertools import islice

from question import Question
from relations import Relations
from scenes import SIZE
from wording import GROUPS, LIST, PLACE, Wording, capital, careless, dress, joined, paraphrased, plural, with_article

HELD_OUT_FACTS = 1  # the last fact of each object is never trained on
UNKNOWN = "I do not know that."  # the answer about what is in no class
SHOWN = 0.4  # visible share from which an object is asked about
FAMILIES = {  # how often each is trained on
    "direct": 2.5, "attribute": 4, "spatial": 5, "function": 2.5, "several": 2, "negation": 2.5, "conditional": 3,
    "false-premise": 4, "presence": 2,
}  # fmt: skip
PRACTICE = {"place": 0.5, "list": 0.4, "keywords": 1.5, "clue": 1.5}  # trained on, not measured


def trained_facts(entry):
    return entry["facts"][:-HELD_OUT_FACTS]


class Asker(Relations):
    """Makes questions about scenes of `objects`, the entries of objects.toml."""

    def __init__(self, objects, rng, held_out=False):
        self.objects, self.rng, self.held_out = objects, rng, held_out
        self.present_next = True
        self.wording = Wording(rng, held_out)
        self.makers = {name: getattr(self, name.replace("-", "_")) for name in FAMILIES | PRACTICE}

    def ask(self, scene, family):
        """A question of `family`, or None where the scene affords none."""
        question = self.makers[family](scene)
        if question:
            question.family, question.text = family, dress(self.rng, question.text)
        return question

    def families(self, count):
        """Families at random, in the proportions of training."""
        weights = FAMILIES | PRACTICE
        return self.rng.choices(list(weights), list(weights.values()), k=count)

    def several_families(self, scene, count):
        """Up to `count` questions in the proportions of training."""
        asked = (self.ask(scene, family) for family in self.families(2 * count))
        return list(islice((q for q in asked if q), count))

    def typed(self, scene, families):
        """Training questions of these families about a scene, some typed carelessly."""
        for family in families:
            question = self.ask(scene, family)
            if question:
                question.text = careless(self.rng, question.text)
                yield question

    # Words for objects.

    def name(self, kind):
        return self.objects[kind]["name"]

    def called(self, kind):
        """The name or, at times, another one."""
        return self.rng.choice([self.name(kind)] * 3 + self.objects[kind].get("also", []))

    def is_plural(self, kind):
        return self.objects[kind].get("plural", False)

    def a(self, kind, name=None):
        name = name or self.name(kind)
        return name if self.is_plural(kind) else with_article(name)

    def facts(self, kind):
        entry = self.objects[kind]
        return entry["facts"][-HELD_OUT_FACTS:] if self.held_out else trained_facts(entry)

    def found(self, kind):
        return f"{'These are' if self.is_plural(kind) else 'It is'} the {self.name(kind)}. [SEG]"

    def none_of(self, kind):
        return f"There {'are' if self.is_plural(kind) else 'is'} no {self.name(kind)} here."

    def meant(self, kind, placed):
        """Names the object before it is decided whether it is there, so that the name can be looked for, and says of it what
        is always said: the question's own words are not repeated, which may be misunderstood.
        """
        none = f", but there {'are' if self.is_plural(kind) else 'is'} none here."
        return f"The {self.name(kind)} {self.objects[kind]['reason']}" + (". [SEG]" if placed else none)

    def listed(self, objects):
        return capital(joined([f"the {self.name(o.kind)} [SEG]" for o in objects])) + "."

    # Objects to ask about.

    def shown(self, scene):
        return [o for o in scene.objects if o.visible >= SHOWN]

    def unique(self, scene):
        """Objects that are the only one of their kind."""
        kinds = [o.kind for o in scene.objects]
        return [o for o in self.shown(scene) if kinds.count(o.kind) == 1]

    def pick(self, scene):
        pool = self.unique(scene)
        return self.rng.choice(pool) if pool else None

    def pick_absent(self, scene):
        return self.rng.choice([k for k in range(len(self.objects)) if k not in scene.pasted])

    def of_category(self, scene, category):
        """All objects of a category, or None when one of them hardly shows."""
        members = [o for o in scene.objects if category in self.objects[o.kind]["categories"]]
        return members if all(o.visible >= SHOWN for o in members) else None

    def groups(self, scene, low, high):
        """Categories with `low` to `high` members in the scene, with these from left to right."""
        found = []
        for category in GROUPS:
            members = self.of_category(scene, category)
            if members and low <= len(members) <= high:
                found.append((category, sorted(members, key=lambda o: o.x)))
        return found

    # Families.

    def direct(self, scene):
        placed = self.pick(scene)
        if placed:
            text = self.wording.request(f"the {self.called(placed.kind)}", self.is_plural(placed.kind))
            return Question("", text, self.found(placed.kind), [placed], meant=placed.kind)

    def function(self, scene):
        placed = self.pick(scene)
        if not placed:
            return None
        fact = self.rng.choice(self.facts(placed.kind))
        return Question("", self.wording.function(fact), self.meant(placed.kind, placed), [placed], meant=placed.kind)

    def keywords(self, scene):
        """A few words of a fact, or of two; every third time about an object that is not there."""
        placed = self.pick(scene) if self.rng.random() < 0.67 else None
        kind = placed.kind if placed else self.pick_absent(scene)
        facts = self.rng.sample(self.facts(kind), self.rng.choice([1, 1, 2]))
        words = [word for fact in facts for word in fact.split() if len(word) > 3] or facts[0].split()
        kept = [word for word in words if self.rng.random() < 0.7]
        kept = kept if len(kept) > 1 else words
        text = self.rng.choice(["{}", "{}", "something: {}", "the thing: {}"]).format(" ".join(kept))
        return Question("", text, self.meant(kind, placed), [placed] if placed else [], meant=kind)

    def clue(self, scene):
        """A fact in other words; every third time about an object that is not there."""
        placed = self.pick(scene) if self.rng.random() < 0.67 else None
        kind = placed.kind if placed else self.pick_absent(scene)
        text = paraphrased(self.rng, self.rng.choice(self.facts(kind)))
        if self.rng.random() < 0.3:
            text = self.rng.choice(["find {}", "show me {}", "where is {}", "I am looking for {}", "which is {}"]).format(text)
        return Question("", text, self.meant(kind, placed), [placed] if placed else [], meant=kind)

    def presence(self, scene):
        """Every other one about an object that is not there."""
        placed = None
        if self.present_next:
            placed = self.pick(scene)
            if not placed:
                return None
        self.present_next = not self.present_next
        kind = placed.kind if placed else self.pick_absent(scene)
        text = self.wording.presence(self.a(kind, self.called(kind)), self.is_plural(kind))
        if not placed:
            return Question("", text, self.none_of(kind))
        verb = "are" if self.is_plural(kind) else "is"
        return Question("", text, f"Yes, there {verb} {self.a(kind)}. [SEG]", [placed])

    def several(self, scene):
        """Two named objects, all of a kind, or all of a category, from left to right."""
        return self.rng.choice([self.pair, self.duplicates, self.group])(scene) or self.pair(scene)

    def pair(self, scene):
        pool = self.unique(scene)
        if len(pool) < 2:
            return None
        asked = self.rng.sample(pool, 3 if len(pool) > 2 and self.rng.random() < 0.25 else 2)
        names = [f"the {self.name(o.kind)}" for o in asked]
        forms = ["{} and {}"] * 4 + ["both {} and {}", "{} as well as {}", "{} and also {}", "{} plus {}", "{}, {}"]
        phrase = joined(names) if len(asked) > 2 else self.rng.choice(forms).format(*names)
        return Question("", self.wording.request(phrase, True), self.listed(asked), asked)

    def duplicates(self, scene):
        shown = sorted(self.shown(scene), key=lambda o: o.x)
        hidden = {o.kind for o in scene.objects if o.visible < SHOWN}
        kinds = [k for k in scene.kinds() if 2 <= sum(o.kind == k for o in shown) <= 4 and k not in hidden]
        kinds = [k for k in kinds if not self.is_plural(k)]
        if not kinds:
            return None
        kind = self.rng.choice(kinds)
        targets = [o for o in shown if o.kind == kind]
        text = self.wording.request(f"all the {plural(self.name(kind))}", True)
        return Question("", text, self.listed(targets), targets)

    def group(self, scene):
        found = self.groups(scene, 2, 4)
        if not found:
            return None
        category, targets = self.rng.choice(found)
        phrase = f"{self.rng.choice(['all the', 'all', 'the', 'all of the', 'all the different'])} {GROUPS[category][1]}"
        one_by_one = self.rng.random() < 0.2
        if one_by_one:
            phrase = f"{self.rng.choice(['every', 'each', 'every single'])} {GROUPS[category][0]}"
        text = self.wording.request(phrase, not one_by_one)
        return Question("", text, self.listed(targets), targets)

    def false_premise(self, scene):
        """What the other families ask, about something that is not there."""
        kind, chance = self.pick_absent(scene), self.rng.random()
        name = self.called(kind)
        if chance < 0.5:
            return Question("", self.wording.request(f"the {name}", self.is_plural(kind)), self.none_of(kind), meant=kind)
        if chance < 0.75:
            fact = self.rng.choice(self.facts(kind))
            return Question("", self.wording.function(fact), self.meant(kind, None), meant=kind)
        placed = self.pick(scene)
        if not placed:
            return None
        side = self.side_phrase()
        text = f"the {name} {side} the {self.name(placed.kind)}"
        if chance > 0.88:
            text = f"the thing {side} the {name}"
        return Question("", self.wording.request(text, self.is_plural(kind) and chance <= 0.88), self.none_of(kind))

    def place(self, scene):
        """In which ninth of the picture."""
        placed = self.pick(scene)
        if not placed:
            return None
        name, verb = self.name(placed.kind), "are" if self.is_plural(placed.kind) else "is"
        text = self.rng.choice(PLACE).format(np=f"the {name}", **{"is": verb})
        column = "left" if placed.x < SIZE / 3 else "right" if placed.x > SIZE * 2 / 3 else ""
        row = "top" if placed.y < SIZE / 3 else "bottom" if placed.y > SIZE * 2 / 3 else ""
        where = f"{row} {column}".strip() or "center"
        return Question("", text, f"The {name} {verb} at the {where}. [SEG]", [placed])

    def list(self, scene):
        """From left to right, each kind once; nothing to segment."""
        kinds = list(dict.fromkeys(o.kind for o in sorted(self.shown(scene), key=lambda o: o.x)))
        if kinds:
            return Question("", self.rng.choice(LIST), capital(joined([self.a(k) for k in kinds])) + ".")
