"""What came of the parts of a run, as bench/results.json keeps it? Figures, and what became of the promises."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from bench.figures import Figure, Part
from bench.machine import Machine
from local.errors import LocalError

DIGITS = 6


class Promised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ratio, or a figure that has a limit: what it came to, and what was promised. None: not measured, no promise."""

    name: str
    value: float | None
    more: bool
    target: float | None = None

    @property
    def is_reached(self) -> bool | None:
        """Whether the promise is kept; None where there is nothing to judge."""
        if self.value is None or self.target is None:
            return None
        return self.value >= self.target if self.more else self.value <= self.target


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one part came to. `left_out`: why it could not run here; `broke`: what went wrong."""

    part: str
    seconds: float = 0.0
    figures: tuple[Figure, ...] = ()
    ratios: tuple[Promised, ...] = ()
    limits: tuple[Promised, ...] = ()
    left_out: str = ""
    broke: str = ""

    @property
    def promises(self) -> tuple[Promised, ...]:
        """Ratios and limits that have a target."""
        return tuple(one for one in (*self.ratios, *self.limits) if one.target is not None)


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run: when, of which commit, on which machine, how often each part ran, and what each came to."""

    day: str
    commit: str
    repeats: int
    quick: bool
    seconds: float
    machine: Machine
    parts: tuple[Measured, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """The parts that broke."""
        return tuple(one.part for one in self.parts if one.broke)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The parts that could not run here."""
        return tuple(one.part for one in self.parts if one.left_out)

    def of(self, part: str) -> Measured | None:
        """What a part came to, if it was asked for."""
        return next((one for one in self.parts if one.part == part), None)


def measured(part: Part, found: Iterable[Figure], seconds: float, left_out: str = "", broke: str = "") -> Measured:
    """What the figures of a part come to. Figures that cannot be right make it a part that broke."""
    figures = tuple(rounded(one) for one in found)
    wrong = "; ".join([*([broke] if broke else []), *_mistakes(figures, allow_none=bool(left_out or broke))])
    known = {one.name: one for one in figures if one.runs}
    ratios = tuple(_promised(one.name, _rounded(one.of(known)), one.more, one.target) for one in part.ratios)
    values = {name: one.value for name, one in known.items()}
    limits = tuple(_promised(one.name, values.get(one.name), one.more, one.target) for one in part.limits)
    return Measured(part.name, round(seconds, 1), figures, ratios, limits, left_out, wrong)


def _promised(name: str, value: float | None, more: bool, target: float | None) -> Promised:
    """In floats, as a file holds them."""
    return Promised(name, value, more, None if target is None else float(target))


def _mistakes(figures: Sequence[Figure], *, allow_none: bool) -> Iterator[str]:
    if not figures and not allow_none:
        yield "it measured nothing"
    for name, times in Counter(one.name for one in figures).items():
        if times > 1:
            yield f"{times} figures are named '{name}'"
    for one in figures:
        if not one.runs or not all(map(math.isfinite, one.runs)):
            yield f"'{one.name}' is no number: {list(one.runs)}"
        elif one.exact and len(set(one.runs)) > 1:
            yield f"'{one.name}' is to be exact and is {min(one.runs):g} to {max(one.runs):g}"


def rounded(figure: Figure) -> Figure:
    """The figure with no more digits than say something; a count keeps all."""
    return replace(
        figure, runs=tuple(float(one) if figure.exact else float(f"{one:.{DIGITS}g}") for one in figure.runs)
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def written(results: Results) -> bytes:
    """A results file's content."""
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def read_results(file: Path) -> Results:
    """Read a results file. Raises LocalError."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Results)
    except (OSError, msgspec.MsgspecError) as error:
        raise LocalError(f"{file} is no results file of ./dev bench: {error}") from None
