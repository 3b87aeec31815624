"""When are the headlines of the jobs enough? When all their tasks would tell nothing more."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection import detect
from shared.domain.detection.progress import is_settled, may_be_settled
from shared.domain.events import EventType
from shared.domain.looks import look_after
from shared.domain.snapshot import Job, Look
from shared.domain.watches import Watches
from tests.domain.world import END, World, headlines, polled, rules, worlds
from tests.factories import at, follow, job, snapshot, task

OFTEN = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
DONE = job("j1", "successful", task(), end=6)
NOTHING = Look()


def settled(checkpoint: Checkpoint, *jobs: Job) -> bool:
    """Whether headlines are asked for, and are enough."""
    return may_be_settled(checkpoint) and is_settled(checkpoint, headlines(jobs))


def known(*jobs: Job) -> Checkpoint:
    """A checkpoint after a look at these jobs."""
    return follow(snapshot(10, *jobs))[-1].checkpoint


def require_nothing_new(world: World, watches: Watches, checkpoint: Checkpoint, minute: int, top: int) -> bool:
    """Whether headlines are enough at a minute; if so, the whole of the jobs tells no more."""
    jobs = world.jobs_at(minute, top)
    if not settled(checkpoint, *jobs):
        return False
    rules_of_then = replace(watches, freshness=checkpoint.freshness)
    whole, short = (
        detect(checkpoint, world.look(minute, of, NOTHING), rules_of_then) for of in (jobs, headlines(jobs))
    )
    assert whole == short
    assert {event.type for event in whole.events} <= {EventType.OVERDUE}, "time alone makes it news"
    assert look_after(checkpoint, jobs) == look_after(checkpoint, headlines(jobs)) == NOTHING
    return True


@OFTEN
@given(worlds(), rules(), st.lists(st.integers(1, int(END)), min_size=1, max_size=6).map(sorted), st.integers(1, 30))
def test_headlines_that_are_enough_hide_no_news(world: World, watches: Watches, minutes: list[int], top: int) -> None:
    """At each minute from what was known at the one before, whatever of the jobs is listed."""
    looks = polled(world, watches, [0, *minutes], economical=True)
    for before, minute in zip(looks, [*minutes, int(END)], strict=True):
        require_nothing_new(world, watches, before.checkpoint, minute, top)


@OFTEN
@given(worlds(), rules(), st.integers(1, int(END)))
def test_what_was_seen_to_its_end_needs_no_more_than_headlines(world: World, watches: Watches, minute: int) -> None:
    """Else the property would hold because headlines never are enough."""
    checkpoint = polled(world, watches, [0, minute], economical=False)[-1].checkpoint
    over = all(one.ended for one in world.jobs_at(minute, 1000))
    assert require_nothing_new(world, watches, checkpoint, minute, 1000) is over


def test_where_nothing_is_known_and_nothing_listed_there_is_no_news() -> None:
    assert settled(known())
    assert settled(known(DONE))


@pytest.mark.parametrize(
    "listed",
    [
        job("j2", "successful", task(), start=7, end=8),
        job("j2", "running", start=7),
        replace(DONE, status="running", ended_at=None),
    ],
    ids=["new", "new-and-running", "known-and-running-again"],
)
def test_a_job_that_is_new_or_goes_on_is_asked_for_with_its_tasks(listed: Job) -> None:
    assert not settled(known(DONE), listed)
    assert not settled(known(DONE), listed, DONE)


@pytest.mark.parametrize("open_one", [job("j2", "running"), job("j2", "failed", task(status="queued"), end=8)])
def test_while_a_job_or_a_task_of_it_is_open_headlines_are_not_asked_for(open_one: Job) -> None:
    """The task may end by itself, which no headline would show."""
    checkpoint = known(DONE, open_one)
    assert not may_be_settled(checkpoint)
    assert not is_settled(checkpoint, headlines((job("j2", "failed", end=8),)))


def test_a_job_that_was_forgotten_is_no_news() -> None:
    looks = snapshot(10, DONE), snapshot(20, job("j9", "successful", start=15, end=16))
    assert settled(follow(*looks)[-1].checkpoint, DONE)


def test_a_closed_job_that_gets_further_tasks_is_told_when_it_is_next_seen_with_them() -> None:
    """Its headline shows nothing of them."""
    late = replace(DONE, tasks=(*DONE.tasks, task("Late", "failed", end=9)))
    looks = snapshot(10, DONE), snapshot(11, *headlines((late,))), snapshot(12, late), snapshot(13, late)
    first, *later = follow(*looks)
    assert settled(first.checkpoint, late)
    assert [{(one.type, one.time) for one in look.events} for look in later] == [
        set(),
        {(EventType.REFRESH_FAILED, at(9)), (EventType.PROCESS_ENDED, at(9))},
        set(),
    ]
