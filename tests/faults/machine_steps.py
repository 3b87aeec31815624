"""What do the machines draw from, how is a rule counted, and what happened in all their stories together?"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared.errors import InsightsAnswerInvalid, InsightsError, InsightsThrottled, InsightsUnavailable
from tests.faults.machine_flows import ORDERS
from tests.faults.machine_story import Story

PICK = st.integers(0, 7)
TURNS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 4)), max_size=12)
CALLS = st.none() | st.integers(0, 12)
ENDS = st.sampled_from(["successful", "successful", "failed", "timedOut", "skipped", "aborted"])
VALUES = st.none() | st.sampled_from([20, 55, 60, 95, 100, 110, 140])
LINES = st.sampled_from(list(ORDERS))
STORES = st.sampled_from(["checkpoints", "log", "queues", "subscriptions", "dead", "claims"])
WORKERS = st.integers(0, 1)
KILLS = "workers killed at work"
EFFECTS = (
    KILLS,
    "secrets rotated",
    "subscriptions ended by their flow",
    "subscriptions ended by a sweep",
    "subscriptions swept away",
    "events swept away",
    "dead swept away",
    "replays sent",
    "messages put back",
)
FAILURES: dict[str, Callable[[], InsightsError]] = {
    "throttled": lambda: InsightsThrottled(retry_after_seconds=30),
    "unavailable": InsightsUnavailable,
    "garbage": InsightsAnswerInvalid,
}


@dataclass
class Statistics:
    """What happened in all the stories together. `effects`: what came of the rules, and which errors."""

    examples: int = 0
    followed: int = 0
    crashes: int = 0
    calls: int = 0
    lost_races: int = 0
    with_crash: int = 0
    with_call: int = 0
    with_event: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)

    @property
    def steps(self) -> int:
        """How many there were."""
        return self.rules.total()

    def add(self, story: Story, followed: int, rules: Sequence[str]) -> None:
        """A story came to its end. Also rules that never apply are counted: 0 times."""
        self.examples += 1
        self.rules.update(dict.fromkeys(rules, 0))
        self.followed += followed
        self.crashes += story.host.broken
        self.calls += story.records.calls
        self.lost_races += story.records.checkpoints.count
        self.with_crash += story.host.broken > 0
        self.with_call += story.records.calls > 0
        self.with_event += bool(story.records.by_number)
        self.effects += story.host.effects


def step(*, when: Callable[[Story], object] | None = None, **drawn: st.SearchStrategy[Any]) -> Callable[..., Any]:
    """A rule that is counted; `when` says in which stories it can apply."""

    def accept(function: Callable[..., None]) -> Any:
        @wraps(function)
        def counted(self: Any, **values: Any) -> None:
            self.statistics.rules[function.__name__] += 1
            function(self, **values)

        made: Any = cast("Any", rule)(**drawn)(counted)
        return precondition(lambda self: bool(when(self.story)))(made) if when else made

    return accept
