"""Questions about a scene with their answers. Every `[SEG]` in an answer stands for one target class."""

from dataclasses import dataclass, field

from scenes import SIZE, unique

HELD_OUT_FACTS = 1  # the last fact of each object is never trained on

FIND = [
    "where is the {}", "segment the {}", "find the {}", "show me the {}", "show the {}", "point out the {}",
    "highlight the {}", "mark the {}", "select the {}", "outline the {}", "cut out the {}", "the {}", "{}",
    "which one is the {}", "can you segment the {}", "can you find the {}", "please segment the {}",
    "please find the {}", "I am looking for the {}", "where can I see the {}", "please segment the {} in this image",
    "can you please segment the {} in this image", "segment the {} in the picture", "where is the {} in this picture",
    "could you show me where the {} is", "do you see the {}", "give me the mask of the {}", "locate the {}",
]  # fmt: skip
HELD_OUT_FIND = ["could you pick out the {} for me", "which part of the picture is the {}", "mask the {} please"]
FOUND = ["It is the {}. [SEG]", "Here is the {}. [SEG]", "This is the {}. [SEG]"]
FOUND_PLURAL = ["These are the {}. [SEG]", "Here are the {}. [SEG]"]
PRESENT = ["is there {} in the picture", "is there {}", "is there {} here", "does the picture show {}", "can you see {}"]
PLACE = ["describe where the {} is", "in which part of the picture is the {}", "describe the place of the {}"]
USE = [
    "what {}", "which of these {}", "which object {}", "which thing {}", "find the thing that {}",
    "segment the object that {}", "show me something that {}", "which one {}", "segment what {}", "where is the thing that {}",
    "what in this picture {}", "please segment the object that {}", "can you find what {}",
]  # fmt: skip
LIST = ["what is in the picture", "list the objects", "what do you see", "describe the picture", "name everything here"]
BOTH = ["segment the {} and the {}", "find the {} and the {}", "where are the {} and the {}", "show me the {} and the {}"]
GROUP = ["segment all the {}", "find every {}", "which {} are there", "show me the {}", "where are the {}"]
PLURALS = {
    "animal": "animals", "plant": "plants", "food": "things to eat", "fruit": "fruits", "vehicle": "vehicles",
    "instrument": "musical instruments", "building": "buildings", "toy": "toys", "tool": "tools",
}  # fmt: skip
FAMILIES = {
    "direct": 3, "function": 3, "presence": 3, "absent": 0.35, "absent-function": 0.3, "place": 1, "list": 2,
    "both": 0.7, "group": 1,
}  # fmt: skip


@dataclass
class Question:
    family: str
    text: str
    answer: str
    targets: list[int] = field(default_factory=list)  # classes, one per [SEG]


def dress(rng, text):
    """Capital letter and closing mark as people vary them."""
    if rng.random() < 0.6:
        text = text[0].upper() + text[1:]
    asking = text.split()[0].lower() in {"where", "which", "what", "is", "can", "could", "do", "does", "in"}
    mark = "?" if asking else "."
    return text + mark if rng.random() < 0.7 else text


def article(name):
    return ("an " if name[0] in "aeiou" else "a ") + name


def joined(parts):
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def location(placed):
    """Ninths of the picture in words."""
    column = "left" if placed.x < SIZE / 3 else "right" if placed.x > SIZE * 2 / 3 else ""
    row = "top" if placed.y < SIZE / 3 else "bottom" if placed.y > SIZE * 2 / 3 else ""
    return f"{row} {column}".strip() or "center"


class Asker:
    """Makes questions about scenes of `world`."""

    def __init__(self, world, rng, held_out=False):
        self.objects, self.rng, self.held_out = world.objects, rng, held_out
        self.makers = {name: getattr(self, name.replace("-", "_")) for name in FAMILIES}

    def ask(self, scene, family):
        """A question of `family`, or None where the scene affords none."""
        question = self.makers[family](scene)
        if question:
            question.text = dress(self.rng, question.text)
        return question

    def ask_about(self, scene, placed):
        """A direct question about one placed object."""
        question = self.direct(scene, placed)
        question.text = dress(self.rng, question.text)
        return question

    def several(self, scene, count):
        families = self.rng.choices(list(FAMILIES), weights=list(FAMILIES.values()), k=2 * count)
        asked = [self.ask(scene, family) for family in families]
        return [q for q in asked if q][:count]

    def name(self, kind):
        return self.objects[kind]["name"]

    def called(self, kind):
        """The name or, at times, another one."""
        names = [self.name(kind)] * 3 + self.objects[kind].get("also", [])
        return self.rng.choice(names)

    def plural(self, kind):
        return self.objects[kind].get("plural", False)

    def with_article(self, kind):
        return self.name(kind) if self.plural(kind) else article(self.name(kind))

    def facts(self, kind):
        facts = self.objects[kind]["facts"]
        return facts[-HELD_OUT_FACTS:] if self.held_out else facts[:-HELD_OUT_FACTS]

    def pick(self, scene):
        pool = unique(scene)
        return self.rng.choice(pool) if pool else None

    def pick_absent(self, scene):
        present = set(scene.kinds())
        return self.rng.choice([k for k in range(len(self.objects)) if k not in present])

    def none_of(self, kind):
        return f"There {'are' if self.plural(kind) else 'is'} no {self.name(kind)} here."

    def found(self, kind):
        return self.rng.choice(FOUND_PLURAL if self.plural(kind) else FOUND).format(self.name(kind))

    def find(self, kind):
        template = self.rng.choice(HELD_OUT_FIND if self.held_out else FIND).format(self.called(kind))
        return template.replace("where is", "where are").replace("one is", "ones are") if self.plural(kind) else template

    def direct(self, scene, placed=None):
        placed = placed or self.pick(scene)
        if placed:
            return Question("direct", self.find(placed.kind), self.found(placed.kind), [placed.kind])

    def absent(self, scene):
        kind = self.pick_absent(scene)
        return Question("absent", self.find(kind), self.none_of(kind))

    def presence(self, scene):
        """Half of them about an object that is not there."""
        placed = self.pick(scene)
        if self.rng.random() < 0.5 or not placed:
            kind = self.pick_absent(scene)
            answer, targets = self.none_of(kind), []
        else:
            kind = placed.kind
            verb = "are" if self.plural(kind) else "is"
            answer, targets = f"Yes, there {verb} {self.with_article(kind)}. [SEG]", [kind]
        text = self.rng.choice(PRESENT).format(self.with_article(kind))
        return Question("presence", text.replace("is there", "are there") if self.plural(kind) else text, answer, targets)

    def place(self, scene):
        placed = self.pick(scene)
        if not placed:
            return None
        name, verb = self.name(placed.kind), "are" if self.plural(placed.kind) else "is"
        text = self.rng.choice(PLACE).format(name)
        return Question("place", text, f"The {name} {verb} at the {location(placed)}. [SEG]", [placed.kind])

    def function(self, scene):
        placed = self.pick(scene)
        if not placed:
            return None
        kind, fact = placed.kind, self.rng.choice(self.facts(placed.kind))
        answer = f"These are the {self.name(kind)}. [SEG]" if self.plural(kind) else f"The {self.name(kind)} {fact}. [SEG]"
        return Question("function", self.rng.choice(USE).format(fact), answer, [kind])

    def absent_function(self, scene):
        kind = self.pick_absent(scene)
        fact = self.rng.choice(self.facts(kind))
        return Question("absent-function", self.rng.choice(USE).format(fact), f"Nothing here {fact}.")

    def list(self, scene):
        """From left to right, each class once; nothing to segment."""
        kinds = []
        for placed in sorted(scene.objects, key=lambda o: o.x):
            if placed.kind not in kinds and placed.visible >= 0.4:
                kinds.append(placed.kind)
        if kinds:
            names = joined([self.with_article(k) for k in kinds])
            return Question("list", self.rng.choice(LIST), f"{names[0].upper()}{names[1:]}.")

    def both(self, scene):
        pool = unique(scene)
        if len(pool) >= 2:
            first, second = (o.kind for o in self.rng.sample(pool, 2))
            text = self.rng.choice(BOTH).format(self.name(first), self.name(second))
            return Question("both", text, self.listed([first, second]), [first, second])

    def group(self, scene):
        """All objects of a category, from left to right."""
        pool, members = sorted(unique(scene), key=lambda o: o.x), {}
        for placed in pool:
            for category in self.objects[placed.kind]["categories"]:
                if category in PLURALS:
                    members.setdefault(category, []).append(placed.kind)
        if not members:
            return None
        category = self.rng.choice(sorted(members))
        if any(category in self.objects[k]["categories"] and k not in members[category] for k in scene.kinds()):
            return None
        text = self.rng.choice(GROUP).format(PLURALS[category]).replace("every things", "all the things")
        return Question("group", text.replace("every ", "all "), self.listed(members[category]), members[category])

    def listed(self, kinds):
        names = [f"the {self.name(k)} [SEG]" for k in kinds]
        return "T" + joined(names)[1:] + "."
