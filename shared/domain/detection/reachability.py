"""Whether an environment can be watched: polls that fail, polls that succeed again, history that is lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.checkpoint import Checkpoint, Reachability
from shared.domain.events import Event, EventType, duration_seconds, iso, make_event
from shared.domain.snapshot import Snapshot

ANNOUNCE_AFTER = timedelta(minutes=10)
SILENCE = timedelta(hours=3)  # longer than any sensible schedule of polls


def failed_poll(
    environment_id: str, before: Reachability, reason: str, now: datetime
) -> tuple[Reachability, tuple[Event, ...]]:
    """A poll failed: the first failure is noted with its reason; an outage that lasts is announced once."""
    since = before.failing_since or now
    after = replace(before, failing_since=since, reason=before.reason or reason)
    if before.announced or now - since < ANNOUNCE_AFTER:
        return after, ()
    return replace(after, announced=True), (_unreachable(environment_id, reason, since),)


def succeeded_poll(
    environment_id: str, before: Reachability, polled_at: datetime | None, now: datetime
) -> tuple[Reachability, tuple[Event, ...]]:
    """A poll succeeded: the end of an announced outage is told, and a silence of ours that nobody could announce."""
    if before.announced and before.failing_since is not None:
        return Reachability(), (_recovered(environment_id, before.failing_since, now),)
    if polled_at is not None and now - polled_at > SILENCE:
        silence = _unreachable(environment_id, "not_polled", polled_at)
        return Reachability(), (silence, _recovered(environment_id, polled_at, now))
    return Reachability(), ()


def _unreachable(environment_id: str, reason: str, since: datetime) -> Event:
    return make_event(
        environment_id,
        EventType.UNREACHABLE,
        subject=f"environments/{environment_id}",
        occurrence=iso(since),
        time=since,
        data={
            "reason": reason,
            "failingSince": since,
            "summary": f"Customer Insights environment {environment_id} cannot be watched ({reason}).",
        },
    )


def _recovered(environment_id: str, since: datetime, now: datetime) -> Event:
    return make_event(
        environment_id,
        EventType.RECOVERED,
        subject=f"environments/{environment_id}",
        occurrence=iso(since),
        time=now,
        data={
            "failingSince": since,
            "recoveredAt": now,
            "durationSeconds": duration_seconds(since, now),
            "summary": f"Customer Insights environment {environment_id} is watched again.",
        },
    )


def gap_events(checkpoint: Checkpoint, snapshot: Snapshot) -> Iterator[Event]:
    """The event for a stretch whose jobs the source no longer lists: what happened in it is unknown."""
    if snapshot.gapless:
        return
    unknown = [job.submitted_at for job in snapshot.jobs if job.submitted_at and job.job_id not in checkpoint.jobs]
    oldest = min(unknown, default=snapshot.taken_at)
    start, end = checkpoint.seen_at, max(checkpoint.seen_at, oldest)
    yield make_event(
        snapshot.environment_id,
        EventType.GAP,
        subject=f"environments/{snapshot.environment_id}",
        occurrence=f"{iso(start)}/{iso(end)}",
        time=end,
        data={
            "from": start,
            "to": end,
            "summary": f"Jobs from {iso(start)} to {iso(end)} are no longer listed and may have been missed.",
        },
    )
