"""Are the promises kept whatever happens, in any order? Stories that hypothesis makes up, each followed to its end."""

from contextlib import closing
from itertools import product

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.faults.machine import Machine
from tests.faults.machine_flows import ORDERS
from tests.faults.machine_polling import Polling
from tests.faults.machine_steps import Statistics
from tests.faults.machine_story import Story
from tests.faults.profile import FULL, pick
from tests.tally import Tally

CHUNKS, EXAMPLES, STEPS = pick((2, 75, 30), (20, 125, 50))
POLLING_CHUNKS, POLLING_EXAMPLES = pick((1, 40), (5, 200))
CALLS, PLACES = pick((8, 1), (16, 5))
RARE = 5  # of a rule that cannot often apply


def run(machine: type[RuleBasedStateMachine], chunk: int, examples: int) -> None:
    """Make up stories, the same ones at every run."""
    run_state_machine_as_test(
        seed(chunk)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed is read over many pages, whose borders are where events get lost."""
    monkeypatch.setattr("shared.services.poll_trigger._READ_AT_ONCE", 3)
    monkeypatch.setattr("shared.services.poll_trigger._MOST_READ", 9)
    monkeypatch.setattr("shared.services.replay_subscription._READ_AT_ONCE", 20)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_lost_and_nothing_made_up_in_any_story(chunk: int, tally: Tally) -> None:
    """Each committed fact has one id, each flow that wanted it got it or it is kept, and nothing waits for ever."""

    class Chunk(Machine):
        statistics = Statistics()

    run(Chunk, chunk, EXAMPLES)
    count(Chunk.statistics, tally)
    assert_something_happened(Chunk.statistics, rules=25)
    assert Chunk.statistics.with_call > Chunk.statistics.examples / 3, f"{Chunk.statistics}"


@pytest.mark.parametrize("chunk", range(POLLING_CHUNKS))
def test_a_flow_that_asks_gets_each_event_once_in_any_story(chunk: int, tally: Tally) -> None:
    """In the order of the feed, while pollers write it, crash and meet."""

    class Chunk(Polling):
        statistics = Statistics()

    run(Chunk, 1000 + chunk, POLLING_EXAMPLES)
    count(Chunk.statistics, tally)
    assert_something_happened(Chunk.statistics, rules=10)


AMID = (
    ["unsubscribe", "wait"],
    ["subscribe", "wait"],
    ["unsubscribe", "subscribe"],
    ["subscribe", "unsubscribe", "wait"],
    ["break", "wait"],
    ["refuse", "break", "subscribe"],
)


@pytest.mark.parametrize("changes", AMID, ids=",".join)
@pytest.mark.parametrize("later", [False, True], ids=["first attempt", "retry"])
def test_a_flow_that_is_changed_amid_its_calls_gets_all_and_no_more(
    changes: list[str], later: bool, tally: Tally
) -> None:
    """At each of a worker's calls of storage and flows, the other worker takes the change."""
    for calls, place in product(range(CALLS), range(PLACES)):
        with closing(Story(rate=0, lines=list(ORDERS))) as story:
            story.change_amid(place, calls, changes, later=later)
            story.settle()
        tally.add()


def count(statistics: Statistics, tally: Tally) -> None:
    """What `./dev faults` tells of it."""
    tally.add(statistics.examples)
    tally.figure("steps of one chunk of stories", statistics.steps)
    tally.figure("crashes in one chunk of stories", statistics.crashes)
    tally.figure("events followed to their end in one chunk of stories", statistics.followed)


def assert_something_happened(statistics: Statistics, *, rules: int) -> None:
    """A story in which nothing breaks or is delivered proves nothing."""
    told = f"{statistics}"
    assert statistics.lost_races or not FULL, told
    assert statistics.with_crash > statistics.examples / 3, told
    assert statistics.with_event > statistics.examples / 2, told
    assert statistics.followed > statistics.examples, told
    often = [name for name, times in statistics.rules.items() if times >= (RARE if FULL else 1)]
    assert len(often) >= rules, told
