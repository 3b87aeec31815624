"""Which data sources went without a successful refresh for longer than a freshness watch allows.

Judged from the times of the successes, not from the moment of the poll: a source that was overdue and has recovered
between two polls is still told, once, with the time at which it became overdue.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.checkpoint import Checkpoint, SourceMark
from shared.domain.events import Event, EventType, iso, make_event
from shared.domain.snapshot import Node, Snapshot
from shared.domain.watches import FreshnessWatch

_KEEP_MISSING = timedelta(days=7)


def judge_freshness(
    checkpoint: Checkpoint,
    snapshot: Snapshot,
    successes: Mapping[str, Sequence[datetime]],
    watches: Sequence[FreshnessWatch],
) -> tuple[list[Event], Mapping[str, SourceMark]]:
    """The overdue events since the checkpoint and the data sources as they are now known."""
    nodes = {
        node.identifier: node for node in snapshot.nodes or () if node.operation_type == "ingestion" and node.identifier
    }
    present = {source_id for source_id, mark in checkpoint.sources.items() if mark.missing_since is None}
    names = present if snapshot.nodes is None else set(nodes)
    known = {watch.id for watch in checkpoint.freshness}
    events: list[Event] = []
    marks = _missing(checkpoint, names, snapshot.taken_at)
    for source_id in sorted(names):
        before = checkpoint.sources.get(source_id)
        new = {watch.id for watch in watches if before is None or watch.id not in known}
        mark = _mark(before, nodes.get(source_id), snapshot)
        times = sorted({*successes.get(source_id, ()), *_last_success(nodes.get(source_id))})
        concerned = [watch for watch in watches if watch.concerns(source_id)]
        found, marks[source_id] = _judge(snapshot, source_id, mark, times, concerned)
        # A watch that starts when the source is already overdue says nothing until the next time.
        events += (event for event in found if event.data["watchId"] not in new)
    return events, checkpoint.sources if marks == checkpoint.sources else marks


def _missing(checkpoint: Checkpoint, names: set[str], now: datetime) -> dict[str, SourceMark]:
    """Remember what disappeared for a while, so that an incomplete answer lets no overdue source slip away."""
    away = {key: mark for key, mark in checkpoint.sources.items() if key not in names}
    marked = {key: replace(mark, missing_since=mark.missing_since or now) for key, mark in away.items()}
    return {key: mark for key, mark in marked.items() if now - (mark.missing_since or now) <= _KEEP_MISSING}


def _mark(mark: SourceMark | None, node: Node | None, snapshot: Snapshot) -> SourceMark:
    if mark is None:
        last = node.last_successful_at if node else None
        return SourceMark(node.friendly_name if node else "", snapshot.taken_at, last)
    name = node.friendly_name if node and node.friendly_name else mark.name
    return replace(mark, name=name, missing_since=None)


def _last_success(node: Node | None) -> tuple[datetime, ...]:
    return (node.last_successful_at,) if node and node.last_successful_at else ()


def _judge(
    snapshot: Snapshot,
    source_id: str,
    mark: SourceMark,
    successes: Sequence[datetime],
    watches: Sequence[FreshnessWatch],
) -> tuple[list[Event], SourceMark]:
    events: list[Event] = []
    for success in successes:
        if mark.last_success_at is not None and success <= mark.last_success_at:
            continue
        events += _overdue(snapshot, source_id, mark, watches, success)
        mark = replace(mark, last_success_at=success, fired=frozenset())
    events += _overdue(snapshot, source_id, mark, watches, snapshot.taken_at)
    age = snapshot.taken_at - mark.fresh_since
    fired = frozenset(watch.id for watch in watches if watch.id in mark.fired or age > watch.within)
    return events, replace(mark, fired=fired)


def _overdue(
    snapshot: Snapshot, source_id: str, mark: SourceMark, watches: Sequence[FreshnessWatch], until: datetime
) -> Iterator[Event]:
    for watch in watches:
        if watch.id in mark.fired or until - mark.fresh_since <= watch.within:
            continue
        hours = round(watch.within.total_seconds() / 3600, 2)
        yield make_event(
            snapshot.environment_id,
            EventType.OVERDUE,
            subject=f"datasources/{source_id}",
            occurrence=f"{watch.id}/{iso(mark.fresh_since)}",
            time=mark.fresh_since + watch.within,
            data={
                "dataSourceId": source_id,
                "dataSourceName": mark.name or None,
                "withinHours": hours,
                "lastSuccessAt": mark.last_success_at,
                "watchId": watch.id,
                "summary": f"{mark.name or source_id} had no successful refresh for {hours:g} hours.",
            },
        )
