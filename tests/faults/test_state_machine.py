"""Are the promises kept whatever happens, in any order? Stories that hypothesis makes up, each followed to its end."""

import logging
import secrets
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from itertools import product
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from shared.errors import Conflict
from tests.factories import START
from tests.faults.machine import Machine
from tests.faults.machine_flows import ORDERS
from tests.faults.machine_polling import Polling
from tests.faults.machine_steps import EFFECTS, KILLS, Statistics
from tests.faults.machine_story import Story
from tests.faults.profile import FULL, pick
from tests.tally import Tally

CHUNKS, EXAMPLES, STEPS = pick((2, 75, 30), (20, 110, 50))
POLLING_CHUNKS, POLLING_EXAMPLES = pick((1, 60), (5, 200))
CALLS, PLACES = pick((8, 1), (16, 5))
OFTEN = pick(1, 5)
RARELY = {"worker_dies", "job_goes_on", "job_is_cancelled"}  # rules for which something has to be under way
BROKEN = ("Crash", "StorageDown")
REFUSED = ("InsightsThrottled", "InsightsUnavailable", "InsightsAnswerInvalid")


def run(machine: type[RuleBasedStateMachine], chunk: int, examples: int) -> None:
    """Make up stories, the same ones at every run."""
    run_state_machine_as_test(
        seed(chunk)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
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
    assert_something_happened(Chunk.statistics, examples=EXAMPLES, effects=(*EFFECTS, *BROKEN, *REFUSED))
    assert Chunk.statistics.with_call > Chunk.statistics.examples / 3, f"{Chunk.statistics}"


@pytest.mark.parametrize("chunk", range(POLLING_CHUNKS))
def test_a_flow_that_asks_gets_each_event_once_in_any_story(chunk: int, tally: Tally) -> None:
    """In the order of the feed, while pollers write it, crash and meet."""

    class Chunk(Polling):
        statistics = Statistics()

    run(Chunk, 1000 + chunk, POLLING_EXAMPLES)
    count(Chunk.statistics, tally)
    assert_something_happened(Chunk.statistics, examples=POLLING_EXAMPLES, effects=(KILLS, *BROKEN))


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


def broken(*_: object, **__: object) -> NoReturn:
    """What the product does to nobody by itself."""
    raise TypeError


async def refusing(*_: object, **__: object) -> NoReturn:
    """What is right only where a subscription has ended."""
    raise Conflict


DEFECTS: tuple[tuple[str, object], ...] = (
    ("tests.faults.machine_host.poll_environments", broken),
    ("tests.faults.machine_host.fan_out", broken),
    ("tests.faults.machine_host.deliver", broken),
    ("tests.faults.machine_house.start_polls", broken),
    ("tests.faults.machine_house.drain_poison", broken),
    ("tests.faults.machine_story.subscribe", broken),
    ("tests.faults.machine_story.unsubscribe", broken),
    ("tests.faults.machine_story.rotate_secret", broken),
    ("tests.faults.machine_story.rotate_secret", refusing),
    ("tests.faults.machine_story.replay_subscription", broken),
    ("tests.faults.machine_story.replay_subscription", refusing),
    ("tests.faults.machine_story.replay_delivery", broken),
    ("tests.faults.machine_story.replay_delivery", refusing),
    ("tests.faults.machine_story.sweep", broken),
    ("shared.services.deliver.serve_subscription", broken),  # from here on it is logged, and goes on
    ("shared.services.serve_subscription.after_success", broken),
    ("shared.services.sweep._reencrypt", broken),
    ("shared.services.sweep.RETENTION", timedelta(days=1)),
    ("shared.services.sweep.ENDED_RETENTION", timedelta(days=1)),
    ("tests.faults.machine_story.SUSPENDED_DAYS", 1),
)


def a_bit_of_all(story: Story) -> None:
    """Nothing breaks; a flow refuses once, one goes, and one is off for two days."""
    story.subscribe("full")
    story.receivers.plan("failed", "cannot take it", 1)
    story.source.ingest("ds-orders", "failed", with_task=True)
    story.minute()
    gone, kept = story.known[0], story.known[-1]
    for delivery_id in story.given_up():
        story.replay_dead(delivery_id)
    story.rotate(kept)
    story.replay(kept, START)
    story.drain()
    story.unsubscribe(gone)
    story.sweep(2, "failed")
    story.settle()


@pytest.mark.parametrize(("target", "defect"), DEFECTS, ids=lambda one: getattr(one, "__name__", f"{one}"))
def test_a_product_that_fails_by_itself_is_noticed(
    target: str, defect: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it puts aside what it cannot do, or takes away too much."""
    with closing(Story(lines=["failed"])) as story:
        a_bit_of_all(story)
    with closing(Story(lines=["failed"])) as story:
        monkeypatch.setattr(target, defect)
        with pytest.raises(AssertionError):
            a_bit_of_all(story)


def test_a_story_that_cannot_begin_leaves_the_process_as_it_was() -> None:
    secret, at = secrets.token_urlsafe, logging.root.manager.disable
    with pytest.raises(KeyError):
        Story(lines=["no such flow"])
    assert (secrets.token_urlsafe, logging.root.manager.disable) == (secret, at)


def count(statistics: Statistics, tally: Tally) -> None:
    """What `./dev faults` tells of it."""
    tally.add(statistics.examples)
    tally.figure("steps of one chunk of stories", statistics.steps)
    tally.figure("crashes in one chunk of stories", statistics.crashes)
    tally.figure("events followed to their end in one chunk of stories", statistics.followed)
    for effect in EFFECTS:
        tally.figure(f"{effect} in one chunk of stories", statistics.effects[effect])


def assert_something_happened(statistics: Statistics, *, examples: int, effects: Sequence[str]) -> None:
    """A story in which nothing breaks or is delivered proves nothing, nor does a rule that never applies."""
    told = f"{statistics}"
    assert statistics.examples >= examples, told
    assert statistics.lost_races or not FULL, told
    assert not FULL or [one for one in effects if not statistics.effects[one]] == [], told
    assert statistics.with_crash > statistics.examples / 3, told
    assert statistics.with_event > statistics.examples / 2, told
    assert statistics.followed > statistics.examples, told
    assert {name for name, times in statistics.rules.items() if times < OFTEN} <= RARELY, told
