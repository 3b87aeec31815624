"""What actions read comes through as Customer Insights has it, to the last digit."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from local.simulator.people import activities, customers
from tests.actions.site import Site
from tests.actions.table import things

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rows(site: Site, path: str) -> list[dict[str, Any]]:
    """The rows of an answer, their numbers exact."""
    answer = await site.ask("GET", path)
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = json.loads(answer.body, parse_float=Decimal)["value"]
    return found


def generated(site: Site) -> list[dict[str, Any]]:
    """The customers that the simulator makes up."""
    found = customers(site.simulation.scenario.seed, site.environment_id)
    return [{**one, "TotalSpend": Decimal(bytes(one["TotalSpend"]).decode())} for one in found]


def odata(**options: str) -> str:
    """A query of OData's options."""
    return "&".join(f"${name}={quote(text)}" for name, text in options.items())


async def test_environments_sources_segments_and_measures(site: Site) -> None:
    assert await site.get("/environments") == {
        "value": [{"id": site.environment_id, "name": "Contoso Retail", "type": "sandbox", "region": "local"}]
    }
    sources = (await site.get("datasources"))["value"]
    assert [one["name"] for one in sources] == ["Store tills", "Web orders", "Call centre", "Loyalty cards"]
    assert await site.get(f"datasources/{sources[1]['id']}") == sources[1]
    assert await site.get(f"datasources/{sources[1]['id'].upper()}") == sources[1]
    segments = (await site.get("segments"))["value"]
    assert {one["name"]: one.get("members") for one in segments} == {
        "HighValue": 1040,
        "AtRisk": None,
        "Newsletter": 5060,
        "LapsedBuyers": 1530,
        "BasketLeavers": 300,
    }
    at_risk = await site.get("segments/AtRisk")
    assert (at_risk["evaluationStatus"], at_risk["members"]) == ("Running", 380)


async def test_a_measure_has_its_values_and_their_names(site: Site) -> None:
    measure = await site.get("measures/Revenue")
    assert measure["values"] == {"Total": "95800.00", "Orders": "2160"}
    assert await site.get("measures/Revenue/aliases") == {"value": [{"name": "Total"}, {"name": "Orders"}]}
    listed = (await site.get("measures"))["value"]
    assert [one["name"] for one in listed] == ["AverageBasket", "Revenue", "ActiveShare"]
    assert not any("values" in one for one in listed)


@pytest.mark.parametrize("path", ["segments/highvalue", "segments/None", "measures/revenue", "datasources/x", "jobs/x"])
async def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    answer = await site.ask("GET", path)
    assert answer.status == 404
    assert answer.json["error"]["code"] in ("segment_not_found", "insights_not_found")


async def test_lists_for_drop_downs(site: Site) -> None:
    reports = (await site.get("/report-types"))["value"]
    assert [one["name"] for one in reports] == ["environment", "refresh", "unification", "segments", "measures"]
    operations = [one["name"] for one in (await site.get("/operation-types"))["value"]]
    assert {"ingestion", "merge", "segmentation", "measures", "all"} < set(operations)
    assert "none" not in operations
    shown = [one["displayName"] for one in (await site.get("/operation-types"))["value"]]
    assert {"Ingestion", "Derived entity", "Segment membership", "All"} < set(shown)


async def test_entities_are_listed_with_what_they_have(site: Site) -> None:
    found = {one["name"]: one for one in (await site.get("entities"))["value"]}
    assert found["Customer"] == {
        "name": "Customer",
        "displayName": "Customer",
        "type": "profile",
        "refreshedAt": "2026-03-02T10:08:00Z",
        "columns": 9,
        "partitions": 1,
    }
    big = found[things(site)["big"]]
    assert (big["displayName"], big["dataSourceName"], big["partitions"]) == ("Storetills", "Store tills", 2)


async def test_a_schema_is_for_reading_creating_or_updating(site: Site) -> None:
    read, listed, create, update = [
        (await site.get(f"entities/Customer/schema?use={use}"))["schema"]
        for use in ("read", "list", "create", "update")
    ]
    assert listed["properties"]["value"]["items"] == read
    assert read["properties"]["LoyaltyPoints"] == {
        "type": "integer",
        "format": "int64",
        "title": "LoyaltyPoints",
        "x-ms-summary": "LoyaltyPoints",
        "x-nullable": True,
    }
    nullable = {name: {**one, "x-nullable": True} for name, one in create["properties"].items()}
    assert read["properties"] == nullable
    assert create["required"] == ["CustomerId"]
    assert set(read["properties"]) - set(update["properties"]) == {"CustomerId"}
    assert "required" not in read
    assert "required" not in update


async def test_rows_come_as_they_were_written(site: Site) -> None:
    answer = await site.ask("GET", "entities/Customer/items?$top=1000")
    assert await rows(site, "entities/Customer/items?$top=1000") == generated(site)
    first = customers(site.simulation.scenario.seed, site.environment_id)[0]["TotalSpend"]
    assert b'"TotalSpend":' + bytes(first) in answer.body


@pytest.mark.parametrize(
    ("options", "keeps"),
    [
        ({"filter": "City eq 'L''Aquila'"}, lambda row: row["City"] == "L'Aquila"),
        ({"filter": "TotalSpend gt 9000.55"}, lambda row: row["TotalSpend"] > Decimal("9000.55")),
        (
            {"filter": "LoyaltyPoints lt 100 or BirthDate eq null"},
            lambda row: row["LoyaltyPoints"] < 100 or not row["BirthDate"],
        ),
        ({"search": '"siobhán"'}, lambda row: row["FirstName"] == "Siobhán"),
        ({"filter": "contains(EMail, '+')"}, lambda row: False),
    ],
)
async def test_rows_are_filtered_and_searched(site: Site, options: dict[str, str], keeps: Any) -> None:
    found = await rows(site, f"entities/Customer/items?{odata(**options, top='1000')}")
    assert found == [row for row in generated(site) if keeps(row)]


async def test_rows_are_ordered_chosen_skipped_and_expanded(site: Site) -> None:
    found = await rows(
        site,
        f"entities/Customer/items?$skip=3&{odata(orderby='LoyaltyPoints desc', select='EMail,LoyaltyPoints', top='5')}",
    )
    ordered = sorted(generated(site), key=lambda row: -row["LoyaltyPoints"])[3:8]
    assert [row["LoyaltyPoints"] for row in found] == [row["LoyaltyPoints"] for row in ordered]
    assert all(list(row) == ["EMail", "LoyaltyPoints"] for row in found)
    (one,) = await rows(site, f"entities/Customer/items?{odata(expand='UnifiedActivity', top='1')}")
    assert all(activity["CustomerId"] == one["CustomerId"] for activity in one["UnifiedActivity"])


@pytest.mark.parametrize(
    "options", [{"filter": "Nothing eq 1"}, {"expand": "Nothing"}, {"orderby": "City sideways"}, {"filter": "City eq"}]
)
async def test_a_query_that_customer_insights_refuses_is_400_in_its_words(site: Site, options: dict[str, str]) -> None:
    answer = await site.ask("GET", f"entities/Customer/items?{odata(**options)}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "insights_declined")
    assert f"${next(iter(options))}" in answer.json["error"]["message"] or "Nothing" in answer.json["error"]["message"]


async def test_one_item_by_its_key_and_by_another_column(site: Site) -> None:
    seventh = generated(site)[7]
    by_key = await site.ask("GET", f"entities/Customer/items/{seventh['CustomerId']}")
    assert json.loads(by_key.body, parse_float=Decimal) == seventh
    mail = await site.ask("GET", f"entities/Customer/items/{seventh['EMail']}?keyColumn=EMail&$select=EMail")
    assert mail.json == {"EMail": seventh["EMail"]}
    started = site.simulation.scenario.start
    activity = activities(site.simulation.scenario.seed, site.environment_id, started)[0]["ActivityId"]
    assert (await site.get(f"entities/UnifiedActivity/items/{activity}"))["ActivityId"] == activity
    answer = await site.ask("GET", "entities/Customer/items/nobody")
    assert (answer.status, answer.json["error"]["code"]) == (404, "item_not_found")


async def test_a_customer_and_what_that_customer_did(site: Site) -> None:
    for customer in generated(site)[:10]:
        found = await site.ask("GET", f"customers/{customer['CustomerId']}")
        assert json.loads(found.body, parse_float=Decimal) == customer
        did = (await site.get(f"customers/{customer['CustomerId']}/activities"))["value"]
        made = activities(site.simulation.scenario.seed, site.environment_id, site.simulation.scenario.start)
        assert [one["ActivityId"] for one in did] == [
            one["ActivityId"] for one in made if one["CustomerId"] == customer["CustomerId"]
        ]
    assert (await site.ask("GET", "customers/nobody")).status == 404
    assert await site.get("customers/nobody/activities") == {"value": []}


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("siobhán", {"Siobhán"}),
        ("D'Arcy", {"D'Arcy"}),
        ("L'Aquila", None),
        ("or 1 eq 1", set()),
        ("ana&$top=1000", set()),
        ('Il Rosso"', None),
        ('"', None),
        ("back\\slash", set()),
    ],
)
async def test_customers_are_searched_by_a_text_and_nothing_else(site: Site, text: str, finds: set[str] | None) -> None:
    """Whatever stands in it, it is one text that a field holds."""
    found = await rows(site, f"customers?text={quote(text)}&$top=1000")
    fields = ("CustomerId", "FirstName", "LastName", "EMail", "City", "CountryRegion")
    having = [row for row in generated(site) if any(text.casefold() in row[name].casefold() for name in fields)]
    assert found == having
    assert finds is None or {row["FirstName"] for row in found} == finds


async def test_members_of_a_segment(site: Site) -> None:
    found = await rows(site, "segments/BasketLeavers/members?$top=1000&$select=CustomerId")
    assert len({row["CustomerId"] for row in found}) == 300
    answer = await site.ask("GET", "segments/None/members")
    assert (answer.status, answer.json["error"]["code"]) == (400, "insights_declined")
