"""Events over HTTP: since a time, of a type, about a subject, by pages."""

from collections.abc import Mapping

import pytest

from shared.domain.cursors import write_cursor
from shared.domain.events import EventType
from tests.factories import ENVIRONMENT
from tests.feed import happened, publish
from tests.functions.support import BASE, Caller, http, mistake, told
from tests.services.stage import Stage

OTHER = "e0e0e0e0-0000-4000-8000-00000000000f"
KINDS = (EventType.REFRESH_FAILED, EventType.PROCESS_ENDED)
EVENTS = [happened(place, KINDS[place % 2], summary=f"No. {place}") for place in range(10)]


async def listed(call: Caller, query: Mapping[str, str]) -> list[int]:
    """Which of the events all pages have, by place."""
    link: Mapping[str, str] | str = {"environmentId": ENVIRONMENT, **query}
    found: list[str] = []
    while link:
        answer = await call("get_events", http(query=link))
        assert answer.status_code == 200
        found += [event["id"] for event in told(answer)["value"]]
        link = str(told(answer).get("nextLink", ""))
        assert not link or link.startswith(f"{BASE}/api/events?environmentId={ENVIRONMENT}&")
    return [[event.id for event in EVENTS].index(one) for one in found]


@pytest.mark.parametrize("top", ["1", "3", "10", "1000"])
@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({}, range(10)),
        ({"since": "2026-05-04T02:04:00Z"}, range(4, 10)),
        ({"until": "2026-05-04T04:04:00+02:00"}, range(4)),
        ({"since": "2026-05-04T02:02:00Z", "until": "2026-05-04T02:02:00.000001Z"}, [2]),
        ({"type": "process.ended"}, range(1, 10, 2)),
        ({"subject": "datasources/1"}, range(1, 10, 3)),
        ({"type": "process.ended", "subject": "datasources/1", "since": "2026-05-04T02:02:00Z"}, [7]),
        ({"after": write_cursor(ENVIRONMENT, 8)}, [8, 9]),
        ({"after": write_cursor(ENVIRONMENT, 10)}, []),
        ({"subject": "x' or 'a' eq 'a"}, []),
    ],
)
async def test_events_are_listed_oldest_first_as_they_are_asked_for(
    stage: Stage, call: Caller, top: str, query: dict[str, str], places: list[int]
) -> None:
    await publish(stage.ports, *EVENTS)
    assert await listed(call, {**query, "top": top}) == list(places)


async def test_an_event_is_told_as_its_flow_gets_it(stage: Stage, call: Caller) -> None:
    await publish(stage.ports, EVENTS[0])
    (event,) = told(await call("get_events", http(query={"environmentId": ENVIRONMENT.upper()})))["value"]
    assert event["specversion"] == "1.0"
    assert (event["id"], event["type"], event["subject"]) == (
        EVENTS[0].id,
        "datasource.refresh.failed",
        "datasources/0",
    )
    assert event["data"]["summary"] == "No. 0"


async def test_an_environment_without_events_has_none(stage: Stage, call: Caller) -> None:
    assert told(await call("get_events", http(query={"environmentId": OTHER}))) == {"value": []}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"environmentId": ""}, "environmentId"),
        ({"environmentId": "a b"}, "environmentId"),
        ({"top": "0"}, "top"),
        ({"type": "datasource.refresh"}, "type"),
        ({"since": "now"}, "since"),
        ({"since": "2026-05-04T02:00:00"}, "since"),
        ({"until": "2026-02-30T02:00:00Z"}, "until"),
        ({"after": "8"}, "after"),
        ({"after": write_cursor(OTHER, 8)}, "after"),
        ({"$filter": "x"}, "$filter"),
    ],
)
async def test_a_mistake_in_the_query_names_its_parameter(
    stage: Stage, call: Caller, query: dict[str, str], field: str
) -> None:
    asked = {"environmentId": ENVIRONMENT, **query}
    assert mistake(await call("get_events", http(query=asked))) == field
