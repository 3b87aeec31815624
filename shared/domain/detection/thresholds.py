"""Which thresholds a segment or a measure crossed, evaluation by evaluation.

Only completed evaluations that are newer than the last judged one count, oldest first: what dipped and came back
between two polls is found in the history. A series seen for the first time, or created anew, is a baseline.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from shared.domain.checkpoint import Checkpoint, SeriesMark
from shared.domain.events import Event, EventType, JsonValue, iso, make_event
from shared.domain.snapshot import Measure, Segment, Snapshot
from shared.domain.watches import Direction, Series, SeriesWatches, ThresholdWatch, change_percent, round_percent

_EVALUATION_STATUSES = (
    "", "none", "queued", "running", "completedsuccess", "completedfailure", "cancelled", "interrupted", "notqualified",
)  # fmt: skip
_KEEP_MISSING = timedelta(days=7)
_MAX_MAGNITUDE = 60  # powers of ten; what is beyond can be neither written out nor reckoned with


@dataclass(frozen=True, slots=True)
class _Reading:
    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One series in a snapshot. `readings` are its completed evaluations, in any order."""

    series: Series
    display_name: str
    created_at: datetime | None
    readings: tuple[_Reading, ...]


def judge_thresholds(
    checkpoint: Checkpoint, snapshot: Snapshot, watches: Mapping[str, SeriesWatches]
) -> tuple[list[Event], Mapping[str, SeriesMark], Mapping[str, int]]:
    """The crossings since the checkpoint, the marks that follow, and counts of what could not be read."""
    if snapshot.segments is None and snapshot.measures is None:
        return [], checkpoint.series, {}
    unreadable: Counter[str] = Counter()
    events: list[Event] = []
    marks = dict(checkpoint.series)
    for sighting in _sightings(snapshot, unreadable):
        key = sighting.series.key
        before = _known(marks.get(key), sighting)
        crossings, after = _judge(snapshot.environment_id, sighting, before, watches.get(key))
        events += crossings
        if after is not None:
            marks[key] = after
    _age_missing(marks, snapshot)
    return events, marks, unreadable


def _sightings(snapshot: Snapshot, unreadable: Counter[str]) -> Iterator[_Sighting]:
    for segment in snapshot.segments or ():
        yield _segment(segment, unreadable)
    for measure in snapshot.measures or ():
        yield from _measure(measure, unreadable)


def _segment(segment: Segment, unreadable: Counter[str]) -> _Sighting:
    """A segment that is inactive keeps its last value: nothing is read from it until it is active again."""
    readings = []
    for evaluation in segment.evaluations if segment.state.lower() != "inactive" else ():
        status = evaluation.status.lower()
        if status not in _EVALUATION_STATUSES:
            unreadable["unknown_evaluation_status"] += 1
        if status != "completedsuccess":
            continue
        if evaluation.at is None or evaluation.members is None:
            unreadable["segment_without_count"] += 1
            continue
        readings.append(_Reading(evaluation.at, Decimal(evaluation.members)))
    series = Series("segments", segment.name)
    return _Sighting(series, segment.display_name, segment.created_at, tuple(readings))


def _measure(measure: Measure, unreadable: Counter[str]) -> Iterator[_Sighting]:
    """One sighting for each aggregate. The current output counts only when the latest evaluation completed."""
    outputs = [*measure.history, *(measure.outputs if measure.is_evaluated else ())]
    readings: dict[Series, list[_Reading]] = {}
    for output in outputs:
        for alias, text in output.values.items():
            found = readings.setdefault(Series("measures", measure.name, alias, output.dimensions), [])
            value = _number(text)
            if output.at is None or value is None:
                unreadable["measure_not_a_number"] += 1
                continue
            found.append(_Reading(output.at, value))
    for series, of_series in readings.items():
        yield _Sighting(series, measure.display_name, measure.created_at, tuple(of_series))


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= _MAX_MAGNITUDE else None


def _known(mark: SeriesMark | None, sighting: _Sighting) -> SeriesMark | None:
    """The mark, unless the series was created anew; one that was away is itself only if its creation time says so."""
    if mark is None:
        return None
    if mark.created_at is None or sighting.created_at is None:
        return None if mark.missing_since else replace(mark, created_at=mark.created_at or sighting.created_at)
    if mark.created_at != sighting.created_at:
        return None
    return replace(mark, missing_since=None) if mark.missing_since else mark


def _judge(
    environment_id: str, sighting: _Sighting, mark: SeriesMark | None, watches: SeriesWatches | None
) -> tuple[list[Event], SeriesMark | None]:
    by_time = {reading.at: reading for reading in sighting.readings}
    fresh = sorted((r for r in by_time.values() if mark is None or r.at > mark.at), key=lambda reading: reading.at)
    if mark is None:
        return [], SeriesMark(fresh[-1].at, fresh[-1].value, sighting.created_at) if fresh else None
    events: list[Event] = []
    for reading in fresh:
        disarmed: frozenset[str] = frozenset()  # nobody waits where nobody watches
        if watches is not None:
            disarmed = _rearmed(mark.disarmed, reading.value, watches)
            for watch, side in watches.crossed(mark.value, reading.value):
                entry = f"{watch.id}/{side}"
                if entry in disarmed:
                    continue
                if watch.rearm_at is not None:
                    disarmed |= {entry}
                events.append(_event(environment_id, sighting, mark, reading, watch, side))
        mark = replace(mark, at=reading.at, value=reading.value, disarmed=disarmed)
    return events, mark


def _rearmed(disarmed: frozenset[str], value: Decimal, watches: SeriesWatches) -> frozenset[str]:
    """What is still waiting once the value has been seen; watches that no longer exist are dropped."""
    waiting = set()
    for entry in disarmed:
        watch_id, side = entry.split("/")
        watch = watches.by_id.get(watch_id)
        level = watch.rearm_level(Direction(side)) if watch else None
        if level is not None and (value > level if side == Direction.ABOVE else value < level):
            waiting.add(entry)
    return disarmed if len(waiting) == len(disarmed) else frozenset(waiting)


def _age_missing(marks: dict[str, SeriesMark], snapshot: Snapshot) -> None:
    """Remember what disappeared for a while, so that an incomplete answer does not lose its last value."""
    looked = {"segments": snapshot.segments, "measures": snapshot.measures}
    present = {(kind, item.name) for kind, items in looked.items() for item in items or ()}
    for key, mark in list(marks.items()):
        kind, name = key.split("\x1f")[:2]
        if looked[kind] is None or (kind, name) in present:
            continue
        if mark.missing_since is None:
            marks[key] = replace(mark, missing_since=snapshot.taken_at)
        elif snapshot.taken_at - mark.missing_since > _KEEP_MISSING:
            del marks[key]


def _event(
    environment_id: str,
    sighting: _Sighting,
    before: SeriesMark,
    reading: _Reading,
    watch: ThresholdWatch,
    side: Direction,
) -> Event:
    is_segment = sighting.series.kind == "segments"
    change = change_percent(before.value, reading.value)
    return make_event(
        environment_id,
        EventType.SEGMENT_CROSSED if is_segment else EventType.MEASURE_CROSSED,
        subject=sighting.series.subject,
        occurrence=f"{watch.id}/{side}/{iso(reading.at)}",
        time=reading.at,
        data={
            **_identity(sighting, is_segment=is_segment),
            "previousValue": number(before.value),
            "value": number(reading.value),
            "threshold": number(watch.threshold),
            "thresholdKind": "percentChange" if watch.percent else "value",
            "direction": str(side),
            "changePercent": number(round_percent(change)) if change is not None else None,
            "previousEvaluatedAt": before.at,
            "evaluatedAt": reading.at,
            "watchId": watch.id,
            "summary": _summary(sighting, before, reading, watch, side),
        },
    )


def _identity(sighting: _Sighting, *, is_segment: bool) -> dict[str, JsonValue | datetime | None]:
    name, label = sighting.series.name, sighting.display_name or sighting.series.name
    if is_segment:
        return {"segmentName": name, "segmentDisplayName": label}
    dimensions = dict(sighting.series.dimensions)
    return {
        "measureName": name,
        "measureDisplayName": label,
        "alias": sighting.series.alias,
        "dimensions": dimensions or None,
    }


def _summary(sighting: _Sighting, before: SeriesMark, reading: _Reading, watch: ThresholdWatch, side: Direction) -> str:
    label = sighting.display_name or sighting.series.name
    moved = f"{before.value:f} to {reading.value:f}"
    if watch.percent:
        verb = "rose" if side is Direction.ABOVE else "fell"
        return f"{label} {verb} by more than {watch.threshold:f} %: {moved}."
    verb = "rose above" if side is Direction.ABOVE else "fell below"
    return f"{label} {verb} {watch.threshold:f}: {moved}."


def number(value: Decimal) -> int | Decimal:
    """A whole number as such, so that it is written without a fraction or an exponent."""
    return int(value) if value == value.to_integral_value() else value
