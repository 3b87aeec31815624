"""What happened since the checkpoint: `detect(checkpoint, snapshot, watches)`, pure, total and deterministic.

Detection does not depend on the rhythm of polls: whatever the source's lists and histories still tell is found, in
order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection.freshness import judge_freshness
from shared.domain.detection.progress import follow_jobs
from shared.domain.detection.reachability import gap_events
from shared.domain.detection.refresh import Refreshes, full_refresh_events, process_events, refresh_events
from shared.domain.detection.thresholds import judge_thresholds
from shared.domain.detection.unification import unification_events
from shared.domain.events import Event
from shared.domain.snapshot import Snapshot
from shared.domain.watches import Watches

__all__ = ["Detection", "detect"]


@dataclass(frozen=True, slots=True)
class Detection:
    """The events, oldest first, the checkpoint that goes with them, and what could not be understood, by kind."""

    events: tuple[Event, ...]
    checkpoint: Checkpoint
    not_understood: Mapping[str, int]


def detect(checkpoint: Checkpoint | None, snapshot: Snapshot, watches: Watches) -> Detection:
    """Compare a snapshot with the checkpoint. Without a checkpoint this is the first sight: a baseline, no event."""
    before = checkpoint or Checkpoint(snapshot.environment_id, snapshot.taken_at)
    progress, marks, forgotten_until = follow_jobs(before, snapshot.jobs, first_sight=checkpoint is None)
    refreshes = Refreshes.of(before, progress, snapshot)
    overdue, sources = judge_freshness(before, snapshot, refreshes.successes, watches.freshness)
    crossings, series, unreadable = judge_thresholds(before, snapshot, watches.series)
    # One by one: a first sight of a large environment would make several 100,000 for nothing.
    events = chain(
        refresh_events(snapshot, refreshes),
        (event for item in progress for event in process_events(snapshot, item)),
        (event for item in progress for event in full_refresh_events(snapshot, item)),
        (event for item in progress for event in unification_events(snapshot, item)),
        crossings,
        overdue,
        gap_events(before, snapshot),
    )
    after = replace(
        before,
        seen_at=max(before.seen_at, snapshot.taken_at),
        jobs=refreshes.mark(marks),
        forgotten_until=forgotten_until,
        sources=sources,
        series=series,
        freshness=watches.freshness,
        looked_at=before.looked_at if None in (snapshot.segments, snapshot.measures) else snapshot.taken_at,
    )
    found = () if checkpoint is None else tuple(sorted(events, key=lambda event: event.time))
    return Detection(found, after, {**refreshes.not_understood, **unreadable})
