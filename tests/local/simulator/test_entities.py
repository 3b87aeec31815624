"""Does the API say which entities there are, with their columns and partitions, and how big each is?"""

from typing import Any

import pytest

from local.entra.directory import INSIGHTS, STORAGE, VIEWER
from local.entra.mint import Mint
from local.simulator.calls import Call
from local.simulator.entity_calls import entities
from local.simulator.people import customers, members
from local.simulator.scenario import load_scenario
from local.simulator.server import simulation_of
from local.simulator.source_rows import source_rows
from tests.entra import shared_issuer
from tests.local.simulator.conftest import SCENARIOS, Caller

TILLS = "0a6e1f34-7c1b-4d55-8f0e-3b1d5a7c2e11"


async def listed(caller: Caller) -> dict[str, Any]:
    model = await caller.get("/manage/entities")
    assert model["instanceId"] == caller.simulation.scenario.environments[0].id
    return {one["qualifiedEntityName"]: one for one in model["entities"]}


async def test_people_segments_measures_and_sources_are_entities(odd_caller: Caller) -> None:
    found = await listed(odd_caller)
    assert {name: found[name]["entityType"] for name in ("Customer", "UnifiedActivity", "Customer_Measure")} == {
        "Customer": "profile",
        "UnifiedActivity": "unifiedActivity",
        "Customer_Measure": "profileKpi",
    }
    assert [name for name, one in found.items() if one["entityType"] == "segment"] == [
        "HighValue",
        "AtRisk",
        "Sleepers",
        "Bargains",
    ]
    assert [name for name, one in found.items() if one["entityType"] == "aggregateKpi"] == ["Sales"]
    assert sum("datasourceId" in one for one in found.values()) == 4


async def test_an_entity_comes_and_goes_with_what_it_is_of(odd_caller: Caller) -> None:
    assert (await odd_caller.ask("/manage/entities/NewCustomers"))[0] == 404
    await odd_caller.jump("09:45")
    assert (await odd_caller.get("/manage/entities/NewCustomers"))["entityType"] == "segment"
    assert "NewCustomers" in await listed(odd_caller)


async def test_an_entity_tells_its_columns_and_keys_and_its_rows_have_just_those(caller: Caller) -> None:
    for name, one in (await listed(caller)).items():
        assert await caller.get(f"/manage/entities/{name}") == one
        columns = [attribute["name"] for attribute in one["attributes"]]
        assert {key["name"] for keys in one["keys"] for key in keys} <= set(columns)
        for row in (await caller.get(f"/data/{name}"))["value"]:
            assert list(row) == columns


async def test_the_entity_of_a_source_is_named_after_it_and_refreshed_with_it(caller: Caller) -> None:
    name = f"{TILLS}_Storetills"
    before = await caller.get(f"/manage/entities/{name}")
    assert (before["name"], before["datasourceId"], before["dataSourceName"]) == ("Storetills", TILLS, "Store tills")
    await caller.jump("02:06")
    after = await caller.get(f"/manage/entities/{name}")
    assert (before["refreshTime"], after["refreshTime"]) == ("2026-03-01T02:05:00Z", "2026-03-02T02:05:00Z")
    assert {one["refreshTime"] for one in after["partitions"]} == {"2026-03-02T02:05:00Z"}


async def test_a_partition_is_where_its_location_says(caller: Caller) -> None:
    for name, one in (await listed(caller)).items():
        for partition in one["partitions"]:
            assert partition["location"].startswith(str(caller.client.make_url("/storage/")))
            assert partition["location"].endswith(f"/{name}/{partition['name']}")
            assert partition["isCIGenerated"] is ("datasourceId" not in one)
    headers = {partition["hasHeader"] for one in (await listed(caller)).values() for partition in one["partitions"]}
    assert headers == {True, False}


async def test_a_partition_can_be_fetched_from_its_location_with_a_token_for_storage(caller: Caller) -> None:
    entity = await caller.get(f"/manage/entities/{TILLS}_Storetills")
    sizes = []
    for partition in entity["partitions"]:
        for resource in (STORAGE, INSIGHTS):
            token = Mint(shared_issuer()).user(VIEWER, resource=resource)
            headers = {"Authorization": f"Bearer {token}", "x-ms-version": "2021-12-02"}
            async with caller.client.session.get(partition["location"], headers=headers) as answer:
                assert answer.status == (200 if resource is STORAGE else 401)
                sizes += [len(await answer.read())] if resource is STORAGE else []
    assert sum(sizes) == (await caller.get(f"/manage/entities/{TILLS}_Storetills/entitysize"))["size"]


async def test_an_entitys_size_is_that_of_its_partitions(caller: Caller) -> None:
    assert (await caller.get(f"/manage/entities/{TILLS}_Storetills/entitysize"))["rowCount"] == 4000
    customer = await caller.get("/manage/entities/Customer/entitysize")
    assert (customer["qualifiedEntityName"], customer["rowCount"]) == ("Customer", 480)
    assert customer["size"] > 480 * 32


@pytest.mark.parametrize("path", ["", "/entitysize"])
@pytest.mark.parametrize("name", ["Nothing", "customer", "Storetills", "..%2FCustomer", "%00", "é" * 500])
async def test_an_entity_that_is_not_there_is_a_404(caller: Caller, name: str, path: str) -> None:
    status, _, body = await caller.ask(f"/manage/entities/{name}{path}")
    assert (status, body["errorCode"]) == (404, "NotFound")


def test_nothing_is_made_up_before_anyone_asks_for_rows() -> None:
    storm = load_scenario(SCENARIOS / "storm.toml", seed=7)
    simulation, environment = simulation_of(storm, paused=True), storm.environments[0]
    made = (customers.cache_info().misses, members.cache_info().misses, source_rows.cache_info().misses)
    model = entities(Call(simulation, environment, storm.start, {}, {}, b""))
    assert len(model["entities"]) == 1003
    assert made == (customers.cache_info().misses, members.cache_info().misses, source_rows.cache_info().misses)
