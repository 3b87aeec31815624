"""What an event is: its id, its time, its data."""

import time
from datetime import timedelta, timezone

import pytest

from shared.domain.events import Event, EventType, duration_seconds, iso, make_event
from tests.factories import ENVIRONMENT, at


def _event(
    environment: str = ENVIRONMENT,
    kind: EventType = EventType.REFRESH_FAILED,
    subject: str = "datasources/a",
    occurrence: str = "j/t",
) -> Event:
    return make_event(environment, kind, subject=subject, occurrence=occurrence, time=at(0), data={})


def test_the_same_fact_has_the_same_id() -> None:
    assert _event().id == _event().id


def test_the_id_of_a_fact_never_changes_between_releases() -> None:
    assert _event().id == "7dfd0cf7-b6b9-5e08-b303-b789522c4c9c"


@pytest.mark.parametrize(
    "other",
    [
        _event(environment="another"),
        _event(kind=EventType.REFRESH_SUCCEEDED),
        _event(subject="datasources/b"),
        _event(occurrence="j/u"),
    ],
)
def test_another_fact_has_another_id(other: Event) -> None:
    assert other.id != _event().id


def test_time_and_data_do_not_change_the_id() -> None:
    later = make_event(
        ENVIRONMENT, EventType.REFRESH_FAILED, subject="datasources/a", occurrence="j/t", time=at(5), data={"x": 1}
    )
    assert later.id == _event().id


def test_the_source_is_the_environment_as_a_uri_reference() -> None:
    assert _event().source == f"/environments/{ENVIRONMENT}"
    assert _event(environment="a b").source == "/environments/a%20b"


def test_absent_data_is_left_out_and_falsy_data_is_kept() -> None:
    event = make_event(
        ENVIRONMENT,
        EventType.PROCESS_ENDED,
        subject="jobs/j",
        occurrence="j",
        time=at(0),
        data={"none": None, "zero": 0, "empty": "", "no": False, "at": at(1)},
    )
    assert dict(event.data) == {
        "environmentId": ENVIRONMENT, "zero": 0, "empty": "", "no": False, "at": "2026-05-04T02:01:00Z",
    }  # fmt: skip


def test_times_are_written_in_utc_with_a_z() -> None:
    oslo = timezone(timedelta(hours=2))
    assert iso(at(0).astimezone(oslo)) == "2026-05-04T02:00:00Z"
    assert iso(at(0) + timedelta(microseconds=120)) == "2026-05-04T02:00:00.000120Z"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has its own way to tell its time zone")
def test_the_time_zone_of_the_machine_is_in_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert iso(at(0)) == "2026-05-04T02:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_duration_needs_both_ends() -> None:
    assert duration_seconds(at(0), at(1.5)) == 90.0
    assert duration_seconds(None, at(1)) is None
    assert duration_seconds(at(0), None) is None


def test_event_types_are_those_of_the_design() -> None:
    assert {str(kind) for kind in EventType} == {
        "datasource.refresh.failed",
        "datasource.refresh.succeeded",
        "segment.threshold.crossed",
        "measure.threshold.crossed",
        "refresh.completed",
        "unification.completed",
        "process.ended",
        "datasource.overdue",
        "environment.unreachable",
        "environment.recovered",
        "environment.gap",
    }
