"""Parts that measure nothing real, and what they come to."""

from collections.abc import Iterable, Iterator

import msgspec

from bench.figures import Bench, Figure, Limit, NotHere, Part, Ratio
from bench.machine import Machine
from bench.results import Measured, Results, measured

MACHINE = Machine(2, "a processor", 4.0, "a system", {"Python": "3.11.0"})
SLOW, FAST, CALLS = Figure("slow", "ms", (4.0, 6.0, 5.0)), Figure("fast", "ms", (2.0, 2.5, 2.0)), "calls"
RATIO = Ratio("slow by fast", "slow", "fast", more=False, target=2.0)
LIMIT = Limit(CALLS, more=False, target=3)


def good(bench: Bench) -> Iterator[Figure]:
    bench.tell("half of it")
    yield from (SLOW, FAST)
    yield Figure(CALLS, "calls", (3,) * bench.repeats, exact=True)


def breaks(_bench: Bench) -> Iterator[Figure]:
    yield FAST
    raise ZeroDivisionError("of ours")


def not_here(_bench: Bench) -> Iterable[Figure]:
    raise NotHere("there is no Redis: apt install redis-server")


GOOD = Part("good", "Is it good?", "By looking.", "Nothing.", good, (RATIO,), (LIMIT,))
BROKEN = Part("broken", "Does it break?", "By trying.", "Itself.", breaks, (RATIO,))
LACKING = Part("lacking", "Is it here?", "By looking.", "What is not here.", not_here)


def of_calls(calls: float, ratio: float = 2.0, *, more: bool = False) -> Measured:
    """The good part, with another count and another ratio."""
    found = measured(GOOD, [SLOW, FAST, Figure(CALLS, "calls", (calls,), exact=True)], 1.0)
    moved = msgspec.structs.replace(found.ratios[0], value=ratio, more=more)
    return msgspec.structs.replace(found, ratios=(moved,))


def run_of(*parts: Measured) -> Results:
    """A run that came to this."""
    return Results("2026-01-02", "c0de", 3, False, 100.0, MACHINE, parts)
