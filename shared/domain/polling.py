"""When a poll looks at everything, what it leaves to another poller, and what is worth a commit.

Distances in time are taken either way: a clock that was set back must not stop anything until it has caught up.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.checkpoint import Checkpoint, EnvironmentState

HEARTBEAT = timedelta(minutes=5)
FULL_LOOK = timedelta(minutes=15)
STALE_AFTER = timedelta(minutes=15)
TAKE_OVER_AFTER = timedelta(seconds=60)  # longer than a relay that storage makes wait


def is_full_look_due(state: EnvironmentState, now: datetime, asked_at: datetime | None) -> bool:
    """Whether to look at everything: now and then, and when it was asked for after the last time."""
    if state.looked_at is None or abs(now - state.looked_at) >= FULL_LOOK:
        return True
    return asked_at is not None and asked_at >= state.looked_at


def is_being_relayed(state: EnvironmentState, now: datetime) -> bool:
    """Whether the outbox belongs to the poller that committed it just now; an old one was left by a crash."""
    return state.committed_at is not None and abs(now - state.committed_at) < TAKE_OVER_AFTER


def is_healthy(state: EnvironmentState, now: datetime) -> bool:
    """Whether it was polled lately and polls succeed."""
    return (
        state.polled_at is not None and now - state.polled_at < STALE_AFTER and state.reachability.failing_since is None
    )


def is_worth_writing(before: EnvironmentState, after: EnvironmentState) -> bool:
    """Whether anything but the time of the poll changed, or a heartbeat is due."""
    if after.polled_at and (before.polled_at is None or abs(after.polled_at - before.polled_at) >= HEARTBEAT):
        return True
    checkpoint = _at_the_time_of(after.checkpoint, before.checkpoint)
    return replace(after, polled_at=before.polled_at, checkpoint=checkpoint) != before


def _at_the_time_of(after: Checkpoint | None, before: Checkpoint | None) -> Checkpoint | None:
    if after is None or before is None:
        return after
    return replace(after, seen_at=before.seen_at, looked_at=before.looked_at)
