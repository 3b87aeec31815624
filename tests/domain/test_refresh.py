"""Which refreshes of data sources are told, and what a maker reads in them."""

import pytest

from shared.domain.events import Event
from shared.domain.snapshot import Job, Node
from tests.factories import at, follow, found_after, job, node, of_type, snapshot, task

FAILED, SUCCEEDED = "datasource.refresh.failed", "datasource.refresh.succeeded"
EMPTY = snapshot(0)
ORDERS = node("ds-orders", "Orders")


def _refreshes(events: list[Event]) -> list[Event]:
    return of_type(events, FAILED, SUCCEEDED)


def test_the_first_sight_of_an_environment_fires_nothing() -> None:
    look = snapshot(20, job("j", "failed", task(status="failed")), nodes=[ORDERS])
    (detection,) = follow(look)
    assert detection.events == ()


def test_what_ended_before_the_first_sight_stays_untold_afterwards() -> None:
    ended = job("j", "failed", task(status="failed"))
    assert found_after(snapshot(20, ended, nodes=[ORDERS]), snapshot(30, ended, nodes=[ORDERS])) == []


def test_what_was_running_at_the_first_sight_is_told_when_it_ends() -> None:
    running = job("j", "running", task(status="running"))
    ended = job("j", "failed", task(status="failed", end=25))
    events = found_after(snapshot(20, running), snapshot(30, ended, nodes=[ORDERS]))
    assert [event.type for event in _refreshes(events)] == [FAILED]


def test_a_task_that_ended_before_the_first_sight_of_its_running_job_stays_untold() -> None:
    first = job("j", "running", task("Orders"), task("Stores", "running"))
    then = job("j", "successful", task("Orders"), task("Stores", end=25))
    events = _refreshes(found_after(snapshot(20, first), snapshot(30, then)))
    assert [event.data["dataSourceName"] for event in events] == ["Stores"]


def test_two_runs_between_two_polls_are_both_told_oldest_first() -> None:
    first = job("j1", "failed", task(status="failed", end=5), start=1)
    second = job("j2", "successful", task(end=15), start=11)
    events = _refreshes(found_after(EMPTY, snapshot(20, second, first, nodes=[ORDERS])))
    assert [(event.type, event.time) for event in events] == [(FAILED, at(5)), (SUCCEEDED, at(15))]


def test_two_failures_between_two_polls_are_two_events() -> None:
    runs = [job(f"j{n}", "failed", task(status="failed", end=n + 4), start=n) for n in (1, 10)]
    events = _refreshes(found_after(EMPTY, snapshot(20, *runs, nodes=[ORDERS])))
    assert len({event.id for event in events}) == 2


def test_a_failure_in_one_poll_and_the_success_after_it_in_the_next_are_both_told() -> None:
    failed = job("j1", "failed", task(status="failed"))
    succeeded = job("j2", "successful", task(end=15), start=11)
    events = found_after(EMPTY, snapshot(10, failed), snapshot(20, succeeded, failed))
    assert [event.type for event in _refreshes(events)] == [FAILED, SUCCEEDED]


def test_a_task_that_failed_and_is_retried_in_its_job_tells_both_ends() -> None:
    failed = job("j", "running", task(status="failed"))
    retried = job("j", "running", task(status="running"))
    succeeded = job("j", "successful", task(end=15))
    events = _refreshes(found_after(EMPTY, snapshot(6, failed), snapshot(8, retried), snapshot(20, succeeded)))
    assert [event.type for event in events] == [FAILED, SUCCEEDED]
    assert len({event.id for event in events}) == 2


@pytest.mark.parametrize("status", ["skipped", "aborted"])
def test_skipped_and_aborted_runs_are_neither_success_nor_failure(status: str) -> None:
    events = found_after(EMPTY, snapshot(20, job("j", status, task(status=status)), nodes=[ORDERS]))
    assert _refreshes(events) == []
    (ended,) = of_type(events, "process.ended")
    assert ended.data["outcome"] == status


def test_a_timed_out_run_is_a_failure() -> None:
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", task(status="timedOut")))))
    assert (event.type, event.data["status"]) == (FAILED, "timedOut")


@pytest.mark.parametrize("status", ["queued", "running", "needsUpdate"])
def test_a_run_that_is_still_going_on_says_nothing(status: str) -> None:
    assert found_after(EMPTY, snapshot(20, job("j", "running", task(status=status, end=None)))) == []


def test_a_task_that_ended_is_told_while_its_job_goes_on_and_not_again_at_its_end() -> None:
    running = job("j", "running", task("Orders"), task("Stores", "running"))
    ended = job("j", "successful", task("Orders"), task("Stores", end=8))
    _, first, second = follow(EMPTY, snapshot(6, running), snapshot(20, ended))
    assert [event.data["dataSourceName"] for event in _refreshes(list(first.events))] == ["Orders"]
    assert [event.data["dataSourceName"] for event in _refreshes(list(second.events))] == ["Stores"]


def test_the_event_carries_what_a_flow_needs() -> None:
    failed = task(status="failed", start=2, end=5, errors=["Access denied.\nat line 3", "more"])
    look = snapshot(20, job("j", "failed", failed, submission="onDemand"), nodes=[ORDERS])
    (event,) = _refreshes(found_after(EMPTY, look))
    assert event.subject == "datasources/ds-orders"
    assert event.time == at(5)
    assert dict(event.data) == {
        "environmentId": look.environment_id,
        "dataSourceId": "ds-orders",
        "dataSourceName": "Orders",
        "status": "failed",
        "jobId": "j",
        "submission": "onDemand",
        "startedAt": "2026-05-04T02:02:00Z",
        "endedAt": "2026-05-04T02:05:00Z",
        "durationSeconds": 180.0,
        "errors": ["Access denied.\nat line 3", "more"],
        "summary": "The refresh of Orders failed: Access denied.",
    }


def test_a_task_whose_source_has_no_identifier_is_told_by_name() -> None:
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", task(status="failed")), nodes=[])))
    assert event.subject == "datasources/Orders"
    assert "dataSourceId" not in event.data


def test_a_source_without_identifier_is_counted() -> None:
    _, detection = follow(EMPTY, snapshot(20, job("j", "failed", task(status="failed")), nodes=[]))
    assert detection.not_understood == {"data_source_without_identifier": 1}


def test_a_refresh_of_one_source_on_demand_is_known_by_the_identifier_that_was_asked_for() -> None:
    run = job("j", "successful", task("Renamed since"), operation="ingestion", identifiers=["ds-orders"])
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, run, nodes=[ORDERS])))
    assert event.data["dataSourceId"] == "ds-orders"


def test_something_else_with_the_name_of_a_source_is_not_taken_for_it() -> None:
    other = [Node("segmentation", "seg-orders", "Orders", ("j",)), Node("ingestion", "", "Orders", ("j",))]
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", task(status="failed")), nodes=other)))
    assert "dataSourceId" not in event.data


def test_two_sources_with_one_name_are_told_apart_by_their_jobs() -> None:
    nodes = [node("a", "Shared", jobs=["j1"]), node("b", "Shared", jobs=["j2"])]
    runs = [job("j1", "failed", task("Shared", "failed")), job("j2", "successful", task("Shared", end=9), start=6)]
    events = _refreshes(found_after(EMPTY, snapshot(20, *runs, nodes=nodes)))
    assert [(event.type, event.data["dataSourceId"]) for event in events] == [(FAILED, "a"), (SUCCEEDED, "b")]


def test_two_sources_with_one_name_are_told_apart_by_the_identifier_asked_for_when_their_nodes_have_moved_on() -> None:
    nodes = [node("a", "Shared", jobs=["later"]), node("b", "Shared", jobs=["later"])]
    run = job("j1", "failed", task("Shared", "failed"), operation="ingestion", identifiers=["b"])
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, run, nodes=nodes)))
    assert event.data["dataSourceId"] == "b"


def test_two_sources_with_one_name_in_one_job_are_told_apart_by_their_ends() -> None:
    nodes = [
        node("a", "Shared", jobs=["j"], status="failed", end=5),
        node("b", "Shared", jobs=["j"], status="successful", end=7),
    ]
    tasks = (task("Shared", "failed", task_id="t1", end=5), task("Shared", task_id="t2", end=7))
    events = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", *tasks), nodes=nodes)))
    assert [(event.type, event.data["dataSourceId"]) for event in events] == [(FAILED, "a"), (SUCCEEDED, "b")]


def test_two_sources_with_one_name_and_one_outcome_in_one_job_are_told_apart_by_their_ends() -> None:
    nodes = [node("a", "Shared", jobs=["j"], end=5), node("b", "Shared", jobs=["j"], end=7)]
    tasks = (task("Shared", task_id="t1", end=7), task("Shared", task_id="t2", end=5))
    events = _refreshes(found_after(EMPTY, snapshot(20, job("j", "successful", *tasks), nodes=nodes)))
    assert [(event.time, event.data["dataSourceId"]) for event in events] == [(at(5), "a"), (at(7), "b")]


def test_two_sources_with_one_name_that_cannot_be_told_apart_are_two_events_without_an_identifier() -> None:
    nodes = [node(one, "Shared", jobs=["j"], status="failed", end=5) for one in "ab"]
    tasks = [task("Shared", "failed", task_id=one, end=5) for one in ("t1", "t2")]
    events = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", *tasks), nodes=nodes)))
    assert len({event.id for event in events}) == 2
    assert not any("dataSourceId" in event.data for event in events)


def test_two_tasks_without_task_id_and_with_one_name_are_two_events_when_they_ended_apart() -> None:
    tasks = [task("Shared", "failed", task_id="", end=end) for end in (5, 7)]
    events = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", *tasks))))
    assert [event.time for event in events] == [at(5), at(7)]
    assert len({event.id for event in events}) == 2


def test_tasks_that_nothing_tells_apart_are_one_event() -> None:
    tasks = [task("Shared", "failed", task_id="", end=5)] * 2
    assert len(_refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", *tasks))))) == 1


def test_a_task_without_times_is_dated_by_its_job() -> None:
    bare = task(status="failed", start=None, end=None)
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, job("j", "failed", bare, end=10))))
    assert (event.time, event.data["durationSeconds"]) == (at(10), 540.0)


def test_a_run_without_any_time_carries_no_duration_rather_than_a_null() -> None:
    bare = job("j", "failed", task(status="failed", start=None, end=None), start=None, end=None)
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, bare)))
    assert not {"startedAt", "endedAt", "durationSeconds"} & set(event.data)


def test_a_source_that_ended_in_a_skipped_full_refresh_is_told_only_as_a_process() -> None:
    run = job("j", "skipped", task(status="skipped"), submission="onDemand")
    events = found_after(EMPTY, snapshot(20, run))
    assert {event.type for event in events} == {"process.ended", "refresh.completed"}


def test_a_very_long_error_is_cut() -> None:
    run = job("j", "failed", task(status="failed", errors=["x" * 100_000]))
    (event,) = _refreshes(found_after(EMPTY, snapshot(20, run)))
    assert len(str(event.data["errors"])) < 5000
    assert len(str(event.data["summary"])) < 300


def test_an_ingestion_job_without_tasks_tells_of_the_sources_that_it_was_asked_for() -> None:
    bare = job("j", "failed", operation="ingestion", identifiers=["ds-1", "ds-2"])
    events = _refreshes(found_after(EMPTY, snapshot(20, bare, nodes=[node("ds-1", "Web orders")])))
    assert [event.subject for event in events] == ["datasources/ds-1", "datasources/ds-2"]
    assert events[0].data["dataSourceName"] == "Web orders"
    assert all(event.type == "datasource.refresh.failed" for event in events)


def test_a_job_that_the_source_no_longer_knows_is_closed_in_silence() -> None:
    events = found_after(EMPTY, snapshot(20, job("j", "running", end=None)), snapshot(30, Job("j", "", "deleted")))
    assert events == []


def _same_name(eu: Node, us: Node, *jobs: Job) -> dict[str, str]:
    """Which source each failed or succeeded refresh was given, by end."""
    before = [node("ds-eu", "Shared"), node("ds-us", "Shared")]
    events = _refreshes(found_after(snapshot(0, nodes=before), snapshot(30, *jobs, nodes=[eu, us])))
    return {str(event.data["endedAt"]): str(event.data.get("dataSourceId")) for event in events}


def test_a_run_that_was_overtaken_goes_to_the_source_that_is_left_over() -> None:
    """Both sources ran in one job, one ran again: its node shows the second run, and the first is still its own."""
    both = job("j1", "failed", task("Shared", "failed", end=5, task_id="1"), task("Shared", end=6, task_id="2"))
    again = job("j2", "successful", task("Shared", end=25), operation="ingestion", identifiers=["ds-eu"])
    eu, us = node("ds-eu", "Shared", jobs=["j2"], end=25), node("ds-us", "Shared", jobs=["j1"], end=6)
    assert list(_same_name(eu, us, both, again).values()) == ["ds-eu", "ds-us", "ds-eu"]


def test_two_runs_that_nothing_tells_apart_are_given_to_no_source() -> None:
    both = job("j1", "failed", *(task("Shared", "failed", end=5, task_id=one) for one in "12"))
    eu, us = (node(one, "Shared", jobs=["j1"], status="failed", end=5) for one in ("ds-eu", "ds-us"))
    assert set(_same_name(eu, us, both).values()) == {"None"}


def test_a_source_that_was_renamed_since_its_run_is_still_found() -> None:
    run = job("j1", "failed", task("Old name", "failed", end=5))
    now = node("ds-1", "New name", jobs=["j1"], status="failed", end=5)
    for before in ([node("ds-1", "Old name")], []):
        events = found_after(snapshot(0, nodes=before), snapshot(30, run, nodes=[now, ORDERS]))
        assert [event.subject for event in _refreshes(events)] == ["datasources/ds-1"]


def test_a_source_that_fails_again_in_one_job_failed_once_and_its_success_is_told_too() -> None:
    first, second = task("Orders", "failed", task_id="1", end=3), task("Orders", "failed", task_id="2", end=4)
    third = task("Orders", task_id="3", end=6)
    tasks = [[first], [first, second], [first, second, third]]
    looks = [snapshot(10 + n, job("j", "running", *some, end=None), nodes=[ORDERS]) for n, some in enumerate(tasks)]
    told = _refreshes(found_after(snapshot(0, nodes=[ORDERS]), *looks))
    assert [event.type for event in told] == [FAILED, SUCCEEDED]


def test_tasks_that_are_listed_after_the_end_of_their_job_are_not_told_twice() -> None:
    bare = job("j", "failed", operation="ingestion", identifiers=["ds-orders"])
    full = job("j", "failed", task("Orders", "failed"), operation="ingestion", identifiers=["ds-orders"])
    looks = [snapshot(20 + n, one, nodes=[ORDERS]) for n, one in enumerate((bare, full))]
    assert len(_refreshes(found_after(snapshot(0, nodes=[ORDERS]), *looks))) == 1


def test_a_source_that_is_refreshed_twice_in_one_job_is_told_by_the_first_whenever_the_polls_were() -> None:
    first, second = (task("Orders", task_id=f"t-{end}", end=end) for end in (43, 44))
    running = job("j", "running", first, task("Orders", "running", task_id="t-44"))
    ended = snapshot(50, job("j", "successful", first, second, end=46), nodes=[ORDERS])
    for looks in ([ended], [snapshot(43, running, nodes=[ORDERS]), ended]):
        events = _refreshes(found_after(EMPTY, *looks))
        assert [event.time for event in events] == [at(43)]
