"""A question with its answer. Every `[SEG]` in the answer stands for one object."""

from dataclasses import dataclass, field

from scenes import Placed


@dataclass
class Constraint:
    """What the target must satisfy: `relation` to `anchor`, or among the objects in `among`."""

    relation: str
    anchor: Placed | None
    among: list[Placed]


@dataclass
class Question:
    family: str
    text: str
    answer: str
    targets: list[Placed] = field(default_factory=list)  # one per [SEG]
    constraints: list[Constraint] = field(default_factory=list)
    meant: int | None = None  # the class that its words stand for, whether it is there or not
