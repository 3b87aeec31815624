"""When map, match and merge of one job are over."""

from itertools import pairwise

from shared.domain.events import Event
from shared.domain.snapshot import Job, Task
from tests.factories import at, found_after, job, of_type, snapshot, task

EMPTY = snapshot(0)


def _stage(name: str, status: str = "successful", end: float = 5) -> Task:
    return task(name.title(), status, operation=name, end=end)


def _unified(*looks: Job) -> list[Event]:
    polls = [snapshot(10 + n, one) for n, one in enumerate(looks)]
    return of_type(found_after(EMPTY, *polls), "unification.completed")


def test_unification_inside_a_full_refresh_is_told_before_the_refresh_is_over() -> None:
    stages = [_stage("map", end=3), _stage("match", end=5), _stage("merge", end=8)]
    running = job("j", "running", task(), *stages, task("VIP", "running", operation="segmentation"))
    (event,) = _unified(running)
    assert (event.subject, event.time, event.data["status"]) == ("jobs/j", at(8), "successful")
    assert event.data["operationType"] == "all"


def test_unification_alone_is_told() -> None:
    (event,) = _unified(job("j", "successful", _stage("match"), _stage("merge"), operation="merge"))
    assert event.data["matchStatus"] == event.data["mergeStatus"] == "successful"
    assert "mapStatus" not in event.data


def test_unification_is_told_once_however_long_its_job_goes_on() -> None:
    stages = [_stage("map"), _stage("match"), _stage("merge")]
    export = task("CRM", "running", operation="export")
    running, done = job("j", "running", *stages, export), job("j", "successful", *stages)
    assert len(_unified(running, running, done, done)) == 1


def test_match_done_but_merge_failed_is_a_failed_unification_with_each_stage_told() -> None:
    failed = task("Merge", "failed", operation="merge", errors=["No space."])
    (event,) = _unified(job("j", "failed", _stage("map"), _stage("match"), failed))
    assert event.data["status"] == "failed"
    stages = {name: event.data[f"{name}Status"] for name in ("map", "match", "merge")}
    assert stages == {"map": "successful", "match": "successful", "merge": "failed"}
    assert event.data["errors"] == ["No space."]


def test_match_failed_and_merge_skipped_is_a_failed_unification() -> None:
    (event,) = _unified(job("j", "failed", _stage("match", "failed"), _stage("merge", "skipped")))
    assert (event.data["status"], event.data["mergeStatus"]) == ("failed", "skipped")


def test_a_run_of_the_matching_conditions_only_is_no_unification() -> None:
    assert _unified(job("j", "successful", _stage("match"), operation="match")) == []


def test_a_unification_with_a_stage_still_running_is_not_complete() -> None:
    assert _unified(job("j", "running", _stage("map"), _stage("match", "running"), _stage("merge"))) == []
    assert _unified(job("j", "running", _stage("map"), _stage("match"), _stage("merge", "queued"))) == []


def test_a_stage_of_several_tasks_waits_for_all_and_has_the_worst_outcome() -> None:
    tables = [task(f"T{n}", status, operation="match") for n, status in enumerate(["successful", "failed", "skipped"])]
    (event,) = _unified(job("j", "failed", *tables, _stage("merge", end=9)))
    assert event.data["matchStatus"] == "failed"


def test_stages_in_different_jobs_are_no_unification_of_one_job() -> None:
    match_only = job("j1", "successful", _stage("match"), operation="match")
    merge = job("j2", "successful", _stage("match"), _stage("merge"), operation="merge", start=6)
    events = of_type(found_after(EMPTY, snapshot(20, match_only, merge)), "unification.completed")
    assert [event.data["jobId"] for event in events] == ["j2"]


def test_a_stage_with_an_unknown_outcome_is_told_as_it_is() -> None:
    (event,) = _unified(job("j", "successful", _stage("match"), _stage("merge", "completedWithWarnings")))
    assert event.data["mergeStatus"] == "completedWithWarnings"


def test_an_unknown_outcome_does_not_hide_behind_a_success() -> None:
    """A unification of which one stage ended in a way nobody knows must not call itself successful."""
    (event,) = _unified(job("j", "successful", _stage("match"), _stage("merge", "completedWithErrors")))
    assert event.data["status"] == "completedWithErrors"


def test_a_merge_that_was_never_listed_because_match_failed_is_a_failed_unification() -> None:
    (event,) = _unified(job("j", "failed", _stage("map"), _stage("match", "failed")))
    assert event.data["status"] == event.data["matchStatus"] == "failed"
    assert "mergeStatus" not in event.data


def test_a_full_refresh_that_lists_no_merge_and_no_failure_unified_nothing() -> None:
    assert _unified(job("j", "successful", _stage("map"))) == []


def test_the_end_of_a_job_settles_a_merge_that_stays_queued() -> None:
    stages = [_stage("match"), task("Merge", "queued", operation="merge", end=None)]
    running, over = job("j", "running", *stages), job("j", "aborted", *stages)
    (event,) = _unified(running, over, over)
    assert event.data["mergeStatus"] == event.data["status"] == "aborted"


def test_the_worst_stage_is_the_outcome_of_the_whole() -> None:
    """Worse is what somebody has to do more about; what nobody knows is worse than nothing to do."""
    order = ("failed", "timedOut", "aborted", "deleted", "endedOddly", "skipped", "successful")
    for worse, better in pairwise(order):
        for one, other in ((worse, better), (better, worse)):
            (event,) = _unified(job("j", "successful", _stage("match", one), _stage("merge", other), operation="merge"))
            assert event.data["status"] == worse


def test_without_a_merge_only_what_broke_before_it_is_a_unification() -> None:
    """A job of the merge alone that never came to it is one; a run of the rules only is none."""
    assert _unified(job("j", "successful", _stage("map"), _stage("match", "skipped"))) == []
    assert len(_unified(job("j", "failed", _stage("match", "failed"), operation="merge"))) == 1
    assert _unified(job("j", "failed", _stage("match", "failed"), operation="match")) == []
