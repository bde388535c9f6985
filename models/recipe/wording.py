"""How people ask: requests around noun phrases, plural forms, articles. Held-out wordings only measure generalization."""

import unicodedata

VERBS = [
    "segment", "find", "show me", "show", "point out", "highlight", "mark", "select", "outline", "cut out", "locate",
    "give me the mask of", "point to", "pick", "circle", "trace", "identify", "spot", "single out", "extract", "isolate",
    "indicate", "detect", "segment out", "draw a box around", "color in", "show us", "find me",
]  # fmt: skip
WRAPPERS = [
    "{verb} {np}", "{verb} {np}", "{verb} {np}", "please {verb} {np}", "can you {verb} {np}", "could you {verb} {np}",
    "can you please {verb} {np}", "could you please {verb} {np}", "{verb} {np} please", "where {is} {np}", "where {is} {np}",
    "where {is} {np}", "{np}", "{np}", "I am looking for {np}", "I want to see {np}", "where can I see {np}",
    "could you show me where {np} {is}", "do you see {np}", "can you see where {np} {is}", "which one {is} {np}",
    "look for {np}", "try to find {np}", "let me see {np}", "help me find {np}", "I need {np}", "I'd like to have {np}",
    "I would like you to {verb} {np}", "I would love to find {np}", "would you {verb} {np} for me", "tell me which one {is} {np}",
    "what part of this {is} {np}", "any idea where {np} {is}", "and {np}", "now {verb} {np}", "just {np} please",
    "I can't find {np}", "get me {np}", "{np}: where", "a mask of {np}", "draw around {np}", "{verb} {np}", "{np}", "find {np}",
    "where can {np} be found", "where did {np} go", "whereabouts {is} {np}", "show {np} to me", "which pixels belong to {np}",
    "hey, {verb} {np}", "please, {verb} {np}", "could you find {np}", "{verb} {np} for me", "only {np}", "{np} please", "give me {np}",
    "can you spot {np}", "would you please {verb} {np}", "is it possible to {verb} {np}", "I want you to {verb} {np}", "I want {np}",
    "let's see {np}", "I'm trying to find {np}", "have you seen {np}", "what about {np}", "{verb} just {np}", "{verb} only {np}",
    "how about {np}", "kindly {verb} {np}", "ok, {verb} {np}", "go ahead and {verb} {np}", "find me {np}", "the location of {np}",
    "so where {is} {np}", "where in the picture {is} {np}", "where {is} {np} located", "can you tell me where to find {np}",
    "my question {is_one} where {np} {is}", "help me spot {np}", "would you mind showing me {np}", "first {verb} {np}",
]  # fmt: skip
HELD_OUT_WRAPPERS = [
    "could you pick out {np} for me", "which part of the picture {is} {np}", "mask {np} please", "I would like to see {np}",
    "tell me where {np} {is}", "put a mask over {np}", "which region shows {np}", "separate {np} from the rest",
    "let me have a look at {np}", "I wonder where {np} might be",
]  # fmt: skip
SUFFIXES = ["in the picture", "in this picture", "in this image", "in the image", "here", "for me", "in the scene"]

FUNCTION = [
    "what {fact}", "what {fact}", "which of these {fact}", "which object {fact}", "which thing {fact}", "which one {fact}",
    "what in this picture {fact}", "what here {fact}", "which of the things here {fact}", "who or what {fact}",
    "which object here {fact}", "what is it that {fact}", "can you tell what {fact}", "I wonder what {fact}",
    "which of all the objects {fact}", "tell me what {fact}", "what is the thing that {fact}", "find what {fact}", "show me what {fact}",
    "which item {fact}", "can you show me what {fact}", "what do you see that {fact}", "which of them {fact}", "name what {fact}",
    "what is shown here that {fact}", "I need to know what {fact}", "what might it be that {fact}", "it {fact}", "it {fact}, what is it", "is there something that {fact}", "who {fact}",
    "what in here {fact}", "{fact}", "{fact}: what is it", "guess what {fact}",
]  # fmt: skip
FUNCTION_NOUNS = [
    "the thing that {fact}", "the object that {fact}", "something that {fact}", "what {fact}", "the one that {fact}",
    "whatever {fact}", "the thing which {fact}", "a thing that {fact}", "the item that {fact}", "anything that {fact}",
]  # fmt: skip
HELD_OUT_FUNCTION = [
    "which thing in the scene {fact}", "do you know what {fact}", "of all these, what {fact}", "what would you say {fact}",
    "somewhere here is something that {fact}",
]  # fmt: skip

PRESENT = [
    "{is} there {np}", "{is} there {np}", "does the picture show {np}", "can you see {np}", "do you see {np}",
    "does this image have {np}", "{is} there {np} to be seen", "can {np} be seen", "I wonder if there {is} {np}",
    "{is} {np} in here", "is it true that there {is} {np}", "any chance there {is} {np}", "tell me if there {is} {np}",
    "could there be {np}", "{is} there {np} anywhere", "do you spot {np}", "does it show {np}", "{is} {np} visible", "{is} {np} present",
    "can I see {np} here", "{np}, yes or no", "do you notice {np}", "{is} {np} shown here", "are you able to see {np}",
    "{is} there {np} in the picture", "check whether there {is} {np}", "{is} there {np} somewhere", "did you find {np}",
]  # fmt: skip
HELD_OUT_PRESENT = ["do we have {np}", "does the scene have {np}", "would you say there {is} {np} here", "{np}: present or not"]
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
    "if {condition} {is} there, {verb} {first}, otherwise {second}",
    "if {condition} {is} in the picture, {verb} {first}, else {verb} {second}",
    "{verb} {first} if you see {condition}, otherwise {verb} {second}",
    "{verb} {first} if {condition} {is} here and {second} if not",
    "{is} there {condition}? then {verb} {first}, otherwise {second}",
    "{is} there {condition}? if yes, {verb} {first}, if no, {second}",
    "in case there {is} {condition}, {verb} {first}, in case not, {second}",
    "{verb} {first} when there {is} {condition}, {second} when there {is} not",
    "if there {is} no {bare}, {verb} {second}, otherwise {first}",
    "if there {is} no {bare}, {verb} {second}, but if there {is}, {first}",
    "if you see no {bare}, {verb} {second}, else {first}",
    "{verb} {second} if there {is} no {bare}, otherwise {first}",
    "{verb} {second} only if there {is} no {bare}, else {first}",
    "when you cannot see {condition}, {verb} {second}, else {first}",
    "if {condition} {is} missing, {verb} {second}, otherwise {first}",
    "{first} if there {is} {condition}, {second} if not",
    "{first} if there {is} {condition}, else {second}",
    "{second} if there {is} no {bare}, else {first}",
    "depending on whether there {is} {condition}, {verb} {first} or {second}",
    "provided that there {is} {condition}, {verb} {first}, otherwise {second}",
    "should there be {condition}, {verb} {first}, otherwise {second}",
    "if there {is} {condition}, then {verb} {first}; if not, then {verb} {second}",
    "{verb} either {first} or {second}: {first} if there {is} {condition}",
    "{verb} {first} or {second}, depending on whether there {is} {condition}",
    "as long as there {is} {condition}, {verb} {first}, or else {second}",
    "unless you see {condition}, {verb} {second}, otherwise {first}",
    "unless {condition} {is} there, {verb} {second}, else {first}",
    "please {verb} {first} if there {is} {condition}, if not then {second}",
    "can you {verb} {first} if there {is} {condition}, and {second} otherwise",
    "{verb} {second}, or {first} if there {is} {condition}",
    "with {condition} in the picture {verb} {first}, without it {second}",
]
HELD_OUT_IF = [
    "{verb} {second} unless there {is} {condition}, then {first}", "{verb} {first}, given that there {is} {condition}, or else {second}",
    "where there {is} {condition}, {verb} {first}, and where not, {second}",
]  # fmt: skip

SIDES = {
    "left-of": ("left of", "to the left of", "on the left of", "on the left side of"),
    "right-of": ("right of", "to the right of", "on the right of", "on the right side of"),
    "above": ("above", "higher than", "over", "higher up than"), "below": ("below", "lower than", "under", "beneath", "underneath"),
}  # fmt: skip
EXTREMES = {
    "leftmost": ("the leftmost {n}", "the {n} on the far left", "the {n} furthest to the left", "the {n} most to the left",
                 "the first {n} from the left", "the {n} at the left edge"),
    "rightmost": ("the rightmost {n}", "the {n} on the far right", "the {n} furthest to the right", "the {n} most to the right",
                  "the first {n} from the right", "the {n} at the right edge"),
    "topmost": ("the topmost {n}", "the highest {n}", "the {n} at the very top", "the uppermost {n}", "the top {n}", "the {n} highest up"),
    "lowest": ("the lowest {n}", "the {n} at the very bottom", "the bottommost {n}", "the bottom {n}", "the {n} furthest down"),
}
EXTREME_ANSWERS = {
    "leftmost": "Furthest left", "rightmost": "Furthest right", "topmost": "Highest up", "lowest": "Lowest down",
}  # fmt: skip
LARGEST = ("the largest {n}", "the biggest {n}", "the {n} that is largest", "the {n} that takes up the most space", "the {n} of the largest size")
SMALLEST = ("the smallest {n}", "the tiniest {n}", "the {n} that is smallest", "the littlest {n}", "the {n} of the smallest size")
NEAREST = ("{n} nearest to", "{n} closest to", "{n} next to", "{n} right next to", "{n} beside")

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
    "corn": "ears of corn", "tomato": "tomatoes",
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


TYPED = 0.22  # share of training questions that are typed carelessly
NEIGHBORS = {a: b for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for a, b in zip(row, row[1:] + row[-2])}


def careless(rng, text):
    """As people type in a hurry: small letters, no mark, doubled marks, capitals, a slip in a word, a word of thanks."""
    chance = rng.random()
    if chance > TYPED:
        return text
    kind = rng.choice(["small", "small", "bare", "bare", "slip", "slip", "slip", "marks", "thanks", "capitals", "spaces", "titles"])
    if kind == "small":
        return text.lower().rstrip("?.")
    if kind == "bare":
        return text.rstrip("?.").replace(",", "") if rng.random() < 0.5 else text.rstrip("?.").lower().replace("'", "")
    if kind == "slip":
        return slipped(rng, text)
    if kind == "marks":
        return text.rstrip("?.") + rng.choice(["??", "!", "...", " ?", "?!"])
    if kind == "thanks":
        return rng.choice(["{}, thanks", "{} thank you", "hi, {}", "pls {}", "{} pls", "{} plz", "hello! {}"]).format(text.rstrip("?."))
    if kind == "capitals":
        return text.upper()
    return text.replace(" ", "  ", 1) if kind == "spaces" else text.title()


def slipped(rng, text):
    """One letter of a longer word swapped, left out, doubled or hit beside."""
    places = [i for i in range(1, len(text) - 2) if text[i - 1 : i + 2].isalpha()]
    if not places:
        return text
    i, how = rng.choice(places), rng.randrange(4)
    if how == 0:
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    if how == 1:
        return text[:i] + text[i + 1 :]
    return text[: i + 1] + text[i:] if how == 2 else text[:i] + NEIGHBORS.get(text[i], text[i]) + text[i + 1 :]


def paraphrased(rng, fact):
    """A fact as part of a noun phrase, or as a clue."""
    first, rest = fact.split(" ", 1)
    forms = ["something: it {f}", "it's the one that {f}", "think of a thing that {f}", "clue: it {f}", "people say it {f}", "that which {f}"]
    if first == "is":
        forms += ["the thing {r}", "something {r}", "something that's {r}", "it's {r}", "the one {r}", "a thing {r}", "{r}", "that's {r}"]
    if first == "has":
        forms += ["the thing with {r}", "something with {r}", "with {r}", "the one with {r}", "it's got {r}", "a thing having {r}"]
    return rng.choice(forms).format(f=fact, r=rest)


class Wording:
    """Chooses among wordings: trained ones, or held-out ones where there are any."""

    def __init__(self, rng, held_out=False):
        self.rng, self.held_out = rng, held_out

    def choose(self, trained, held_out=()):
        return self.rng.choice(list(held_out) if self.held_out and held_out else list(trained))

    def request(self, np, many=False):
        """A request for what the noun phrase names."""
        text = self.choose(WRAPPERS, HELD_OUT_WRAPPERS)
        text = text.format(verb=self.rng.choice(VERBS), np=np, is_one="is", **{"is": "are" if many else "is"})
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

    def condition(self, condition, bare, many, first, second):
        values = dict(condition=condition, bare=bare, first=first, second=second, verb=self.rng.choice(VERBS[:11]))
        return self.choose(IF, HELD_OUT_IF).format(**values, **{"is": "are" if many else "is"})
