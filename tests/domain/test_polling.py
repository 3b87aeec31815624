"""When is a poll worth a write, and when is everything looked at? Not because of the time alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.checkpoint import Checkpoint, EnvironmentState, Reachability
from shared.domain.polling import (
    FULL_LOOK,
    HEARTBEAT,
    STALE_AFTER,
    TAKE_OVER_AFTER,
    is_being_relayed,
    is_full_look_due,
    is_healthy,
    is_worth_writing,
)
from tests.factories import ENVIRONMENT, START

SECOND = timedelta(seconds=1)
BEFORE = EnvironmentState(
    checkpoint=Checkpoint(ENVIRONMENT, START, looked_at=START),
    sequence=3,
    polled_at=START,
    looked_at=START,
    committed_at=START,
)


def seen(later: timedelta, **changes: object) -> EnvironmentState:
    """The state after another poll, which saw nothing new unless it is said."""
    now = START + later
    state = replace(BEFORE, checkpoint=Checkpoint(ENVIRONMENT, now, looked_at=now), polled_at=now)
    return replace(state, **changes)  # type: ignore[arg-type]


def test_that_time_went_by_is_written_now_and_then_only() -> None:
    assert not is_worth_writing(BEFORE, seen(HEARTBEAT - SECOND))
    assert is_worth_writing(BEFORE, seen(HEARTBEAT))
    assert is_worth_writing(BEFORE, seen(-HEARTBEAT))
    assert is_worth_writing(replace(BEFORE, polled_at=None), seen(SECOND))


def test_whatever_else_changed_is_written() -> None:
    assert is_worth_writing(BEFORE, seen(SECOND, watches=1))
    assert is_worth_writing(BEFORE, seen(SECOND, checkpoint=None))
    assert is_worth_writing(replace(BEFORE, checkpoint=None), seen(SECOND))
    assert not is_worth_writing(replace(BEFORE, checkpoint=None), seen(SECOND, checkpoint=None))


def test_everything_is_looked_at_now_and_then_and_when_it_is_asked_for_after_the_last_time() -> None:
    soon = START + SECOND
    assert is_full_look_due(replace(BEFORE, looked_at=None), soon, None)
    assert not is_full_look_due(BEFORE, START + FULL_LOOK - SECOND, None)
    assert is_full_look_due(BEFORE, START + FULL_LOOK, None)
    assert is_full_look_due(BEFORE, START - FULL_LOOK, None)
    assert not is_full_look_due(BEFORE, soon, START - SECOND)
    assert is_full_look_due(BEFORE, soon, START)


@pytest.mark.parametrize(("passed", "relayed"), [(TAKE_OVER_AFTER - SECOND, True), (TAKE_OVER_AFTER, False)])
def test_an_outbox_belongs_to_who_committed_it_just_now(passed: timedelta, relayed: bool) -> None:
    assert is_being_relayed(BEFORE, START + passed) is relayed
    assert is_being_relayed(BEFORE, START - passed) is relayed
    assert not is_being_relayed(replace(BEFORE, committed_at=None), START)


def test_healthy_is_what_was_polled_lately_and_does_not_fail() -> None:
    assert is_healthy(BEFORE, START + STALE_AFTER - SECOND)
    assert not is_healthy(BEFORE, START + STALE_AFTER)
    assert not is_healthy(replace(BEFORE, polled_at=None), START)
    assert not is_healthy(replace(BEFORE, reachability=Reachability(START, "x")), START)
