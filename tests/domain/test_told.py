"""What is a flow told of a night in which much happens? Each event letter by letter, with the id it always has."""

import json
from collections.abc import Sequence
from pathlib import Path

from shared.domain.events import Event
from shared.domain.watches import Direction, Series
from tests.factories import (
    found_after,
    job,
    measure,
    node,
    output,
    overdue_after,
    segment,
    snapshot,
    task,
    threshold,
    watching,
)

TOLD = Path(__file__).with_name("told.json")
NORWAY = {"Country": "NO"}
IN_NORWAY = Series("measures", "Revenue", "Total", tuple(NORWAY.items()))
NIGHT = job(
    "j-1",
    "failed",
    task("Orders", "failed", start=2, end=5, errors=("Too wide.\nLine 7",)),
    task("", "timedOut", operation="match", start=3, end=6),
    task("", "skipped", operation="merge", start=4, end=7),
    start=1,
    end=9,
)
BEFORE = snapshot(
    0,
    nodes=[node(success=-300)],
    segments=[segment((0, 90), display="Loyal customers")],
    measures=[measure(output(0, NORWAY, Total="5"))],
)
AFTER = snapshot(
    200,
    NIGHT,
    nodes=[node(success=-300)],
    segments=[segment((0, 90), (10, 120), (20, 70), display="Loyal customers")],
    measures=[measure(output(10, NORWAY, Total="4.5"))],
)
WATCHES = watching(
    threshold(100, rearm_at=90),
    threshold(80, Direction.BELOW),
    threshold(10, Direction.BOTH, percent=True),
    threshold(5, Direction.BELOW, series=IN_NORWAY),
    overdue_after(6.125),
)


def written(events: Sequence[Event]) -> list[object]:
    """Events as JSON."""
    told = [
        {"id": one.id, "type": one.type, "subject": one.subject, "time": one.time.isoformat(), "data": dict(one.data)}
        for one in events
    ]
    found: list[object] = json.loads(json.dumps(told, default=float))
    return found


def test_a_night_is_told_as_it_always_was() -> None:
    """An id that changed would have flows act twice."""
    expected = json.loads(TOLD.read_text(encoding="utf-8"))
    for event, wanted in zip(written(found_after(BEFORE, AFTER, watches=WATCHES)), expected, strict=True):
        assert event == wanted
