"""Makes questions about a scene, with their answers."""

from question import Question
from relations import Relations
from scenes import SIZE
from wording import GROUPS, LIST, PLACE, Wording, capital, dress, joined, plural, with_article

HELD_OUT_FACTS = 1  # the last fact of each object is never trained on
SHOWN = 0.4  # visible share from which an object is asked about
FAMILIES = {  # how often each is trained on
    "direct": 2.5, "attribute": 3, "spatial": 4, "function": 2, "several": 2, "negation": 2.5, "conditional": 1.5,
    "false-premise": 4, "presence": 2,
}  # fmt: skip
PRACTICE = {"place": 0.5, "list": 0.5, "keywords": 1.5}  # trained on, not measured


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

    def several_families(self, scene, count):
        """Up to `count` questions in the proportions of training."""
        weights = FAMILIES | PRACTICE
        families = self.rng.choices(list(weights), weights=list(weights.values()), k=2 * count)
        asked = (self.ask(scene, family) for family in families)
        return [q for q in asked if q][:count]

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
        facts = self.objects[kind]["facts"]
        return facts[-HELD_OUT_FACTS:] if self.held_out else facts[:-HELD_OUT_FACTS]

    def found(self, kind):
        return f"{'These are' if self.is_plural(kind) else 'It is'} the {self.name(kind)}. [SEG]"

    def none_of(self, kind):
        return f"There {'are' if self.is_plural(kind) else 'is'} no {self.name(kind)} here."

    def known(self, kind, fact):
        """Names the object before it is decided whether it is there: so the name can be looked for."""
        return f"The {self.name(kind)} are meant" if self.is_plural(kind) else f"The {self.name(kind)} {fact}"

    def but_none(self, kind):
        return f", but there {'are' if self.is_plural(kind) else 'is'} none here."

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
            return Question("", text, self.found(placed.kind), [placed])

    def function(self, scene):
        placed = self.pick(scene)
        if not placed:
            return None
        fact = self.rng.choice(self.facts(placed.kind))
        return Question("", self.wording.function(fact), self.known(placed.kind, fact) + ". [SEG]", [placed])

    def keywords(self, scene):
        """A few words of a fact, or of two; every third time about an object that is not there."""
        placed = self.pick(scene) if self.rng.random() < 0.67 else None
        kind = placed.kind if placed else self.pick_absent(scene)
        facts = self.rng.sample(self.facts(kind), self.rng.choice([1, 1, 2]))
        words = [word for fact in facts for word in fact.split() if len(word) > 3]
        kept = [word for word in words if self.rng.random() < 0.7] or words
        answer = f"The {self.name(kind)} {'are' if self.is_plural(kind) else 'is'} meant"
        answer += ". [SEG]" if placed else self.but_none(kind)
        text = self.rng.choice(["{}", "{}", "something: {}", "the thing: {}"]).format(" ".join(kept))
        return Question("", text, answer, [placed] if placed else [])

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
        first, second = self.rng.sample(pool, 2)
        text = self.wording.request(f"the {self.name(first.kind)} and the {self.name(second.kind)}", True)
        return Question("", text, self.listed([first, second]), [first, second])

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
        text = self.wording.request(f"{self.rng.choice(['all the', 'all', 'the'])} {GROUPS[category][1]}", True)
        return Question("", text, self.listed(targets), targets)

    def false_premise(self, scene):
        """What the other families ask, about something that is not there."""
        kind, chance = self.pick_absent(scene), self.rng.random()
        name = self.called(kind)
        if chance < 0.5:
            return Question("", self.wording.request(f"the {name}", self.is_plural(kind)), self.none_of(kind))
        if chance < 0.75:
            fact = self.rng.choice(self.facts(kind))
            return Question("", self.wording.function(fact), self.known(kind, fact) + self.but_none(kind))
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
