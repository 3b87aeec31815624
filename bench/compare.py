"""Did anything get worse since bench/results.json was written? Counts must not grow, ratios may only shake. Pure.

Absolute timings are not compared: they say more of the machine than of the app.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.figures import Figure
from bench.results import Measured, Promised, Results

# What a shared machine makes of a ratio from one run to the next.
NOISE = 1.3


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; `is_worse`: whether that breaks the comparison."""

    part: str
    says: str
    is_worse: bool


def compare(before: Results, now: Results) -> tuple[Difference, ...]:
    """What differs in the parts that both runs have."""
    found: list[Difference] = []
    for one in now.parts:
        earlier = before.of(one.part)
        if earlier is None:
            found.append(Difference(one.part, "it is new: nothing to compare with", is_worse=False))
        elif one.left_out or one.broke:
            found.append(Difference(one.part, f"not compared: {one.left_out or one.broke}", is_worse=bool(one.broke)))
        else:
            found += (*counts(earlier, one), *ratios(earlier, one))
    return tuple(found)


def counts(before: Measured, now: Measured) -> Iterator[Difference]:
    """Exact figures: each must be there, and no higher."""
    known = {one.name: one for one in now.figures}
    for earlier in before.figures:
        later = known.get(earlier.name)
        if earlier.exact and (later is None or not later.exact):
            yield Difference(now.part, f"{earlier.name}: it is no longer counted", is_worse=True)
        elif earlier.exact and later is not None and later.value != earlier.value:
            yield _moved(now.part, earlier, later)


def _moved(part: str, before: Figure, now: Figure) -> Difference:
    is_worse = now.value > before.value
    says = f"{before.name}: {now.value:,g} {now.unit}, was {before.value:,g}"
    return Difference(part, says if is_worse else f"{says} (better: keep it with --write)", is_worse)


def ratios(before: Measured, now: Measured) -> Iterator[Difference]:
    """Ratios: each may be worse by the noise of a shared machine."""
    known = {one.name: one for one in now.ratios}
    for earlier in before.ratios:
        later = known.get(earlier.name)
        if earlier.value is None:
            continue
        if later is None:
            yield Difference(now.part, f"{earlier.name}: there is no such ratio any more", is_worse=True)
        elif later.value is None:
            yield Difference(now.part, f"{earlier.name}: not measured here", is_worse=False)
        elif is_worse(earlier.value, later):
            says = f"{earlier.name}: {later.value:.3g}, was {earlier.value:.3g}"
            yield Difference(now.part, says, is_worse=True)


def is_worse(before: float, now: Promised) -> bool:
    """Whether a ratio is worse than noise explains. Turned upside down, a ratio is judged the same."""
    value = now.value or 0.0
    return value * NOISE < before if now.more else value > before * NOISE
