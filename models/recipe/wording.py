"""How people ask: requests around noun phrases, plural forms, articles. Held-out wordings only measure generalization."""

import unicodedata

VERBS = [
    "segment", "find", "show me", "show", "point out", "highlight", "mark", "select", "outline", "cut out", "locate",
    "give me the mask of", "point to", "pick", "circle", "trace", "identify", "spot", "single out", "extract", "isolate",
]  # fmt: skip
WRAPPERS = [
    "{verb} {np}", "{verb} {np}", "{verb} {np}", "please {verb} {np}", "can you {verb} {np}", "could you {verb} {np}",
    "can you please {verb} {np}", "could you please {verb} {np}", "{verb} {np} please", "where {is} {np}", "where {is} {np}",
    "where {is} {np}", "{np}", "{np}", "I am looking for {np}", "I want to see {np}", "where can I see {np}",
    "could you show me where {np} {is}", "do you see {np}", "can you see where {np} {is}", "which one {is} {np}",
    "look for {np}", "try to find {np}", "let me see {np}", "help me find {np}", "I need {np}", "I'd like to have {np}",
    "I would like you to {verb} {np}", "I would love to find {np}", "would you {verb} {np} for me", "tell me which one {is} {np}",
    "what part of this {is} {np}", "any idea where {np} {is}", "and {np}", "now {verb} {np}", "just {np} please",
    "I can't find {np}", "get me {np}", "{np}: where", "a mask of {np}", "draw around {np}",
]  # fmt: skip
HELD_OUT_WRAPPERS = [
    "could you pick out {np} for me", "which part of the picture {is} {np}", "mask {np} please", "I would like to see {np}",
    "tell me where {np} {is}",
]  # fmt: skip
SUFFIXES = ["in the picture", "in this picture", "in this image", "in the image", "here", "for me", "in the scene"]

FUNCTION = [
    "what {fact}", "what {fact}", "which of these {fact}", "which object {fact}", "which thing {fact}", "which one {fact}",
    "what in this picture {fact}", "what here {fact}", "which of the things here {fact}", "who or what {fact}",
    "which object here {fact}", "what is it that {fact}", "can you tell what {fact}", "I wonder what {fact}",
    "which of all the objects {fact}", "tell me what {fact}", "is there something that {fact}", "who {fact}",
    "what in here {fact}", "{fact}", "{fact}: what is it", "guess what {fact}",
]  # fmt: skip
FUNCTION_NOUNS = [
    "the thing that {fact}", "the object that {fact}", "something that {fact}", "what {fact}", "the one that {fact}",
    "whatever {fact}",
]  # fmt: skip
HELD_OUT_FUNCTION = ["which thing in the scene {fact}", "do you know what {fact}", "of all these, what {fact}"]

PRESENT = [
    "{is} there {np}", "{is} there {np}", "does the picture show {np}", "can you see {np}", "do you see {np}",
    "does this image have {np}", "{is} there {np} to be seen", "can {np} be seen", "I wonder if there {is} {np}",
    "{is} {np} in here", "is it true that there {is} {np}", "any chance there {is} {np}", "tell me if there {is} {np}",
    "could there be {np}",
]  # fmt: skip
HELD_OUT_PRESENT = ["do we have {np}", "does the scene have {np}"]
PLACE = ["describe where {np} {is}", "in which part of the picture {is} {np}", "describe the place of {np}"]
LIST = ["what is in the picture", "list the objects", "what do you see", "describe the picture", "name everything here"]
IF = [
    "if there {is} {condition}, {verb} {first}, otherwise {second}",
    "if there {is} {condition}, {verb} {first}, else {second}",
    "{verb} {first} if there {is} {condition}, otherwise {second}",
    "if you see {condition}, {verb} {first}, if not, {second}",
    "when there {is} {condition}, {verb} {first}, and otherwise {second}",
    "{verb} {second}, but if there {is} {condition}, {first}",
    "{verb} {second} if there {is} not {condition}, else {first}",
]
HELD_OUT_IF = ["{verb} {second} unless there {is} {condition}, then {first}"]

SIDES = {
    "left-of": ("left of", "to the left of"), "right-of": ("right of", "to the right of"),
    "above": ("above", "higher than"), "below": ("below", "lower than"),
}  # fmt: skip
EXTREMES = {
    "leftmost": ("the leftmost {n}", "the {n} on the far left", "the {n} furthest to the left"),
    "rightmost": ("the rightmost {n}", "the {n} on the far right", "the {n} furthest to the right"),
    "topmost": ("the topmost {n}", "the highest {n}", "the {n} at the very top"),
    "lowest": ("the lowest {n}", "the {n} at the very bottom", "the bottommost {n}"),
}
EXTREME_ANSWERS = {
    "leftmost": "Furthest left", "rightmost": "Furthest right", "topmost": "Highest up", "lowest": "Lowest down",
}  # fmt: skip
LARGEST = ("the largest {n}", "the biggest {n}")
SMALLEST = ("the smallest {n}", "the tiniest {n}")
NEAREST = ("{n} nearest to", "{n} closest to", "{n} next to")

GROUPS = {  # category: singular, plural
    "animal": ("animal", "animals"), "bird": ("bird", "birds"), "plant": ("plant", "plants"), "food": ("food", "things to eat"),
    "fruit": ("fruit", "fruits"), "vegetable": ("vegetable", "vegetables"), "drink": ("drink", "drinks"),
    "vehicle": ("vehicle", "vehicles"), "instrument": ("musical instrument", "musical instruments"),
    "building": ("building", "buildings"), "toy": ("toy", "toys"), "tool": ("tool", "tools"),
    "furniture": ("piece of furniture", "pieces of furniture"), "insect": ("insect", "insects"),
    "clothing": ("piece of clothing", "pieces of clothing"),
}  # fmt: skip
IRREGULAR = {
    "fish": "fish", "sheep": "sheep", "mouse": "mice", "knife": "knives", "leaf": "leaves", "wolf": "wolves",
    "goose": "geese", "ice cream": "ice creams", "coffee": "coffees", "snowman": "snowmen",
}  # fmt: skip
APOSTROPHES, DASHES, QUOTATION_MARKS = "‘’‚‛′`´ʼ＇", "‐‑‒–—―−", "\"“”„‟«»″＂"
# What shows nothing although Unicode does not call it a control or format character.
UNSEEN = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
ASKING = {"where", "which", "what", "is", "are", "can", "could", "would", "do", "does", "in", "who", "of", "any"}


def plural(noun):
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def with_article(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def joined(parts):
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def capital(text):
    return text[0].upper() + text[1:]


def dress(rng, text):
    """Capital letter and closing mark as people vary them."""
    if rng.random() < 0.6:
        text = capital(text)
    return text + closing_mark(text) if rng.random() < 0.7 else text


def closing_mark(text):
    word = "".join(c if c.isalnum() else " " for c in text.lower()).split(" ")[0]
    return "?" if word in ASKING else "."


def sentence(text):
    """A question however it was typed, in the form that `question_form` of config.json asks for. It begins with a space, so that
    its first word is the same token as anywhere else.
    """
    text = in_plain_marks(unicodedata.normalize("NFKC", in_plain_marks(text))).lower()
    words = " ".join(text.split())
    bare = words.strip(" ?!.,;:¿¡'")
    return f" {bare}{closing_mark(bare)}" if bare else words


def in_plain_marks(text):
    """Without quotation marks and what nobody sees; apostrophes and dashes as a typewriter has them."""
    plain = dict.fromkeys(map(ord, QUOTATION_MARKS)) | dict.fromkeys(map(ord, APOSTROPHES), "'")
    plain |= dict.fromkeys(map(ord, DASHES), "-")
    return "".join(c for c in text.translate(plain) if c.isspace() or not is_unseen(c))


def is_unseen(character):
    return unicodedata.category(character) in ("Cc", "Cf") or ord(character) in UNSEEN


class Wording:
    """Chooses among wordings: trained ones, or held-out ones where there are any."""

    def __init__(self, rng, held_out=False):
        self.rng, self.held_out = rng, held_out

    def choose(self, trained, held_out=()):
        return self.rng.choice(list(held_out) if self.held_out and held_out else list(trained))

    def request(self, np, many=False):
        """A request for what the noun phrase names."""
        text = self.choose(WRAPPERS, HELD_OUT_WRAPPERS)
        text = text.format(verb=self.rng.choice(VERBS), np=np, **{"is": "are" if many else "is"})
        if many:
            text = text.replace("which one are", "which ones are")
        return self.suffixed(text)

    def suffixed(self, text):
        if self.held_out or self.rng.random() > 0.12 or text.endswith("please"):
            return text
        return f"{text} {self.rng.choice(SUFFIXES)}"

    def function(self, fact):
        if self.held_out:
            return self.choose(FUNCTION, HELD_OUT_FUNCTION).format(fact=fact)
        if self.rng.random() < 0.5:
            return self.rng.choice(FUNCTION).format(fact=fact)
        return self.request(self.rng.choice(FUNCTION_NOUNS).format(fact=fact))

    def presence(self, np, many):
        return self.suffixed(self.choose(PRESENT, HELD_OUT_PRESENT).format(np=np, **{"is": "are" if many else "is"}))

    def condition(self, condition, many, first, second):
        values = dict(condition=condition, first=first, second=second, verb=self.rng.choice(VERBS[:11]))
        return self.choose(IF, HELD_OUT_IF).format(**values, **{"is": "are" if many else "is"})
