"""Where exactly does detection draw its lines?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.callers import flow_of
from shared.domain.checkpoint import Checkpoint, JobMark
from shared.domain.detection.progress import unlisted_open_jobs
from shared.domain.signatures import OVERLAP, REPEATED_WITHIN, SigningSecret, rotated
from shared.domain.snapshot import Segment
from shared.domain.watches import Series
from tests.factories import (
    BIRTH,
    ENVIRONMENT,
    START,
    at,
    follow,
    found_after,
    job,
    measure,
    of_type,
    output,
    segment,
    snapshot,
    task,
    threshold,
    watching,
)

CROSSED = "segment.threshold.crossed"
OVER_100 = watching(threshold(100))
OTHER_BIRTH = BIRTH + timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def test_a_header_of_two_hundred_letters_is_taken() -> None:
    assert flow_of({"x-ms-workflow-name": "x" * 200}).name == "x" * 200


def test_history_is_what_is_older_than_the_first_list_by_however_little() -> None:
    first = job("first", start=5)
    earlier, later = (
        replace(job(name, start=5), submitted_at=moment)
        for name, moment in (("earlier", at(5) - MICROSECOND), ("later", at(5) + MICROSECOND))
    )
    events = found_after(snapshot(20, first), snapshot(21, earlier, first, later))
    assert {event.data["jobId"] for event in events} == {"later"}


def test_a_first_list_without_any_times_is_a_first_list() -> None:
    unknown = job("j", "running", start=None, end=None)
    assert found_after(snapshot(0, unknown), snapshot(1, unknown)) == []


@pytest.mark.parametrize(("age", "is_open"), [(7 * 24 * 60 - 1, True), (7 * 24 * 60, False)])
def test_a_job_that_nobody_tells_about_is_given_up_after_a_week(age: int, is_open: bool) -> None:
    checkpoint = Checkpoint(ENVIRONMENT, at(age), jobs={"j": JobMark(START, frozenset(), closed=False)})
    assert unlisted_open_jobs(checkpoint, []) == (["j"] if is_open else [])


def test_all_that_is_not_understood_is_counted() -> None:
    odd = segment((1, None), (2, None), (3, 5, "odd"), (4, 5, "odder"), name="Odd")
    worse = measure(output(1, Total="x", Count="y"), name="Worse")
    detection = follow(snapshot(0, segments=[], measures=[]), snapshot(9, segments=[odd], measures=[worse]))[-1]
    assert detection.not_understood == {
        "unknown_evaluation_status": 2,
        "segment_without_count": 2,
        "measure_not_a_number": 2,
    }


def test_a_number_of_sixty_one_digits_is_the_largest() -> None:
    looks = [snapshot(0, measures=[measure(output(0, Total=text))]) for text in ("1e60", "1e61")]
    assert [bool(one.checkpoint.series) for one in (follow(look)[0] for look in looks)] == [True, False]


def crossings(*looks: Segment) -> int:
    """How often 100 was crossed."""
    polls = [snapshot(10 * number, segments=[look]) for number, look in enumerate(looks)]
    return len(of_type(found_after(*polls, watches=OVER_100), CROSSED))


def test_a_segment_that_was_created_anew_is_known_by_its_time_also_if_that_was_not_always_told() -> None:
    """It begins with a baseline; one whose time is told only now and then is the same."""
    before, after = segment((1, 50), created=BIRTH), segment((9, 500), created=OTHER_BIRTH)
    untold = replace(before, created_at=None)
    assert crossings(untold, before, after) == 0
    assert crossings(before, untold, after) == 0
    assert crossings(before, untold, replace(after, created_at=BIRTH)) == 1
    assert crossings(untold, replace(after, created_at=None)) == 1


def test_a_secret_is_taken_for_one_that_is_asked_for_again_for_less_than_two_minutes() -> None:
    earlier = SigningSecret("earlier", START + OVERLAP)
    for passed, signs in ((REPEATED_WITHIN - MICROSECOND, True), (REPEATED_WITHIN, False)):
        assert (earlier in rotated([earlier], "new", START + passed)) is signs


def test_five_errors_of_a_thousand_letters_are_told_of_a_unification() -> None:
    """Its stages may have begun at any time: where none says, with its job."""
    errors = ["x" * 1000, "y" * 1001, *"abcd"]
    stages = [task("", "failed", operation=stage, start=None, end=5, errors=errors) for stage in ("match", "merge")]
    whole = job("j", "failed", *stages, operation="merge", start=2)
    (event,) = of_type(found_after(snapshot(0), snapshot(20, whole)), "unification.completed")
    assert event.data["errors"] == ["x" * 1000, "y" * 1000, "a", "b", "c"]
    assert (event.data["startedAt"], event.data["durationSeconds"]) == ("2026-05-04T02:02:00Z", 180.0)


def test_an_error_of_a_process_is_told_with_4096_letters() -> None:
    whole = job("j", "failed", task("Orders", "failed", errors=["x" * 4096, "y" * 4097]))
    (event,) = of_type(found_after(snapshot(0), snapshot(20, whole)), "process.ended")
    assert event.data["errors"] == ["x" * 4096, "y" * 4096]


def test_a_task_that_ends_after_its_job_is_told_too() -> None:
    """A retry may come late; a list that leaves out the tasks changes nothing."""
    early = task("Orders", "failed", task_id="t-1")
    late = task("Orders", "successful", task_id="t-2", end=15)
    bare, whole = job("j", "failed"), job("j", "failed", early)
    events = found_after(
        snapshot(0), snapshot(20, whole), snapshot(21, bare), snapshot(22, job("j", "failed", early, late))
    )
    assert [event.data["outcome"] for event in of_type(events, "process.ended")] == ["failed", "successful"]


def test_a_gap_is_told_with_its_ends() -> None:
    first = snapshot(5, job("known"))
    (event,) = of_type(found_after(first, snapshot(90, job("new", start=60), gapless=False)), "environment.gap")
    assert (event.time, event.subject) == (at(60), f"environments/{ENVIRONMENT}")
    assert event.data == {
        "environmentId": ENVIRONMENT,
        "from": "2026-05-04T02:05:00Z",
        "to": "2026-05-04T03:00:00Z",
        "summary": "Jobs from 2026-05-04T02:05:00Z to 2026-05-04T03:00:00Z are no longer listed and may have been "
        "missed.",
    }


def test_a_segment_that_is_away_is_remembered_for_a_week() -> None:
    """Each by itself, and none that was not looked for."""
    week = 7 * 24 * 60
    both = [segment((0, 5), name="A"), segment((0, 5), name="B"), segment((0, 5), name="C")]
    only_b = [segment((0, 5), name="B")]
    total = measure(output(0, Total="1"))
    looks = [
        snapshot(0, segments=both, measures=[total]),
        snapshot(1, segments=only_b),
        snapshot(1 + week, segments=only_b),
    ]
    first, away, kept = (one.checkpoint.series for one in follow(*looks))
    missing = {key.split("\x1f")[1]: mark.missing_since for key, mark in away.items()}
    assert missing == {"A": at(1), "B": None, "C": at(1), "Revenue": None}
    assert kept.keys() == away.keys() == first.keys()
    gone = follow(*looks, snapshot(2 + week, segments=only_b))[-1].checkpoint.series
    assert [key.split("\x1f")[1] for key in gone] == ["B", "Revenue"]


def test_a_measure_is_told_by_the_name_that_people_gave_it() -> None:
    looks = [replace(measure(output(at_, Total=str(value))), display_name="Sales") for at_, value in ((0, 1), (5, 9))]
    rule = watching(threshold(5, series=Series("measures", "Revenue", "Total")))
    polls = [snapshot(10 * number, measures=[look]) for number, look in enumerate(looks)]
    (event,) = found_after(*polls, watches=rule)
    assert (event.data["measureDisplayName"], event.data["summary"]) == ("Sales", "Sales rose above 5: 1 to 9.")


def test_what_waits_for_a_rule_that_is_gone_waits_no_more() -> None:
    """Another rule of the same segment goes on."""
    rearmed, other = threshold(100, rearm_at=90), threshold(50)
    looks = [segment((0, 10)), segment((5, 120)), segment((9, 40)), segment((12, 60))]
    before = follow(*(snapshot(10 * n, segments=[looks[n]]) for n in range(2)), watches=watching(rearmed, other))[-1]
    assert before.checkpoint.series[Series("segments", "Loyal").key].disarmed
    after = [snapshot(10 * n, segments=[looks[n]]) for n in (2, 3)]
    last = follow(*after, watches=watching(other), after=before.checkpoint)[-1]
    assert [event.data["threshold"] for event in last.events] == [50]
    assert not last.checkpoint.series[Series("segments", "Loyal").key].disarmed


def test_a_job_that_is_listed_late_is_told_if_it_is_newer_than_what_was_forgotten() -> None:
    looks = [snapshot(20, job("a", start=5)), snapshot(40, job("c", start=30)), snapshot(41, job("b", start=20))]
    assert [event.data["jobId"] for event in of_type(found_after(*looks), "process.ended")] == ["c", "b"]
