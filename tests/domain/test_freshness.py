"""When a data source had no successful refresh for too long."""

import pytest

from shared.domain.events import Event
from shared.domain.snapshot import Snapshot
from shared.domain.watches import FreshnessWatch
from tests.factories import at, follow, found_after, job, node, of_type, overdue_after, snapshot, task, watching

HOUR = 60
TWO_HOURS = overdue_after(2)


def _overdue(*looks: Snapshot, watches: tuple[FreshnessWatch, ...] = (TWO_HOURS,)) -> list[Event]:
    return of_type(found_after(*looks, watches=watching(*watches)), "datasource.overdue")


def _look(minute: float, success: float | None = None) -> Snapshot:
    return snapshot(minute, nodes=[node(success=success)])


def test_a_source_is_overdue_once_after_the_time_allowed() -> None:
    (event,) = _overdue(_look(10, 0), _look(119, 0), _look(121, 0), _look(300, 0), _look(9000, 0))
    assert (event.type, event.subject, event.time) == ("datasource.overdue", "datasources/ds-orders", at(120))
    assert (event.data["dataSourceId"], event.data["dataSourceName"]) == ("ds-orders", "Orders")
    assert (event.data["withinHours"], event.data["lastSuccessAt"]) == (2, "2026-05-04T02:00:00Z")
    assert event.data["summary"] == "Orders had no successful refresh for 2 hours."


def test_exactly_the_time_allowed_is_not_too_long() -> None:
    assert _overdue(_look(10, 0), _look(120, 0)) == []
    assert len(_overdue(_look(10, 0), _look(120, 0), _look(121, 0))) == 1


def test_a_source_becomes_overdue_without_any_job_or_look_at_the_sources() -> None:
    assert len(_overdue(_look(10, 0), snapshot(130), snapshot(140))) == 1


def test_a_source_is_overdue_again_after_its_next_success() -> None:
    looks = [_look(10, 0), _look(130, 0), _look(140, 135), _look(250, 135), _look(260, 135), _look(900, 135)]
    assert [event.time for event in _overdue(*looks)] == [at(120), at(255)]


def test_a_success_in_time_keeps_it_quiet() -> None:
    assert _overdue(_look(10, 0), _look(110, 100), _look(215, 210), _look(300, 210)) == []


def test_a_failed_refresh_does_not_make_it_fresh() -> None:
    failed = snapshot(110, job("j", "failed", task(status="failed", end=100)), nodes=[node(success=0)])
    assert len(_overdue(_look(10, 0), failed, _look(130, 0))) == 1


def test_a_source_that_was_overdue_and_recovered_between_two_polls_is_told_in_retrospect() -> None:
    (event,) = _overdue(_look(10, 0), _look(300, 290))
    assert event.time == at(120)


def test_every_stretch_between_successes_that_the_jobs_tell_is_judged() -> None:
    runs = [job(f"j{end}", "successful", task(end=end), start=end - 1, end=end) for end in (150, 200, 400)]
    look = snapshot(410, *runs, nodes=[node(success=400)])
    assert [event.time for event in _overdue(_look(10, 0), look)] == [at(120), at(320)]


def test_a_watch_that_starts_when_the_source_is_already_overdue_is_silent_until_the_next_time() -> None:
    baseline = follow(_look(10, 0))[-1].checkpoint
    looks = [_look(200, 0), _look(300, 0), _look(310, 305), _look(430, 305)]
    events = [e for d in follow(*looks, watches=watching(TWO_HOURS), after=baseline) for e in d.events]
    assert [event.time for event in events] == [at(425)]


def test_a_watch_that_starts_after_an_unseen_success_that_is_itself_too_old_is_silent() -> None:
    """The poller was away: the success came and became too old before the watch began."""
    baseline = follow(_look(10, 0))[-1].checkpoint
    detections = follow(_look(400, 100), _look(500, 100), watches=watching(TWO_HOURS), after=baseline)
    assert [detection.events for detection in detections] == [(), ()]


def test_at_first_sight_a_source_that_is_already_overdue_is_silent_until_the_next_time() -> None:
    looks = [_look(200, 0), _look(300, 0), _look(310, 305), _look(430, 305)]
    assert [event.time for event in _overdue(*looks)] == [at(425)]


def test_a_source_that_never_succeeded_counts_from_when_it_was_first_seen() -> None:
    (event,) = _overdue(_look(10), _look(100), _look(140))
    assert event.time == at(130)
    assert "lastSuccessAt" not in event.data


def test_a_new_source_starts_its_time_when_it_appears() -> None:
    looks = [snapshot(0, nodes=[]), snapshot(500, nodes=[node()]), snapshot(600, nodes=[node()])]
    assert _overdue(*looks) == []


def test_a_source_that_is_deleted_is_never_overdue() -> None:
    assert _overdue(_look(10, 0), snapshot(60, nodes=[]), snapshot(200, nodes=[]), snapshot(300)) == []


def test_a_watch_for_one_source_says_nothing_of_others() -> None:
    nodes = [node("a", "A", success=0), node("b", "B", success=0)]
    looks = [snapshot(10, nodes=nodes), snapshot(200, nodes=nodes)]
    assert [e.data["dataSourceId"] for e in _overdue(*looks, watches=(overdue_after(2, "b"),))] == ["b"]
    assert [e.data["dataSourceId"] for e in _overdue(*looks)] == ["a", "b"]


def test_watches_with_different_times_fire_each_at_its_own() -> None:
    looks = [_look(10, 0), _look(70, 0), _look(130, 0)]
    events = _overdue(*looks, watches=(overdue_after(1), TWO_HOURS))
    assert [event.time for event in events] == [at(60), at(120)]


@pytest.mark.parametrize("operation", ["segmentation", "Merge", ""])
def test_only_data_sources_can_be_overdue(operation: str) -> None:
    other = [type(node())(operation, "x", "X", last_successful_at=at(0))]
    assert _overdue(snapshot(10, nodes=other), snapshot(500, nodes=other)) == []


def test_a_source_is_told_by_its_present_name() -> None:
    renamed = snapshot(130, nodes=[node(name="Sales orders", success=0)])
    (event,) = _overdue(_look(10, 0), renamed)
    assert event.data["dataSourceName"] == "Sales orders"


def test_a_source_that_is_away_for_weeks_is_forgotten() -> None:
    *_, last = follow(_look(0, 0), *(snapshot(day * 24 * HOUR, nodes=[]) for day in range(1, 20)))
    assert last.checkpoint.sources == {}


def test_a_source_missing_from_one_answer_still_becomes_overdue() -> None:
    """An incomplete answer must not let an overdue source slip away."""
    looks = [_look(10, 0), _look(100, 0), snapshot(110, nodes=[]), _look(125, 0), _look(130, 0)]
    assert len(_overdue(*looks)) == 1


def test_the_later_of_two_successes_in_one_job_counts_whenever_the_polls_were() -> None:
    """Only the first is told; freshness begins at the second."""
    twice = job("j", "successful", *(task("Orders", task_id=f"t{end}", end=end) for end in (60, 61)), start=59, end=61)
    then = job("k", "successful", task(end=181), start=180, end=181)
    seen = snapshot(61, twice, nodes=[node(success=61)])
    end = snapshot(200, twice, then, nodes=[node(success=181)])
    assert _overdue(_look(10, 0), seen, end) == _overdue(_look(10, 0), end) == []
