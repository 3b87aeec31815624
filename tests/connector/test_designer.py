"""Power Automate's side of the connector, driven by the definition alone, against the app on a simulated day."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import azure.functions as func
import pytest
import pytest_asyncio

from local.connector.definition import Operation
from tests.actions.conftest import entra
from tests.actions.table import things
from tests.connector.day import DEFINITION, REFUSED, WEBHOOKS, Day, played_day
from tests.entra import Entra
from tests.functions.conftest import functions

__all__ = ["entra", "functions"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
ACTIONS = [one.id for one in DEFINITION.operations if not one.trigger and one.id != "Unsubscribe"]
LISTS = [
    pytest.param(operation, one, id=f"{operation.id}-{one.name}")
    for operation in DEFINITION.operations
    for one in operation.fields
    if "x-ms-dynamic-list" in one.value_schema
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(
    functions: Sequence[func.Function], entra: Entra, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Day]:
    async with played_day(functions, entra, tmp_path_factory.mktemp("azurite")) as found:
        yield found


@pytest.mark.parametrize("trigger", WEBHOOKS)
async def test_a_trigger_calls_its_flow_with_what_it_promises(day: Day, trigger: str) -> None:
    """The same events, once each, that its polling twin finds; each with every property under its promised name."""
    assert day.called[trigger]
    assert [problem for body in day.called[trigger] for problem in day.designer.problems_of_call(trigger, body)] == []
    ids = [json.loads(body)["id"] for body in day.called[trigger]]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(event["id"] for event in day.polled[trigger])


async def typed(day: Day, operation: Operation) -> dict[str, Any]:
    """What a maker types or copies, because no list has it, or because it is not the first of its list."""
    found = things(day.site)
    dead = (await day.designer.run("ListDeadDeliveries", {}))["value"]
    known = {
        "environmentId": day.site.environment_id,
        "itemId": found["customer"],
        "customerId": found["customer"],
        "text": "ana",
        "entityName": found["big"] if "Partition" in operation.id else "Customer",
        "from": "2026-03-02T00:00:00Z",
    }
    ids = {"Subscription": day.locations["WhenFullRefreshCompletes"].rpartition("/")[2], "Delivery": dead[0]["id"]}
    needed = {one.path for one in operation.fields if one.required}
    mine = {name: value for name, value in known.items() if name in needed}
    if "id" in needed:
        mine["id"] = ids["Delivery" if "Deliver" in operation.id else "Subscription"]
    if operation.id == "CancelJob":  # one that is under way
        mine["jobId"] = (await day.designer.run("RunFullRefresh", {"environmentId": day.site.environment_id}))["jobId"]
    return mine


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_is_completed(day: Day, action: str) -> None:
    """From what the designer offers, to its end; its answer is as its schema says, a dynamic one too."""
    operation = DEFINITION.by_id[action]
    given = await day.designer.fill(operation, await typed(day, operation))
    if "x-ms-pageable" in operation.details:
        assert await day.designer.pages(action, {**given, **_small_pages(operation)})
    else:
        assert await day.designer.run(action, given)


def _small_pages(operation: Operation) -> dict[str, Any]:
    """So that there is more than one."""
    return {one.path: 2 for one in operation.fields if one.path == "top"}


@pytest.mark.parametrize(("operation", "one"), LISTS)
async def test_a_drop_down_list_offers_something(day: Day, operation: Operation, one: Any) -> None:
    """A value to send and a title to show, for each choice; both ways of declaring it offer the same."""
    everything = {
        "environmentId": day.site.environment_id,
        "measureName": "Revenue",
        "entityName": things(day.site)["big"],
    }
    given = {**everything, **{f"body/{name}": value for name, value in everything.items()}}
    offered = await day.designer.choices(operation, one, given)
    assert offered
    assert all(value and title for value, title in offered)
    assert len({value for value, _ in offered}) == len(offered)


async def test_a_flow_that_refuses_an_event_finds_it_among_the_dead(day: Day) -> None:
    dead = await day.designer.pages("ListDeadDeliveries", {})
    mine = day.locations[REFUSED].rpartition("/")[2]
    assert {one["subscriptionId"] for one in dead} == {mine}


async def test_flows_that_are_switched_off_are_called_no_more(day: Day) -> None:
    """And nothing of the definition was left out on the way."""
    for location in day.locations.values():
        await day.designer.unsubscribe(location)
    live = await day.designer.pages("ListSubscriptions", {"state": "active"})
    assert {one["kind"] for one in live} == {"polling"}
    assert day.designer.completed == set(DEFINITION.by_id)
