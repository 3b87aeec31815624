"""What is written is read afterwards, and what cannot be written says why."""

from datetime import timedelta
from urllib.parse import parse_qs, quote

import pytest

from local.entra.directory import VIEWER
from tests.actions.site import Site
from tests.actions.table import ITEM, things

pytestmark = pytest.mark.asyncio(loop_scope="module")
ITEMS = "entities/Customer/items"


async def test_a_created_item_is_read_to_the_last_digit(site: Site) -> None:
    body = '{"CustomerId":"c-1","FirstName":"Nína ✓","TotalSpend":12345678901234567890.10,"LoyaltyPoints":7}'.encode()
    answer = await site.ask("POST", ITEMS, body)
    assert (answer.status, answer.json["status"], answer.json["item"]["CustomerId"]) == (201, "created", "c-1")
    assert b'"TotalSpend":12345678901234567890.10' in answer.body
    read = await site.ask("GET", f"{ITEMS}/c-1")
    assert b'"TotalSpend":12345678901234567890.10' in read.body
    assert (read.json["FirstName"], read.json["City"]) == ("Nína ✓", None)
    again = await site.ask("POST", ITEMS, body)
    assert (again.status, again.json["error"]["code"]) == (409, "insights_conflict")


async def test_an_activity_is_accepted(site: Site) -> None:
    body = {"ActivityId": "a-1", "CustomerId": things(site)["customer"], "ActivityType": "Visit"}
    answer = await site.ask("POST", "entities/UnifiedActivity/items", body)
    assert (answer.status, answer.json["status"]) == (202, "accepted")
    assert (await site.get("entities/UnifiedActivity/items/a-1"))["ActivityType"] == "Visit"


async def test_an_updated_item_shows_what_was_changed(site: Site) -> None:
    customer = things(site)["customer"]
    before = await site.get(f"customers/{customer}")
    answer = await site.ask("PATCH", f"{ITEMS}/{customer}", {"City": "L'Aquila", "LoyaltyPoints": 1})
    assert answer.status == 200
    assert answer.json == {"entityName": "Customer", "itemId": customer, "status": "updated"}
    assert await site.get(f"customers/{customer}") == {**before, "City": "L'Aquila", "LoyaltyPoints": 1}
    missing = await site.ask("PATCH", f"{ITEMS}/nobody", {"City": "Oslo"})
    assert (missing.status, missing.json["error"]["code"]) == (404, "insights_not_found")


@pytest.mark.parametrize("offset", ["Z", "+00:00", "%2B00:00"])
async def test_an_item_counts_until_it_does_not(site: Site, offset: str) -> None:
    until = site.simulation.now() + timedelta(hours=1)
    query = f"validUntil={until:%Y-%m-%dT%H:%M:%S}{offset}&caller={quote('Nightly flow & Søn')}"
    assert (await site.ask("POST", f"{ITEMS}?{query}", ITEM)).status == 201
    (asked,) = site.asked()
    assert parse_qs(asked.query)["caller"] == ["Nightly flow & Søn"]
    assert parse_qs(asked.query)["validUntil"][0].startswith("2026-03-02T13:00:00")
    assert (await site.ask("GET", f"{ITEMS}/c-1")).status == 200
    site.wait(minutes=61)
    assert (await site.ask("GET", f"{ITEMS}/c-1")).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "validUntil=tomorrow",
        "validUntil=2026-03-02T13:00:00",
        "validUntil=2026-03-03",
        f"caller={'x' * 201}",
        "caller=a%0Ab",
        "caller=a%00",
        "valid=1",
    ],
)
async def test_a_wrong_option_is_400_and_nothing_is_written(site: Site, query: str) -> None:
    for method, path in (("POST", ITEMS), ("PATCH", f"{ITEMS}/{things(site)['customer']}")):
        answer = await site.ask(method, f"{path}?{query}", ITEM)
        assert (answer.status, answer.json["error"]["field"]) == (400, query.partition("=")[0]), answer
    assert not site.simulation.seen


@pytest.mark.parametrize("until", ["2026-03-02T11:59:59Z", "2026-04-02T12:00:01Z", "9999-12-31T23:59:59Z"])
async def test_how_long_an_item_may_count_is_for_customer_insights_to_say(site: Site, until: str) -> None:
    """By its own clock: thirty days at most."""
    answer = await site.ask("POST", f"{ITEMS}?validUntil={until}", ITEM)
    assert (answer.status, answer.json["error"]["code"]) == (400, "insights_declined")
    assert "validUntil" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "body", [None, b"", b"[]", b'"x"', b"1", b"null", b"{", b"{'a':1}", b"\xff", b"[" * 5000, b'{"a":"' + b"x" * 70_000]
)
async def test_a_body_that_is_no_object_is_400_and_nothing_is_written(site: Site, body: bytes | None) -> None:
    for method, path in (("POST", ITEMS), ("PATCH", f"{ITEMS}/{things(site)['customer']}")):
        answer = await site.ask(method, path, body)
        assert (answer.status, answer.json["error"]["field"]) == (400, "body"), answer
    assert not site.simulation.seen


async def test_what_customer_insights_does_not_take_is_400_in_its_words(site: Site) -> None:
    for item in ({"CustomerId": "c-1", "Nothing": 1}, {"CustomerId": "c-1", "LoyaltyPoints": "many"}):
        answer = await site.ask("POST", ITEMS, item)
        assert (answer.status, answer.json["error"]["code"]) == (400, "insights_declined")
        assert "Nothing" in answer.json["error"]["message"] or "LoyaltyPoints" in answer.json["error"]["message"]
    answer = await site.ask("POST", "entities/HighValue/items", ITEM)
    assert (answer.status, answer.json["error"]["code"]) == (400, "insights_declined")
    answer = await site.ask("POST", "entities/Nothing/items", ITEM)
    assert (answer.status, answer.json["error"]["code"]) == (404, "insights_not_found")


async def test_a_viewers_write_changes_nothing(site: Site) -> None:
    assert (await site.ask("POST", ITEMS, ITEM, who=VIEWER)).status == 403
    assert (await site.ask("POST", "segments/HighValue/deactivate", who=VIEWER)).status == 403
    assert (await site.ask("GET", f"{ITEMS}/c-1")).status == 404
    assert (await site.get("segments/HighValue"))["state"] == "active"


async def test_a_segment_is_switched_off_and_on(site: Site) -> None:
    for what, state in (("deactivate", "inactive"), ("activate", "active"), ("activate", "active")):
        answer = await site.ask("POST", f"segments/HighValue/{what}")
        assert (answer.status, answer.json) == (200, {"name": "HighValue", "state": state})
        site.wait(minutes=1)
        assert (await site.get("segments/HighValue"))["state"] == state
    answer = await site.ask("POST", "segments/Nothing/activate")
    assert (answer.status, answer.json["error"]["code"]) == (404, "insights_not_found")
