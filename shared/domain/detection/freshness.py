"""Which data sources went without a successful refresh for longer than a freshness watch allows.

Judged from the times of the successes, not from the moment of the poll: a source that was overdue and has recovered
between two polls is still told, once, with the time at which it became overdue.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.checkpoint import Checkpoint, SourceMark
from shared.domain.events import Event, EventType, iso, make_event
from shared.domain.snapshot import Node, Snapshot
from shared.domain.watches import FreshnessWatch


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
    names = set(nodes) if snapshot.nodes is not None else set(checkpoint.sources)
    known = {watch.id for watch in checkpoint.freshness}
    events: list[Event] = []
    marks: dict[str, SourceMark] = {}
    for source_id in sorted(names):
        before = checkpoint.sources.get(source_id)
        new = [watch for watch in watches if before is None or watch.id not in known]
        mark = _with_silent(_mark(before, nodes.get(source_id), snapshot), source_id, new, snapshot.taken_at)
        times = sorted({*successes.get(source_id, ()), *_last_success(nodes.get(source_id))})
        found, marks[source_id] = _judge(snapshot, source_id, mark, times, watches)
        events += found
    return events, checkpoint.sources if marks == checkpoint.sources else marks


def _mark(mark: SourceMark | None, node: Node | None, snapshot: Snapshot) -> SourceMark:
    if mark is None:
        last = node.last_successful_at if node else None
        return SourceMark(node.friendly_name if node else "", snapshot.taken_at, last)
    if node is not None and node.friendly_name and node.friendly_name != mark.name:
        return replace(mark, name=node.friendly_name)
    return mark


def _last_success(node: Node | None) -> tuple[datetime, ...]:
    return (node.last_successful_at,) if node and node.last_successful_at else ()


def _with_silent(mark: SourceMark, source_id: str, new_watches: Sequence[FreshnessWatch], now: datetime) -> SourceMark:
    """A watch that starts when the source is already overdue says nothing until the next time."""
    late = {w.id for w in new_watches if _concerns(w, source_id) and now - mark.fresh_since > w.within}
    return replace(mark, fired=mark.fired | late) if late else mark


def _judge(
    snapshot: Snapshot,
    source_id: str,
    mark: SourceMark,
    successes: Sequence[datetime],
    watches: Sequence[FreshnessWatch],
) -> tuple[list[Event], SourceMark]:
    concerned = [watch for watch in watches if _concerns(watch, source_id)]
    events: list[Event] = []
    for success in successes:
        if mark.last_success_at is not None and success <= mark.last_success_at:
            continue
        events += _overdue(snapshot, source_id, mark, concerned, success)
        mark = replace(mark, last_success_at=success, fired=frozenset())
    events += _overdue(snapshot, source_id, mark, concerned, snapshot.taken_at)
    age = snapshot.taken_at - mark.fresh_since
    fired = frozenset(watch.id for watch in concerned if watch.id in mark.fired or age > watch.within)
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


def _concerns(watch: FreshnessWatch, source_id: str) -> bool:
    return watch.data_source_id is None or watch.data_source_id == source_id
