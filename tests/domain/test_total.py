"""Whatever the API answers, detection has an answer too."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.detection import detect
from shared.domain.looks import look_after
from shared.domain.snapshot import Evaluation, Job, Measure, Node, Output, Segment, Snapshot, Task
from shared.domain.watches import Direction, FreshnessWatch, Series, ThresholdWatch, Watches

_MOMENTS = st.none() | st.sampled_from([datetime(2026, 5, 4, hour, tzinfo=UTC) for hour in range(6)])
_NAMES = st.sampled_from(["", "a", "b", "Ø", "x" * 300, "a/b\n"])
_STATUSES = st.sampled_from(["", "running", "Queued", "SUCCESSFUL", "failed", "timedout", "novel", "skipped"])
_OPERATIONS = st.sampled_from(["", "ALL", "ingestion", "Map", "match", "merge", "segmentation", "novel"])
_NUMBERS = st.sampled_from(["1", "-1", "", "NaN", "1e400", "-1E-400", "1E+99999999", "9" * 60, "0.1", "zero", "0e9"])
_TASKS = st.builds(Task, _NAMES, _OPERATIONS, _STATUSES, _NAMES, _MOMENTS, _MOMENTS, st.lists(_NAMES).map(tuple))
_JOBS = st.builds(
    Job,
    _NAMES,
    _OPERATIONS,
    _STATUSES,
    _NAMES,
    _MOMENTS,
    _MOMENTS,
    st.lists(_NAMES, max_size=2).map(tuple),
    st.lists(_TASKS, max_size=4).map(tuple),
)
_NODES = st.builds(Node, _OPERATIONS, _NAMES, _NAMES, st.lists(_NAMES).map(tuple), _STATUSES, _MOMENTS, _MOMENTS)
_EVALUATIONS = st.builds(
    Evaluation, _MOMENTS, st.sampled_from(["CompletedSuccess", "None", ""]), st.none() | st.integers(-(10**20), 10**40)
)
_SEGMENTS = st.builds(
    Segment, _NAMES, _NAMES, st.sampled_from(["active", "inactive", ""]), _MOMENTS, st.lists(_EVALUATIONS).map(tuple)
)
_OUTPUTS = st.builds(Output, _MOMENTS, st.dictionaries(_NAMES, _NUMBERS, max_size=2))
_LISTED = st.lists(_OUTPUTS, max_size=3).map(tuple)
_MEASURES = st.builds(Measure, _NAMES, _NAMES, _STATUSES, _MOMENTS, _MOMENTS, _LISTED, _LISTED)


T = TypeVar("T")


def _maybe(items: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...] | None]:
    return st.none() | st.lists(items, max_size=3).map(tuple)


_SNAPSHOTS = st.builds(
    Snapshot,
    st.just("e"),
    st.sampled_from([datetime(2026, 5, day, tzinfo=UTC) for day in (1, 4, 5, 30)]),
    st.lists(_JOBS, max_size=4).map(tuple),
    _maybe(_NODES),
    _maybe(_SEGMENTS),
    _maybe(_MEASURES),
    st.booleans(),
)
_SERIES = st.builds(Series, st.sampled_from(["segments", "measures"]), _NAMES, _NAMES)
_RULES = st.builds(
    ThresholdWatch,
    _SERIES,
    st.integers(-2, 2).map(Decimal),
    st.sampled_from(list(Direction)),
    st.none() | st.integers(-2, 2).map(Decimal),
    st.booleans(),
)
_WATCHES = st.builds(
    Watches.of,
    st.lists(_RULES, max_size=4),
    st.lists(st.builds(FreshnessWatch, st.integers(1, 99).map(lambda hours: timedelta(hours=hours))), max_size=2),
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(_SNAPSHOTS, max_size=4), _WATCHES)
def test_detection_has_an_answer_to_anything(looks: list[Snapshot], watches: Watches) -> None:
    checkpoint = None
    for look in looks:
        detection = detect(checkpoint, look, watches)
        ids = [event.id for event in detection.events]
        assert len(ids) == len(set(ids))
        checkpoint = detection.checkpoint
        look_after(checkpoint, look.jobs)
