"""Can items be written and segments be switched, by those who may?"""

from typing import Any

import pytest

from local.entra.directory import MAKER, VIEWER
from local.simulator.calls import Call, ProblemError
from local.simulator.model import Scenario
from local.simulator.principal import Principal, Role
from local.simulator.server import simulation_of
from local.simulator.vendor import instances, routes
from tests.local.simulator.conftest import Caller

SOURCE = "0a6e1f34-7c1b-4d55-8f0e-3b1d5a7c2e11_Storetills"
NEW = {"CustomerId": "new", "FirstName": "Zoë", "LoyaltyPoints": 3, "TotalSpend": 12.50, "BirthDate": "1990-02-28"}


async def one_of(caller: Caller, entity: str, key: str, item_id: str) -> Any:
    return (await caller.get(f"/data/{entity}", params={"$filter": f"{key} eq '{item_id}'"}))["value"]


async def first_customer(caller: Caller) -> Any:
    return (await caller.get("/data/Customer", params={"$top": "1"}))["value"][0]


async def test_a_customer_that_is_made_is_seen_until_it_ends(caller: Caller) -> None:
    status, _, made = await caller.ask("/data/Customer?validUntil=2026-03-02T06:00:00Z&caller=flow", "POST", json=NEW)
    assert (status, made["statusCode"], made["value"]["FirstName"]) == (201, 201, "Zoë")
    (found,) = await one_of(caller, "Customer", "CustomerId", "new")
    assert {**NEW, "City": None}.items() <= found.items()
    assert (await caller.get("/data/Customer"))["@odata.count"] == 481
    await caller.jump("06:01")
    assert await one_of(caller, "Customer", "CustomerId", "new") == []


async def test_a_change_is_seen_until_it_ends_and_the_later_one_wins(caller: Caller) -> None:
    before = await first_customer(caller)
    path = f"/data/Customer/{before['CustomerId']}"
    for until, town in (("2026-03-02T12:00:00Z", "Rome"), ("2026-03-02T08:00:00+00:00", "Cork")):
        status, _, nothing = await caller.ask(path, "PATCH", params={"validUntil": until}, json={"City": town})
        assert (status, nothing) == (204, None)
    seen = []
    for time in ("07:59", "08:00", "12:00"):
        await caller.jump(time)
        seen.append((await first_customer(caller))["City"])
    assert seen == ["Cork", "Rome", before["City"]]


async def test_what_has_no_end_counts_for_hours_and_an_activity_for_days(caller: Caller) -> None:
    customer, activity = await first_customer(caller), {"ActivityId": "a1", "CustomerId": "new", "Title": "Told"}
    await caller.ask(f"/data/Customer/{customer['CustomerId']}", "PATCH", json={"LoyaltyPoints": 9999})
    status, _, body = await caller.ask("/data/UnifiedActivity", "POST", json=activity)
    assert (status, body["statusCode"]) == (202, 202)
    await caller.jump("04:30")
    assert await first_customer(caller) == customer
    assert (await one_of(caller, "UnifiedActivity", "ActivityId", "a1"))[0]["Title"] == "Told"


async def test_an_item_of_a_source_can_be_made_and_gets_an_id_if_it_has_none(caller: Caller) -> None:
    status, _, made = await caller.ask(f"/data/{SOURCE}", "POST", json={"Product": "Skis", "Express": True})
    assert status == 201
    page = await caller.get(f"/data/{SOURCE}", params={"$skip": "4000"})
    assert [row["OrderId"] for row in page["value"]] == [made["value"]["OrderId"]]
    assert made["location"].endswith(f"/data/{SOURCE}/{made['value']['OrderId']}")
    assert (await caller.ask(f"/data/{SOURCE}/O000001", "PATCH", json={"Quantity": 2}))[0] == 204


async def test_an_id_that_is_there_already_is_a_conflict(caller: Caller) -> None:
    taken = {"CustomerId": (await first_customer(caller))["CustomerId"]}
    assert (await caller.ask("/data/Customer", "POST", json=NEW))[0] == 201
    for body in (taken, NEW):
        status, _, told = await caller.ask("/data/Customer", "POST", json=body)
        assert (status, told["errorCode"]) == (409, "Conflict")


async def test_what_is_not_there_cannot_be_changed(caller: Caller) -> None:
    for path in ("/data/Customer/nobody", "/data/Nothing/1"):
        status, _, told = await caller.ask(path, "PATCH", json={"City": "Oslo"})
        assert (status, told["errorCode"]) == (404, "NotFound")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b'{"Shoes":1}', b'{"City":1}', b'{"LoyaltyPoints":"3"}', b'{"City":{}}',
     b'{"LoyaltyPoints":1.5}', b'{"TotalSpend":"12.5"}', b'{"BirthDate":"1990-02-30"}', b'{"TotalSpend":1e99999999}',
     b'{"LoyaltyPoints":true}', b'{"CustomerId":7}'],
)  # fmt: skip
async def test_a_body_that_makes_no_sense_is_refused(caller: Caller, body: bytes) -> None:
    customer = await first_customer(caller)
    for method, path in (("POST", "/data/Customer"), ("PATCH", f"/data/Customer/{customer['CustomerId']}")):
        status, _, told = await caller.ask(path, method, data=body)
        assert (status, told["errorCode"]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "until",
    ["", "soon", "2026-03-03", "2026-03-03T00:00:00", "20260303T000000Z", "2026-03-02T00:00:00Z",
     "2026-02-30T00:00:00Z", "2026-04-01T00:00:01Z", "2026-03-03T00:00:00Z "],
)  # fmt: skip
async def test_an_end_that_is_no_time_or_too_far_off_is_refused(caller: Caller, until: str) -> None:
    status, _, told = await caller.ask("/data/Customer", "POST", params={"validUntil": until}, json=NEW)
    assert (status, told["errorCode"]) == (400, "InvalidRequest")
    assert (await caller.get("/data/Customer"))["@odata.count"] == 480


async def test_only_people_and_sources_are_written_and_a_key_stays(caller: Caller) -> None:
    customer = await first_customer(caller)
    assert (await caller.ask("/data/HighValue", "POST", json={"CustomerId": "x"}))[0] == 400
    assert (await caller.ask("/data/Customer_Measure", "POST", json={"CustomerId": "x"}))[0] == 400
    path = f"/data/Customer/{customer['CustomerId']}"
    assert (await caller.ask(path, "PATCH", json={"CustomerId": "x"}))[0] == 400
    assert (await caller.ask(path, "PATCH", json={"CustomerId": customer["CustomerId"]}))[0] == 204


async def test_a_segment_is_switched_off_and_on_and_skipped_meanwhile(caller: Caller) -> None:
    async def state() -> str:
        listed = await caller.get("/manage/segments")
        return str(next(one["state"] for one in listed if one["name"] == "HighValue"))

    for _ in range(2):  # a second time changes nothing
        status, _, said = await caller.ask("/manage/segments/HighValue/deactivate", "PUT")
        assert (status, said, await state()) == (200, True, "inactive")
    _, _, job = await caller.ask("/workflows/main/jobs?operationType=segmentation&identifiers=HighValue", "POST")
    await caller.jump("01:00")
    assert (await caller.get(f"/workflows/main/jobs/{job['jobId']}"))["jobStatus"] == "skipped"
    assert (await caller.ask("/manage/segments/HighValue/activate", "PUT"))[2] is True
    assert await state() == "active"
    told = [change["text"] for change in await caller.control("changes")]
    assert [text for text in told if "switched" in text] == [
        "High value customers was switched off",
        "High value customers was switched on",
    ]


async def test_a_segment_that_is_not_there_cannot_be_switched(caller: Caller) -> None:
    for what in ("activate", "deactivate"):
        status, _, told = await caller.ask(f"/manage/segments/Nobody/{what}", "PUT")
        assert (status, told["errorCode"]) == (404, "NotFound")


@pytest.mark.parametrize(("role", "may"), [("Admin", True), ("Contributor", True), ("Viewer", False)])
def test_only_those_who_may_write_do(day: Scenario, role: Role, may: bool) -> None:
    simulation = simulation_of(day, paused=True)
    principal, environment = Principal("someone", "user", role), day.environments[0]
    refused = {}
    for name, path, answer in routes("both"):
        query = {"operationType": "segmentation"}
        route = dict.fromkeys(("entity_id", "job_id", "data_source_id", "measure_name", "segment_name"), "x")
        route["entity_name"] = "Customer"
        try:
            answer(Call(simulation, environment, day.start, query, route, b"{}", principal))
        except ProblemError as error:
            refused[name, path] = (error.status, error.body().get("httpStatusCode"))
    writes = {(name, path) for name, path, _ in routes("both") if not name.startswith("GET")}
    assert {call for call, told in refused.items() if told == (403, "403")} == (set() if may else writes)
    assert len(writes) == 8


async def test_a_viewer_reads_and_a_maker_writes(caller: Caller) -> None:
    caller.sign_in(VIEWER)
    assert (await caller.get("/data/Customer"))["@odata.count"] == 480
    for method, path in (("POST", "/data/Customer"), ("PUT", "/manage/segments/AtRisk/deactivate")):
        status, _, told = await caller.ask(path, method, json=NEW)
        assert (status, told["errorCode"], told["httpStatusCode"]) == (403, "Forbidden", "403")
    caller.sign_in(MAKER)
    assert (await caller.ask("/data/Customer", "POST", json=NEW))[0] == 201


def test_environments_are_told_to_those_with_a_role(day: Scenario) -> None:
    simulation = simulation_of(day, paused=True)
    assert len(instances(simulation, Principal("someone", "user", "Viewer"))) == 1
    assert instances(simulation, Principal("someone", "user", "")) == []
