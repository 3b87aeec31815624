"""When a full refresh, or any process, has ended."""

import pytest

from tests.factories import at, follow, found_after, job, of_type, snapshot, task

EMPTY = snapshot(0)


@pytest.mark.parametrize("submission", ["scheduled", "onDemand"])
def test_a_full_refresh_is_told_whether_started_by_hand_or_by_schedule(submission: str) -> None:
    events = found_after(EMPTY, snapshot(20, job("j", "successful", task(), submission=submission)))
    (event,) = of_type(events, "refresh.completed")
    assert event.data["submission"] == submission


def test_a_full_refresh_is_told_once() -> None:
    done = snapshot(20, job("j", "successful", task()))
    assert len(of_type(found_after(EMPTY, done, done, snapshot(30, *done.jobs)), "refresh.completed")) == 1


def test_a_full_refresh_that_goes_on_is_not_told() -> None:
    running = snapshot(20, job("j", "running", task()))
    assert of_type(found_after(EMPTY, running), "refresh.completed") == []


@pytest.mark.parametrize("status", ["successful", "failed", "timedOut", "aborted", "skipped", "deleted"])
def test_a_full_refresh_is_complete_with_any_outcome(status: str) -> None:
    (event,) = of_type(found_after(EMPTY, snapshot(20, job("j", status, task()))), "refresh.completed")
    assert event.data["status"] == status


def test_a_full_refresh_tells_how_its_tasks_ended() -> None:
    tasks = [task(f"S{n}", status) for n, status in enumerate(["successful", "successful", "failed", "skipped"])]
    (event,) = of_type(found_after(EMPTY, snapshot(20, job("j", "failed", *tasks))), "refresh.completed")
    tally = {name: event.data[name] for name in ("successfulTasks", "failedTasks", "skippedTasks", "timedOutTasks")}
    assert tally == {"successfulTasks": 2, "failedTasks": 1, "skippedTasks": 1, "timedOutTasks": 0}
    assert event.data["totalTasks"] == 4
    assert event.data["failedProcesses"] == ["S2"]
    assert (event.subject, event.time) == ("jobs/j", at(10))


@pytest.mark.parametrize("operation", ["ingestion", "segmentation", "merge", "somethingNew", ""])
def test_a_job_that_is_not_the_whole_is_no_full_refresh(operation: str) -> None:
    run = job("j", "successful", task(), operation=operation)
    assert of_type(found_after(EMPTY, snapshot(20, run)), "refresh.completed") == []


def test_a_full_refresh_with_no_tasks_listed_is_told() -> None:
    (event,) = of_type(found_after(EMPTY, snapshot(20, job("j", "aborted"))), "refresh.completed")
    assert event.data["totalTasks"] == 0


@pytest.mark.parametrize("status", ["successful", "failed", "timedOut", "aborted", "skipped", "deleted"])
def test_every_task_that_ends_is_a_process_that_ended(status: str) -> None:
    run = job("j", "running", task("VIP", status, operation="segmentation"))
    (event,) = found_after(EMPTY, snapshot(20, run))
    assert event.type == "process.ended"
    assert (event.data["processName"], event.data["operationType"]) == ("VIP", "segmentation")
    assert event.data["outcome"] == status


def test_a_job_without_tasks_is_one_process() -> None:
    run = job("j", "failed", operation="export", end=9)
    (event,) = found_after(EMPTY, snapshot(20, run))
    assert (event.type, event.data["operationType"], event.time) == ("process.ended", "export", at(9))


def test_a_task_without_a_name_is_called_by_its_operation() -> None:
    (event,) = found_after(EMPTY, snapshot(20, job("j", "running", task("", operation="search"))))
    assert event.data["processName"] == "search"


def test_an_unknown_operation_type_is_told_as_it_is_and_counted() -> None:
    run = job("j", "running", task("New thing", operation="quantumSync"))
    _, detection = follow(EMPTY, snapshot(20, run))
    assert [event.data["operationType"] for event in detection.events] == ["quantumSync"]
    assert detection.not_understood == {"unknown_operation_type": 1}


def test_an_unknown_status_with_an_end_time_is_an_end_and_counted() -> None:
    ended = task("Orders", "completedWithErrors", operation="measures")
    _, detection = follow(EMPTY, snapshot(20, job("j", "running", ended)))
    assert [event.data["outcome"] for event in detection.events] == ["completedWithErrors"]
    assert detection.not_understood == {"unknown_status": 1}


def test_an_unknown_status_without_an_end_time_is_still_going_on() -> None:
    run = job("j", "hibernating", task(status="hibernating", end=None), end=None)
    assert found_after(EMPTY, snapshot(20, run)) == []


def test_an_unknown_thing_blocks_nothing_else() -> None:
    run = job("j", "odd", task("A", "odd", operation="odd"), task("Orders", "failed"))
    assert len(of_type(found_after(EMPTY, snapshot(20, run)), "datasource.refresh.failed")) == 1


def test_other_casing_is_understood() -> None:
    run = job("j", "SUCCESSFUL", task(status="TimedOut", operation="Ingestion"), operation="All", submission="OnDemand")
    events = found_after(EMPTY, snapshot(20, run))
    assert {event.type for event in events} == {"datasource.refresh.failed", "process.ended", "refresh.completed"}
    (full,) = of_type(events, "refresh.completed")
    assert (full.data["status"], full.data["submission"]) == ("successful", "onDemand")


def test_empty_lists_are_no_news() -> None:
    look = snapshot(20, nodes=[], segments=[], measures=[])
    assert found_after(EMPTY, look, snapshot(30, nodes=[], segments=[], measures=[])) == []


def test_a_job_without_identifier_blocks_nothing() -> None:
    events = found_after(EMPTY, snapshot(20, job("", "failed", task()), job("j", "failed", task())))
    assert len(of_type(events, "refresh.completed")) == 1
