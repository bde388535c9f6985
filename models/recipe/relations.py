"""Question families that compare objects: attribute, spatial, negation, conditional."""

import math

from question import Constraint, Question
from wording import EXTREME_ANSWERS, EXTREMES, GROUPS, LARGEST, NEAREST, SIDES, SMALLEST, joined

MARGIN = 14  # pixels by which a center must lie beyond another to count as left, right, above or below
CLEAR = 1.25  # ratio by which a size or distance must win
AXES = {"left-of": (-1, 0), "right-of": (1, 0), "above": (0, -1), "below": (0, 1)}
ENDS = {"leftmost": (-1, 0), "rightmost": (1, 0), "topmost": (0, -1), "lowest": (0, 1)}


def along(placed, axis):
    return placed.x * axis[0] + placed.y * axis[1]


def distance(a, b):
    return math.hypot(a.x - b.x, a.y - b.y)


class Relations:
    """Mixed into Asker, which picks objects and words."""

    def pools(self, scene):
        """Nouns that name two or more objects of the scene, with these: things, categories, repeated kinds."""
        shown = self.shown(scene)
        if len(shown) < len(scene.objects) or len(shown) < 2:
            return []
        pools = [(self.rng.choice(["thing", "object"]), shown)]
        pools += [(GROUPS[c][0], members) for c, members in self.groups(scene, 2, 9)]
        for kind in scene.kinds():
            same = [o for o in shown if o.kind == kind]
            if len(same) > 1 and not self.is_plural(kind):
                pools.append((self.name(kind), same))
        return pools

    def side_phrase(self):
        return self.rng.choice(SIDES[self.rng.choice(list(SIDES))])

    def attribute(self, scene):
        """The largest or smallest of some."""
        pools = self.pools(scene)
        if not pools:
            return None
        noun, members = self.rng.choice(pools)
        ordered = sorted(members, key=lambda o: o.area)
        largest = self.rng.random() < 0.6
        if largest and ordered[-1].area < CLEAR * ordered[-2].area or not largest and ordered[1].area < CLEAR * ordered[0].area:
            return None
        target = ordered[-1] if largest else ordered[0]
        text = self.wording.request(self.rng.choice(LARGEST if largest else SMALLEST).format(n=noun))
        word = "largest" if largest else "smallest"
        return self.chosen(text, f"The {word} {noun} is", target, Constraint(word, None, members))

    def chosen(self, text, reason, target, constraint):
        answer = f"{reason} the {self.name(target.kind)}. [SEG]"
        return Question("", text, answer, [target], [constraint])

    def spatial(self, scene):
        return self.rng.choice([self.side, self.end, self.nearest])(scene) or self.end(scene)

    def end(self, scene):
        """The leftmost, rightmost, topmost or lowest of some."""
        pools = self.pools(scene)
        if not pools:
            return None
        noun, members = self.rng.choice(pools)
        relation = self.rng.choice(list(ENDS))
        ordered = sorted(members, key=lambda o: along(o, ENDS[relation]))
        if along(ordered[-1], ENDS[relation]) < along(ordered[-2], ENDS[relation]) + MARGIN:
            return None
        text = self.wording.request(self.rng.choice(EXTREMES[relation]).format(n=noun))
        return self.chosen(text, f"{EXTREME_ANSWERS[relation]} is", ordered[-1], Constraint(relation, None, members))

    def side(self, scene):
        """The only one of some on a side of an object."""
        anchor = self.pick(scene)
        pools = self.pools(scene)
        if not anchor or not pools:
            return None
        relation = self.rng.choice(list(SIDES))
        axis, options = AXES[relation], []
        for noun, members in pools:
            ahead = [along(o, axis) - along(anchor, axis) for o in members if o is not anchor]
            beyond = [o for o in members if o is not anchor and along(o, axis) > along(anchor, axis) + MARGIN]
            if len(beyond) == 1 and sum(a > -MARGIN for a in ahead) == 1:
                options.append((noun, beyond[0], members))
        if not options:
            return None
        noun, target, members = self.rng.choice(options)
        phrase = self.rng.choice(SIDES[relation])
        text = self.wording.request(f"the {noun} {phrase} the {self.name(anchor.kind)}")
        reason = f"{phrase.capitalize()} the {self.name(anchor.kind)} is"
        return self.chosen(text, reason, target, Constraint(relation, anchor, members))

    def nearest(self, scene):
        """The one of some nearest to an object."""
        anchor, pools = self.pick(scene), self.pools(scene)
        if not anchor or not pools:
            return None
        noun, members = self.rng.choice(pools)
        others = sorted((o for o in members if o is not anchor), key=lambda o: distance(o, anchor))
        if len(others) < 2 or distance(others[1], anchor) < CLEAR * distance(others[0], anchor):
            return None
        text = self.wording.request(f"the {self.rng.choice(NEAREST).format(n=noun)} the {self.name(anchor.kind)}")
        reason = f"Nearest to the {self.name(anchor.kind)} is"
        return self.chosen(text, reason, others[0], Constraint("nearest-to", anchor, others))

    def negation(self, scene):
        """All of a category but one of its kinds."""
        found = self.groups(scene, 2, 5)
        if not found:
            return None
        category, members = self.rng.choice(found)
        left_out = self.rng.choice(members).kind
        targets = [o for o in members if o.kind != left_out]
        if not 1 <= len(targets) <= 4:
            return None
        singular, many = GROUPS[category]
        name = self.name(left_out)
        if len(targets) == 1:
            phrase = self.rng.choice([
                f"the {singular} that is not the {name}", f"the {singular} other than the {name}", f"the {singular}, but not the {name}",
                f"the {singular} which isn't the {name}", f"the other {singular} besides the {name}", f"any {singular} except the {name}",
            ])  # fmt: skip
            return Question("", self.wording.request(phrase), f"Not the {name}: the {self.name(targets[0].kind)}. [SEG]", targets)
        phrase = self.rng.choice([
            f"all {many} except the {name}", f"all the {many} but the {name}", f"the {many} without the {name}",
            f"every {singular} except the {name}", f"all {many} other than the {name}", f"all the {many} apart from the {name}",
            f"all {many}, but not the {name}", f"each {singular} but the {name}",
        ])  # fmt: skip
        named = joined([f"the {self.name(o.kind)} [SEG]" for o in targets])
        return Question("", self.wording.request(phrase, True), f"Not the {name}: {named}.", targets)

    def conditional(self, scene):
        """One object if a third is there, another one if not."""
        pool = self.unique(scene)
        if len(pool) < 3:
            return None
        first, second, third = self.rng.sample(pool, 3)
        holds = self.rng.random() < 0.5
        kind = third.kind if holds else self.pick_absent(scene)
        many = self.is_plural(kind)
        text = self.wording.condition(self.a(kind), self.name(kind), many, f"the {self.name(first.kind)}", f"the {self.name(second.kind)}")
        chosen = first if holds else second
        verb = "are" if many else "is"
        reason = f"There {verb} {self.a(kind)}" if holds else self.none_of(kind).removesuffix(" here.")
        return Question("", text, f"{reason}, so the {self.name(chosen.kind)}. [SEG]", [chosen])
