"""Which refreshes of data sources are told of a job, however much its list of tasks leaves out?"""

import pytest

from shared.domain.detection.sources import sources_of
from shared.domain.events import Event
from shared.domain.snapshot import Job, Node
from tests.factories import at, found_after, job, node, snapshot, task

STORES = node("ds-stores", "Stores")


def refreshes(one: Job, *nodes: Node, readable: bool = True) -> list[Event]:
    """What is told of the data sources; at the first look both were there."""
    first = snapshot(0, nodes=[node(), STORES])
    look = snapshot(20, one, nodes=(nodes or (node(), STORES)) if readable else None)
    return [event for event in found_after(first, look) if event.type.startswith("datasource.refresh.")]


@pytest.mark.parametrize(("source", "name"), [("ds-orders", "Orders"), ("ds-new", None)])
def test_a_job_without_tasks_refreshed_what_it_was_asked_for(source: str, name: str | None) -> None:
    """One that is not known by name is told by its id."""
    (event,) = refreshes(job("j", "successful", operation="ingestion", identifiers=[source], start=1, end=3))
    assert (event.subject, event.time) == (f"datasources/{source}", at(3))
    assert event.data.get("dataSourceName") == name
    assert event.data["summary"] == f"The refresh of {name or source} succeeded."
    assert (event.data["startedAt"], event.data["endedAt"]) == ("2026-05-04T02:01:00Z", "2026-05-04T02:03:00Z")


def test_a_job_with_tasks_refreshed_what_they_say() -> None:
    whole = job("j", "failed", task(status="failed"), operation="ingestion", identifiers=["ds-orders", "ds-stores"])
    assert [event.data["dataSourceId"] for event in refreshes(whole)] == ["ds-orders"]


def test_a_job_of_another_kind_refreshed_no_data_source() -> None:
    """Its identifiers are those of segments."""
    assert refreshes(job("j", "failed", operation="segmentation", identifiers=["Loyal"])) == []


def test_a_node_of_another_kind_is_no_data_source() -> None:
    other, nameless = Node("segmentation", "s-1", "Orders"), Node("ingestion", "", "Orders")
    (event,) = refreshes(job("j", "failed", task(status="failed")), node(), other, nameless)
    assert event.data["dataSourceId"] == "ds-orders"


def test_where_the_sources_cannot_be_read_the_names_of_the_last_look_serve() -> None:
    (event,) = refreshes(job("j", "failed", task(status="failed")), readable=False)
    assert event.data["dataSourceId"] == "ds-orders"


def test_a_source_is_found_by_the_name_that_it_had() -> None:
    old, other = task("Old name"), task("Stores", task_id="t-2")
    found = sources_of(job("j", "successful", old, other), [node("ds-1", "New name"), STORES], {"ds-1": "Old name"})
    assert found == {old.key: "ds-1", other.key: "ds-stores"}


def test_the_name_of_the_last_look_is_told_where_the_sources_cannot_be_read() -> None:
    asked = job("j", "failed", operation="ingestion", identifiers=["ds-orders"])
    (event,) = refreshes(asked, readable=False)
    assert event.data["dataSourceName"] == "Orders"


def test_what_has_no_times_at_all_ended_when_it_was_seen() -> None:
    done = task(start=None, end=None)
    merge = task("", operation="merge", start=None, end=None)
    whole = job("j", "successful", done, merge, operation="merge", start=None, end=None)
    events = found_after(snapshot(0, nodes=[node()]), snapshot(20, whole, nodes=[node()]))
    assert {event.time for event in events} == {at(20)}
    assert {"datasource.refresh.succeeded", "unification.completed"} <= {event.type for event in events}
