"""Does the bench of ticks count what it says it counts?"""

from pathlib import Path

from bench.figures import Bench
from bench.ticks import PART


def test_every_environment_is_asked_once_a_tick_and_the_timer_asks_for_polls_sixteen_at_a_time(tmp_path: Path) -> None:
    figures = {one.name: one for one in PART.run(Bench(tmp_path, repeats=1, quick=True, tell=lambda _: None))}
    assert figures["10 environments: API calls each"].value == 1
    assert figures["20 environments: API calls each"].value == 1
    assert figures["20 environments: storage transactions of the timer"].value == 3, "a query and two messages"
    assert {name for name, one in figures.items() if one.exact} == {
        "10 environments: API calls each",
        "20 environments: API calls each",
        "20 environments: storage transactions of the timer",
    }


def test_what_is_promised_is_measured() -> None:
    """The names of limits and ratios are those of the figures of a whole run."""
    names = {f"{size:,} environments: {what}" for size in (10, 100, 1000) for what in _WHAT}
    assert {limit.name for limit in PART.limits} <= names
    assert {name for ratio in PART.ratios for name in (ratio.upper, ratio.lower)} <= names


_WHAT = (
    "CPU each",
    "API calls each",
    "memory of the timer each",
    "one list of the ids each",
    "timer function on Azurite",
)
