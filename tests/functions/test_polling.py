"""The polling twins as a flow sees them: 202 or 200 with events, where to poll next, and what is wrong with a query."""

import base64
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest

from shared.domain.cursors import write_cursor
from shared.domain.events import Event, EventType
from shared.domain.subscriptions import EVENT_TYPES, Trigger
from shared.errors import InsightsNotFound, InsightsUnavailable
from tests.factories import ENVIRONMENT
from tests.feed import happened, publish, wanted_by
from tests.functions.support import BASE, Caller, http, mistake, told
from tests.services.stage import Stage

FAILED = "data-source-refresh-failed"
FILTERS: dict[Trigger, dict[str, str]] = {
    Trigger.REFRESH_FAILED: {"dataSourceId": "ds-1", "submission": "scheduled"},
    Trigger.REFRESH_SUCCEEDED: {"submission": "any"},
    Trigger.SEGMENT_CROSSED: {"segmentName": "Loyal", "threshold": "100", "direction": "both", "rearmAt": "90"},
    Trigger.MEASURE_CROSSED: {
        "measureName": "Revenue",
        "alias": "Total",
        "threshold": "0.5",
        "dimensions": '{"Country": "NO"}',
    },
    Trigger.FULL_REFRESH_COMPLETED: {"submission": "onDemand"},
    Trigger.UNIFICATION_COMPLETED: {},
    Trigger.PROCESS_ENDED: {"operationTypes": "export, map", "outcomes": "failed,canceled"},
    Trigger.OVERDUE: {"withinHours": "24", "dataSourceId": "ds-1"},
    Trigger.UNREACHABLE: {},
}
GARBAGE = (
    "x",
    "!!!!",
    "MQ",
    "é" * 3,
    "A" * 201,
    base64.urlsafe_b64encode(f"2:{ENVIRONMENT}:1".encode()).decode(),
    base64.urlsafe_b64encode(f"1:{ENVIRONMENT}:-1".encode()).decode(),
    base64.urlsafe_b64encode(f"1:{ENVIRONMENT}:1e3".encode()).decode(),
    base64.urlsafe_b64encode(f"1:{ENVIRONMENT}:{'9' * 19}".encode()).decode(),
    base64.urlsafe_b64encode("1:\N{SUPERSCRIPT TWO}:²".encode()).decode(),
)


async def poll(call: Caller, trigger: str, query: dict[str, str] | str, **headers: str) -> func.HttpResponse:
    """One poll, with a query or with the Location of the one before."""
    asked = query if isinstance(query, str) else {"environmentId": ENVIRONMENT, **query}
    answer: func.HttpResponse = await call("poll_trigger_events", http(query=asked, headers=headers, trigger=trigger))
    return answer


def wanted(stage: Stage, place: int, kind: EventType) -> Event:
    """An event that the one subscription of the stage asks for."""
    (subscription,) = stage.subscriptions.rows.values()
    return wanted_by(subscription, place, kind)


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_a_first_poll_tells_nothing_old_and_the_next_ones_what_is_new_once(
    stage: Stage, call: Caller, trigger: Trigger
) -> None:
    """202 and where to go; then 200 with the events, in order; then 202 again."""
    old = await poll(call, trigger, FILTERS[trigger])
    kinds = EVENT_TYPES[trigger]
    await publish(stage.ports, wanted(stage, 0, kinds[0]))
    first = await poll(call, trigger, FILTERS[trigger])
    assert (first.status_code, told(first), first.headers["Retry-After"]) == (202, {"value": []}, "60")
    made = [wanted(stage, place, kind) for place, kind in enumerate(kinds * 2, start=1)]
    await publish(stage.ports, *made, happened(99, kinds[0], dataSourceId="other", submission="x", watchId="other"))
    second = await poll(call, trigger, first.headers["Location"])
    assert (second.status_code, second.headers["Retry-After"]) == (200, "60")
    assert len(stage.subscriptions.rows) == 1
    unfiltered = trigger is Trigger.UNREACHABLE or trigger in (Trigger.REFRESH_SUCCEEDED, Trigger.UNIFICATION_COMPLETED)
    expected = [event.id for event in made] + [happened(99, kinds[0]).id] * unfiltered
    assert [event["id"] for event in told(second)["value"]] == expected
    third = await poll(call, trigger, second.headers["Location"])
    assert (third.status_code, told(third)) == (202, {"value": []})
    assert len(told(await poll(call, trigger, old.headers["Location"]))["value"]) == len(expected) + 1


async def test_where_to_poll_next_is_absolute_and_has_the_same_query(stage: Stage, call: Caller) -> None:
    """On the address that callers see, with the filters."""
    query = {**FILTERS[Trigger.MEASURE_CROSSED], "environmentId": ENVIRONMENT, "top": "7"}
    answer = await poll(call, Trigger.MEASURE_CROSSED, query)
    where = urlsplit(answer.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{BASE}/api/triggers/measure-threshold-crossed/events"
    next_query = dict(parse_qsl(where.query))
    assert next_query.pop("triggerState")
    assert next_query == query


async def test_a_function_key_of_earlier_times_is_a_mistake_that_is_named(stage: Stage, call: Caller) -> None:
    """An address with one would be kept by flows, with the key in it."""
    answer = await poll(call, FAILED, {"code": "function-key"})
    assert mistake(answer) == "code"
    assert b"function-key" not in answer.get_body()


async def test_a_page_that_is_full_says_to_come_back_at_once(stage: Stage, call: Caller) -> None:
    where = (await poll(call, FAILED, {"top": "2"})).headers["Location"]
    made = [happened(place) for place in range(1, 6)]
    await publish(stage.ports, *made)
    found, waits = [], []
    for _ in range(4):
        answer = await poll(call, FAILED, where)
        where = answer.headers["Location"]
        found.append([event["id"] for event in told(answer)["value"]])
        waits.append((answer.status_code, answer.headers["Retry-After"]))
    assert found == [[event.id for event in page] for page in (made[:2], made[2:4], made[4:], [])]
    assert waits == [(200, "1"), (200, "1"), (200, "60"), (202, "60")]


async def test_asking_again_with_an_old_state_gives_the_same_events_again(stage: Stage, call: Caller) -> None:
    """The platform repeats a poll whose answer it did not get."""
    where = (await poll(call, FAILED, {})).headers["Location"]
    await publish(stage.ports, happened(1), happened(2))
    bodies = {(await poll(call, FAILED, where)).get_body() for _ in range(3)}
    assert len(bodies) == 1


@pytest.mark.parametrize("state", GARBAGE)
async def test_a_state_that_is_not_ours_is_a_mistake(stage: Stage, call: Caller, state: str) -> None:
    assert mistake(await poll(call, FAILED, {"triggerState": state})) == "triggerState"
    assert stage.subscriptions.rows == {}


async def test_a_state_of_another_environment_is_a_mistake(stage: Stage, call: Caller) -> None:
    other = write_cursor("e0e0e0e0-0000-4000-8000-00000000000f", 3)
    assert mistake(await poll(call, FAILED, {"triggerState": other})) == "triggerState"


@pytest.mark.parametrize(
    ("trigger", "query", "field"),
    [
        (FAILED, {"environmentId": ""}, "environmentId"),
        (FAILED, {"environmentId": "a/b"}, "environmentId"),
        (FAILED, {"top": "0"}, "top"),
        (FAILED, {"top": "1001"}, "top"),
        (FAILED, {"top": "²"}, "top"),
        (FAILED, {"top": "-1"}, "top"),
        (FAILED, {"segmentName": "Loyal"}, "segmentName"),
        (FAILED, {"callbackUrl": "https://prod-01.westeurope.logic.azure.com/workflows/w?sp=1"}, "callbackUrl"),
        (FAILED, {"label": "mine"}, "label"),
        (FAILED, {"batch": "true"}, "batch"),
        (FAILED, {"submission": "manual"}, "submission"),
        (FAILED, {"odd": "whsec_x"}, "odd"),
        ("segment-threshold-crossed", {"segmentName": "Loyal"}, "threshold"),
        ("segment-threshold-crossed", {"segmentName": "Loyal", "threshold": "many"}, "threshold"),
        ("segment-threshold-crossed", {"threshold": "1"}, "segmentName"),
        ("segment-threshold-crossed", {"segmentName": "L", "threshold": "1", "rearmAt": "2"}, "rearmAt"),
        ("measure-threshold-crossed", {**FILTERS[Trigger.MEASURE_CROSSED], "dimensions": "NO"}, "dimensions"),
        ("measure-threshold-crossed", {**FILTERS[Trigger.MEASURE_CROSSED], "dimensions": '["NO"]'}, "dimensions"),
        ("measure-threshold-crossed", {**FILTERS[Trigger.MEASURE_CROSSED], "dimensions": '{"a b": "1"}'}, "dimensions"),
        ("measure-threshold-crossed", {**FILTERS[Trigger.MEASURE_CROSSED], "dimensions": "[" * 9000}, "dimensions"),
        ("process-ended", {"outcomes": ",".join("abc" for _ in range(51))}, "outcomes"),
        ("data-source-overdue", {"withinHours": "0"}, "withinHours"),
    ],
)
async def test_a_mistake_in_the_query_names_its_parameter(
    stage: Stage, call: Caller, trigger: str, query: dict[str, str], field: str
) -> None:
    assert mistake(await poll(call, trigger, query)) == field
    assert stage.subscriptions.rows == {}


async def test_what_does_not_exist_is_not_polled(stage: Stage, call: Caller) -> None:
    """404 for a trigger and an environment; 400 for a segment, as when subscribing."""
    assert (await poll(call, "no-such-trigger", {})).status_code == 404
    stage.insights.names = {"Other"}
    assert (
        mistake(await poll(call, "segment-threshold-crossed", {"segmentName": "L", "threshold": "1"})) == "segmentName"
    )
    stage.insights.failure = InsightsNotFound()
    assert (await poll(call, FAILED, {})).status_code == 404
    stage.insights.failure = InsightsUnavailable()
    assert (await poll(call, FAILED, {})).status_code == 502
    assert stage.subscriptions.rows == {}


async def test_lists_are_written_with_commas(stage: Stage, call: Caller) -> None:
    """Spaces and empty words do not matter, nor does the casing of what is asked for."""
    query = {"operationTypes": " export,, MAP ,", "outcomes": "canceled"}
    where = (await poll(call, "process-ended", query)).headers["Location"]
    kinds = [("export", "aborted"), ("Map", "aborted"), ("merge", "aborted"), ("export", "failed")]
    made = [
        happened(place, EventType.PROCESS_ENDED, operationType=operation, outcome=outcome)
        for place, (operation, outcome) in enumerate(kinds)
    ]
    await publish(stage.ports, *made)
    found = told(await poll(call, "process-ended", where))["value"]
    assert [event["id"] for event in found] == [event.id for event in made[:2]]


async def test_numbers_are_told_to_their_last_digit(stage: Stage, call: Caller) -> None:
    where = (await poll(call, FAILED, {})).headers["Location"]
    await publish(stage.ports, happened(1, value=Decimal("1234567890123456789.0000000001")))
    assert b"1234567890123456789.0000000001" in (await poll(call, FAILED, where)).get_body()
