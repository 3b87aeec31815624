"""What does a poll tell the metrics: how it ended, how old the last good one is, and the events that it committed?"""

from collections import Counter
from datetime import datetime

from shared.domain.checkpoint import EnvironmentState
from shared.domain.metrics import DETECTED, DETECTION_LAG, EVENTS, HEARTBEAT_AGE, POLLS
from shared.errors import InsightsError
from shared.telemetry import Telemetry


def note_poll(
    telemetry: Telemetry, environment_id: str, before: EnvironmentState, failure: InsightsError | None, now: datetime
) -> None:
    """A poll that this poller made to its end. One that never succeeded is as old as its failures."""
    outcome, reason, age = "ok", "", 0.0
    if failure is not None:
        good = before.polled_at or before.reachability.failing_since or now
        outcome, reason, age = "failed", failure.reason, max(0.0, (now - good).total_seconds())
    telemetry.record(POLLS, environment=environment_id, outcome=outcome, reason=reason)
    telemetry.record(HEARTBEAT_AGE, age, environment=environment_id)


def note_left(telemetry: Telemetry, environment_id: str) -> None:
    """A poll that is left to another poller, who knows the heartbeat."""
    telemetry.record(POLLS, environment=environment_id, outcome="left_to_other", reason="")


def note_events(telemetry: Telemetry, environment_id: str, committed: EnvironmentState) -> None:
    """The events of a commit, and for those of the source how long after they happened it was."""
    events = [numbered.event for numbered in committed.outbox]
    for kind, count in Counter(event.type for event in events).items():
        telemetry.record(EVENTS, count, environment=environment_id, type=kind)
    for event in (one for one in events if one.type in DETECTED):
        lag = (committed.committed_at - event.time).total_seconds() if committed.committed_at else 0.0
        telemetry.record(DETECTION_LAG, max(0.0, lag), type=event.type)
