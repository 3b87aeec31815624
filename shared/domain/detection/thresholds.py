"""Which thresholds a segment or a measure crossed, evaluation by evaluation.

Only completed evaluations that are newer than the last judged one count, oldest first: what dipped and came back
between two polls is found in the history. A series seen for the first time, or created anew, is a baseline.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from shared.domain.checkpoint import Checkpoint, SeriesMark
from shared.domain.events import Event, EventType, JsonValue, iso, make_event
from shared.domain.snapshot import Evaluation, Measure, Segment, Snapshot
from shared.domain.watches import (
    Direction,
    Series,
    SeriesWatches,
    ThresholdWatch,
    change_percent,
    round_percent,
    segment_key,
)

_EVALUATION_STATUSES = (
    "", "none", "queued", "running", "completedfailure", "cancelled", "interrupted", "notqualified",
)  # fmt: skip
_KEEP_MISSING = timedelta(days=7)
_MAX_MAGNITUDE = 60  # powers of ten; what is beyond can be neither written out nor reckoned with


class _Reading(NamedTuple):
    at: datetime
    value: Decimal


class _Sighting(NamedTuple):
    """One series of which there may be news, the mark to judge it by, and its completed evaluations, in any order."""

    key: str
    item: Segment | Measure
    mark: SeriesMark | None
    readings: Sequence[_Reading]


def judge_thresholds(
    checkpoint: Checkpoint, snapshot: Snapshot, watches: Mapping[str, SeriesWatches]
) -> tuple[list[Event], Mapping[str, SeriesMark], Mapping[str, int]]:
    """The crossings since the checkpoint, the marks that follow, and counts of what could not be read."""
    if snapshot.segments is None and snapshot.measures is None:
        return [], checkpoint.series, {}
    unreadable: Counter[str] = Counter()
    events: list[Event] = []
    marks = dict(checkpoint.series)
    for sighting in _sightings(snapshot, marks, unreadable):
        crossings, after = _judge(snapshot.environment_id, sighting, watches.get(sighting.key))
        events += crossings
        if after is not None:
            marks[sighting.key] = after
    _age_missing(marks, snapshot)
    return events, marks, unreadable


def judged_until(marks: Mapping[str, SeriesMark], segment: str, created_at: datetime | None) -> datetime | None:
    """Until when the evaluations of a segment were judged; None where they begin with a baseline."""
    mark = _known(marks.get(segment_key(segment)), created_at)
    return mark.at if mark else None


def _sightings(snapshot: Snapshot, marks: Mapping[str, SeriesMark], unreadable: Counter[str]) -> Iterator[_Sighting]:
    for segment in snapshot.segments or ():
        key = segment_key(segment.name)
        known = marks.get(key)
        mark = _known(known, segment.created_at)
        readings = _read_segment(segment, unreadable)
        if readings or mark is not known:
            yield _Sighting(key, segment, mark, readings)
    for measure in snapshot.measures or ():
        for series, readings in _read_measure(measure, unreadable).items():
            key = series.key
            yield _Sighting(key, measure, _known(marks.get(key), measure.created_at), readings)


def _read_segment(segment: Segment, unreadable: Counter[str]) -> list[_Reading]:
    """A segment that is inactive keeps its last value: nothing is read from it until it is active again."""
    if segment.state.lower() == "inactive":
        return []
    return [reading for one in segment.evaluations if (reading := _read(one, unreadable)) is not None]


def _read(evaluation: Evaluation, unreadable: Counter[str]) -> _Reading | None:
    status = evaluation.status.lower()
    if status != "completedsuccess":
        if status not in _EVALUATION_STATUSES:
            unreadable["unknown_evaluation_status"] += 1
        return None
    if evaluation.at is None or evaluation.members is None:
        unreadable["segment_without_count"] += 1
        return None
    return _Reading(evaluation.at, Decimal(evaluation.members))


def _read_measure(measure: Measure, unreadable: Counter[str]) -> Mapping[Series, list[_Reading]]:
    """The readings of each aggregate. The current output counts only when the latest evaluation completed."""
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
    return readings


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= _MAX_MAGNITUDE else None


def _known(mark: SeriesMark | None, created_at: datetime | None) -> SeriesMark | None:
    """The mark, unless the series was created anew; one that was away is itself only if its creation time says so."""
    if mark is None:
        return None
    if mark.created_at is None or created_at is None:
        return None if mark.missing_since else replace(mark, created_at=mark.created_at or created_at)
    if mark.created_at != created_at:
        return None
    return replace(mark, missing_since=None) if mark.missing_since else mark


def _judge(
    environment_id: str, sighting: _Sighting, watches: SeriesWatches | None
) -> tuple[Sequence[Event], SeriesMark | None]:
    mark = sighting.mark
    fresh = _in_order([one for one in sighting.readings if mark is None or one.at > mark.at])
    if not fresh:
        return (), mark
    if mark is None:
        return (), SeriesMark(*fresh[-1], sighting.item.created_at)
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
        mark = SeriesMark(reading.at, reading.value, mark.created_at, mark.missing_since, disarmed)
    return events, mark


def _in_order(readings: list[_Reading]) -> list[_Reading]:
    """Oldest first, one for each time."""
    if len(readings) < 2:
        return readings
    by_time = {reading.at: reading for reading in readings}
    return [by_time[moment] for moment in sorted(by_time)]


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
    looked = {"segments": snapshot.segments is not None, "measures": snapshot.measures is not None}
    segments = {segment_key(segment.name) for segment in snapshot.segments or ()}
    measures = {measure.name for measure in snapshot.measures or ()}
    for key in marks.keys() - segments:
        kind, name = key.split("\x1f")[:2]
        if not looked[kind] or (kind == "measures" and name in measures):
            continue
        mark = marks[key]
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
    label = sighting.item.display_name or sighting.item.name
    is_segment = watch.series.kind == "segments"
    change = change_percent(before.value, reading.value)
    return make_event(
        environment_id,
        EventType.SEGMENT_CROSSED if is_segment else EventType.MEASURE_CROSSED,
        subject=watch.series.subject,
        occurrence=f"{watch.id}/{side}/{iso(reading.at)}",
        time=reading.at,
        data={
            **_identity(watch.series, label, is_segment=is_segment),
            "previousValue": number(before.value),
            "value": number(reading.value),
            "threshold": number(watch.threshold),
            "thresholdKind": "percentChange" if watch.percent else "value",
            "direction": str(side),
            "changePercent": number(round_percent(change)) if change is not None else None,
            "previousEvaluatedAt": before.at,
            "evaluatedAt": reading.at,
            "watchId": watch.id,
            "summary": _summary(label, before, reading, watch, side),
        },
    )


def _identity(series: Series, label: str, *, is_segment: bool) -> dict[str, JsonValue | datetime | None]:
    if is_segment:
        return {"segmentName": series.name, "segmentDisplayName": label}
    return {
        "measureName": series.name,
        "measureDisplayName": label,
        "alias": series.alias,
        "dimensions": dict(series.dimensions) or None,
    }


def _summary(label: str, before: SeriesMark, reading: _Reading, watch: ThresholdWatch, side: Direction) -> str:
    moved = f"{before.value:f} to {reading.value:f}"
    if watch.percent:
        verb = "rose" if side is Direction.ABOVE else "fell"
        return f"{label} {verb} by more than {watch.threshold:f} %: {moved}."
    verb = "rose above" if side is Direction.ABOVE else "fell below"
    return f"{label} {verb} {watch.threshold:f}: {moved}."


def number(value: Decimal) -> int | Decimal:
    """A whole number as such, so that it is written without a fraction or an exponent."""
    return int(value) if value == value.to_integral_value() else value
