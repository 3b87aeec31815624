"""What is measured: a figure, the ratio of two, and what was promised of them. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median


class NotHere(Exception):
    """Something that a part needs cannot be had on this machine: what, and how to get it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a part, once for each run. `exact`: a count, the same on every machine.

    `name` is unique within the part and stays the same from version to version, as "10,000 x 1: end to end".
    """

    name: str
    unit: str
    runs: tuple[float, ...]
    exact: bool = False
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure of a part by another, of the same run; `more`: whether more is better.

    `target` is the least (or, where less is better, the most) that is promised; None: it is only told.
    """

    name: str
    upper: str
    lower: str
    more: bool
    target: float | None = None

    def of(self, figures: Mapping[str, Figure]) -> float | None:
        """The ratio; None where a figure is missing or nothing."""
        upper, lower = figures.get(self.upper), figures.get(self.lower)
        return upper.value / lower.value if upper and lower and lower.value else None


@dataclass(frozen=True, slots=True)
class Limit:
    """What is promised of a figure itself: at least so much, or where less is better at most."""

    name: str
    more: bool
    target: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What a part is given: a folder of its own for what it needs, how often to run, whether to do little, and how to
    tell that it goes on.
    """

    folder: Path
    repeats: int
    quick: bool
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A question, how it is answered, and what is promised of the answer.

    `run` yields the figures; it raises NotHere when it cannot run at all, and yields figures without their peers when
    only those cannot be had. `limited_by`: what keeps the figures from being better, for the docs.
    """

    name: str
    question: str
    method: str
    limited_by: str
    run: Callable[[Bench], Iterable[Figure]]
    ratios: tuple[Ratio, ...] = ()
    limits: tuple[Limit, ...] = ()
