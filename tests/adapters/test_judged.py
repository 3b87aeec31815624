"""Evaluations that were judged may be left out: nothing that is found depends on it."""

import gc
import json
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.adapters.insights_models import WireSegment
from shared.adapters.salvage import translate_each
from shared.domain.checkpoint import Checkpoint
from shared.domain.detection import detect
from shared.domain.detection.thresholds import judged_until
from shared.domain.snapshot import Judged, Segment, Snapshot
from shared.errors import InsightsAnswerInvalid
from tests.factories import ENVIRONMENT, threshold, watching

_START = datetime(2026, 3, 2, tzinfo=UTC)
_ZONES = (UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-5)), None)
_times = st.one_of(
    st.builds(
        lambda hours, zone: (_START + timedelta(hours=hours)).astimezone(zone or UTC).replace(tzinfo=zone).isoformat(),
        st.integers(0, 5),
        st.sampled_from(_ZONES),
    ),
    st.sampled_from([None, "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "no time"]),
)
_good = st.builds(
    lambda hours, members: {
        "jobStatus": "CompletedSuccess",
        "evaluationDate": (_START + timedelta(hours=hours)).isoformat(),
        "entityCount": members,
    },
    st.integers(0, 5),
    st.sampled_from([90, 110, 120]),
)
_ODD: dict[str, st.SearchStrategy[Any]] = {
    "jobStatus": st.sampled_from(["completedSuccess", "CompletedFailure", "Odd", None, 5]),
    "evaluationDate": _times,
    "entityCount": st.sampled_from([None, "130", "many"]),
}
_spoilt = st.one_of([st.tuples(st.just(name), value) for name, value in _ODD.items()])
_evaluations = st.one_of(_good, st.builds(lambda one, wrong: {**one, wrong[0]: wrong[1]}, _good, _spoilt))
_lists: st.SearchStrategy[list[dict[str, Any]]] = st.builds(
    lambda segment: [segment],
    st.fixed_dictionaries(
        {
            "name": st.just("Loyal"),
            "createdUtc": st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
            "evaluationStatusHistory": st.lists(_evaluations, max_size=5),
        },
        optional={"evaluationStatus": _evaluations, "state": st.just("inactive")},
    ),
)
_GOOD = {"jobStatus": "CompletedSuccess", "evaluationDate": "2026-03-02T01:00:00Z", "entityCount": 90}
_LOYAL = {"name": "Loyal", "evaluationStatusHistory": [_GOOD]}


def read(listed: list[dict[str, Any]], judged: Judged | None = None) -> tuple[Segment, ...]:
    """The segments as the client reads them."""
    body = json.dumps(listed).encode()
    found = translate_each(body, WireSegment, partial(WireSegment.to_segment, judged=judged))
    return tuple(one for one in found if one is not None)


def seen(checkpoint: Checkpoint | None, segments: tuple[Segment, ...], hour: int) -> Any:
    """What a look at these segments finds."""
    now = _START + timedelta(hours=hour)
    watches = watching(threshold(100), threshold(115))
    return detect(checkpoint, Snapshot(ENVIRONMENT, now, (), segments=segments), watches)


@example([_LOYAL], [{**_LOYAL, "evaluationStatusHistory": [{**_GOOD, "jobStatus": "Odd"}]}])
@example([_LOYAL], [{**_LOYAL, "evaluationStatusHistory": [{**_GOOD, "evaluationDate": "0001-01-01T00:00:00Z"}]}])
@example([_LOYAL], [{**_LOYAL, "evaluationStatusHistory": [{**_GOOD, "evaluationDate": "2026-03-02T02:00:00"}]}])
@given(_lists, _lists)
def test_what_is_found_does_not_depend_on_what_is_left_out(first: Any, second: Any) -> None:
    before = seen(None, read(first), 1).checkpoint
    whole, without = read(second), read(second, partial(judged_until, before.series))
    assert seen(before, without, 2) == seen(before, whole, 2)
    assert sum(len(one.evaluations) for one in without) <= sum(len(one.evaluations) for one in whole)


def test_looking_for_cycles_goes_on_after_a_list_whether_it_could_be_read_or_not() -> None:
    read([{"name": "Loyal"}])
    assert gc.isenabled()
    with pytest.raises(InsightsAnswerInvalid):
        translate_each(b"{}", WireSegment, WireSegment.to_segment)
    assert gc.isenabled()
