"""Can the people be asked for, as OData has it?"""

from itertools import pairwise
from typing import Any

import pytest

from local.simulator import people
from tests.local.simulator.conftest import Caller

SOURCE = "0a6e1f34-7c1b-4d55-8f0e-3b1d5a7c2e11_Storetills"


async def rows(caller: Caller, entity: str, **options: str) -> Any:
    return await caller.get(f"/data/{entity}", params={f"${name}": value for name, value in options.items()})


async def all_rows(caller: Caller, entity: str, **options: str) -> list[Any]:
    found: list[Any] = []
    while True:
        page = await rows(caller, entity, skip=str(len(found)), **options)
        found += page["value"]
        if len(found) >= page["@odata.count"]:
            return found


async def test_a_hundred_rows_are_the_most_whatever_is_asked_and_all_can_be_paged(caller: Caller) -> None:
    page = await rows(caller, "Customer", top="5000")
    assert (len(page["value"]), page["@odata.count"]) == (100, people.CUSTOMERS)
    everyone = await all_rows(caller, "Customer")
    assert len({customer["CustomerId"] for customer in everyone}) == people.CUSTOMERS
    assert (await rows(caller, "Customer", skiptoken="470"))["value"] == everyone[470:]
    assert (await rows(caller, "Customer", skip="1000"))["value"] == []
    assert (await rows(caller, "Customer", top="0"))["value"] == []


async def test_people_have_accents_and_quotes_and_are_the_same_every_time(caller: Caller) -> None:
    everyone = await all_rows(caller, "Customer")
    names = "".join(customer["FirstName"] + customer["LastName"] for customer in everyone)
    assert all(letter in names for letter in "'\"ëŁễ")
    assert all(len(customer["CustomerId"]) == 32 for customer in everyone)
    assert any(customer["BirthDate"] is None for customer in everyone)
    assert await all_rows(caller, "Customer") == everyone
    environment = caller.simulation.scenario.environments[0].id
    assert [one["CustomerId"] for one in people.customers(1, environment)] == [one["CustomerId"] for one in everyone]
    assert people.customers(2, environment)[0]["CustomerId"] != everyone[0]["CustomerId"]


async def test_customers_are_filtered_ordered_and_cut(caller: Caller) -> None:
    wanted = "CountryRegion eq 'NO' and (LoyaltyPoints gt 2500 or BirthDate eq null)"
    found = await all_rows(caller, "Customer", filter=wanted, orderby="City,TotalSpend desc")
    everyone = await all_rows(caller, "Customer")
    expected = [
        one
        for one in everyone
        if one["CountryRegion"] == "NO" and (one["LoyaltyPoints"] > 2500 or one["BirthDate"] is None)
    ]
    assert found == sorted(expected, key=lambda one: (one["City"], -one["TotalSpend"]))
    assert 0 < len(found) < len(everyone)
    named = await rows(caller, "Customer", select="City,CustomerId", top="1")
    assert list(named["value"][0]) == ["City", "CustomerId"]
    assert set((await rows(caller, "Customer", select="*", top="1"))["value"][0]) == set(everyone[0])


async def test_empty_cells_come_first_and_last_if_turned_round(caller: Caller) -> None:
    born = [one["BirthDate"] for one in await all_rows(caller, "Customer", orderby="BirthDate")]
    told = [one for one in born if one]
    assert born == [None] * (len(born) - len(told)) + sorted(told)
    assert (await all_rows(caller, "Customer", orderby="BirthDate desc"))[-1]["BirthDate"] is None


async def test_a_segments_members_are_customers_and_as_many_as_it_counts(caller: Caller) -> None:
    seen: list[set[str]] = []
    for time in ("01:00", "12:45", "23:00"):
        await caller.jump(time)
        segments = {one["name"]: one for one in await caller.get("/manage/segments")}
        found = await all_rows(caller, "Customer", filter="IsMemberOfSegment('AtRisk')")
        assert len(found) == segments["AtRisk"]["evaluationStatus"]["entityCount"]
        listed = await all_rows(caller, "AtRisk")
        assert {one["CustomerId"] for one in listed} == {one["CustomerId"] for one in found}
        seen.append({one["CustomerId"] for one in found})
    assert all(one <= other or other <= one for one, other in pairwise(seen))
    assert (await rows(caller, "Customer", filter="IsMemberOfSegment('Newsletter')"))["@odata.count"] == 480
    assert not {one["CustomerId"] for one in await all_rows(caller, "BasketLeavers")} <= max(seen, key=len)


async def test_search_finds_words_and_phrases_in_any_text_column(caller: Caller) -> None:
    found = await all_rows(caller, "Customer", search='"IL ROSSO" oslo')
    assert {one["City"] for one in found} == {"Oslo"}
    assert {one["LastName"] for one in found} == {'Rossi "Il Rosso"'}
    assert (await rows(caller, "Customer", search="nobody-at-all"))["@odata.count"] == 0


async def test_a_customers_activities_and_measures_come_with_it_if_asked(caller: Caller) -> None:
    page = await rows(caller, "Customer", expand="UnifiedActivity,Customer_Measure", top="20")
    activities = await all_rows(caller, "UnifiedActivity", orderby="ActivityId")
    for customer in page["value"]:
        own = [one for one in activities if one["CustomerId"] == customer["CustomerId"]]
        assert sorted(customer["UnifiedActivity"], key=lambda one: one["ActivityId"]) == own
        assert [one["LifetimeSpend"] for one in customer["Customer_Measure"]] == [customer["TotalSpend"]]
    assert len(activities) > people.CUSTOMERS


async def test_activities_are_found_by_time_and_customer(caller: Caller) -> None:
    late = await all_rows(caller, "UnifiedActivity", filter="ActivityTime ge 2026-02-01T00:00:00Z")
    assert late
    assert all(one["ActivityTime"] >= "2026-02-01" for one in late)
    one = await rows(caller, "UnifiedActivity", filter=f"CustomerId eq '{late[0]['CustomerId']}'")
    assert late[0] in one["value"]


async def test_the_table_of_a_source_can_be_read_but_not_filtered(caller: Caller) -> None:
    page = await rows(caller, SOURCE, top="2", orderby="OrderId desc")
    assert (page["@odata.count"], [row["OrderId"] for row in page["value"]]) == (4000, ["O003999", "O003998"])
    status, _, body = await caller.ask(f"/data/{SOURCE}", params={"$filter": "OrderId eq 'O000001'"})
    assert (status, body["errorCode"]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "params",
    [
        {"$filter": "Shoes eq 1"},
        {"$filter": "IsMemberOfSegment('Nobody')"},
        {"$select": "Shoes"},
        {"$select": ""},
        {"$orderby": "City up"},
        {"$orderby": "City,"},
        {"$expand": "Shoes"},
        {"$expand": "UnifiedActivity", "$search": "Oslo"},
        {"$expand": "UnifiedActivity", "$select": "City"},
        {"$skip": "-1"},
        {"$skip": "1", "$skiptoken": "1"},
        {"$top": "9" * 5000},
        {"$count": "true"},
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_as_odata_has_it(caller: Caller, params: dict[str, str]) -> None:
    status, _, body = await caller.ask("/data/Customer", params=params)
    assert (status, body["errorCode"]) == (400, "InvalidRequest")
    assert set(body) == {"errorCode", "message", "details"}
