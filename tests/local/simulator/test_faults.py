"""Can everything go wrong that a caller must be able to bear?"""

import asyncio
import json
from typing import Any

import pytest

from tests.local.simulator.conftest import Caller

SEGMENTS = "/manage/segments"
NEW = {"CustomerId": "new"}


async def fault(caller: Caller, kind: str, **more: Any) -> None:
    await caller.control("faults", {"kind": kind, **more})


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"kind": "refuse"}, 403, "Forbidden"),
        ({"kind": "refuse", "status": 401}, 401, "Unauthorized"),
        ({"kind": "conflict"}, 409, "Conflict"),
        ({"kind": "missing"}, 404, "NotFound"),
        ({"kind": "reject"}, 400, "InvalidRequest"),
        ({"kind": "fail"}, 500, "InternalError"),
        ({"kind": "fail", "status": 503}, 503, "ServiceUnavailable"),
    ],
)
async def test_a_refusal_has_its_status_and_the_vendors_words(
    caller: Caller, request_: dict[str, Any], status: int, code: str
) -> None:
    await fault(caller, **request_, times=1)
    got, headers, body = await caller.ask(SEGMENTS)
    assert (got, body["errorCode"], body["httpStatusCode"]) == (status, code, str(status))
    assert ("WWW-Authenticate" in headers) is (status == 401)
    assert (await caller.ask(SEGMENTS))[0] == 200


@pytest.mark.parametrize(("retry_after", "told"), [(7, "7"), (0, None)])
async def test_who_is_unavailable_may_say_when_to_come_again(
    caller: Caller, retry_after: float, told: str | None
) -> None:
    await fault(caller, "fail", status=503, retry_after=retry_after)
    _, headers, _ = await caller.ask(SEGMENTS)
    assert headers.get("Retry-After") == told


async def test_a_fault_can_be_of_one_method_and_what_fails_is_not_done(caller: Caller) -> None:
    await fault(caller, "fail", method="POST", path="/data/")
    assert (await caller.ask("/data/Customer", "POST", json=NEW))[0] == 500
    assert (await caller.get("/data/Customer"))["@odata.count"] == 480
    assert (await caller.ask("/workflows/main/jobs?operationType=all", "POST"))[0] == 200


async def test_a_huge_answer_is_good_json_of_more_than_thirty_megabytes(caller: Caller) -> None:
    await fault(caller, "bulk", times=1)
    async with caller.client.get(caller.root + SEGMENTS, headers=caller.headers) as answer:
        assert "Content-Length" not in answer.headers
        content = await answer.read()
    assert len(content) > 30_000_000
    assert len(json.loads(content)["value"]) > 100


async def test_a_redirect_leads_to_another_host(caller: Caller) -> None:
    await fault(caller, "redirect", location="https://elsewhere.example/v1")
    status, headers, _ = await caller.ask(SEGMENTS, allow_redirects=False)
    assert (status, headers["Location"]) == (302, "https://elsewhere.example/v1")


async def test_a_drip_goes_on_as_long_as_one_listens(caller: Caller) -> None:
    await fault(caller, "drip", seconds=0.001)
    async with caller.client.get(caller.root + SEGMENTS, headers=caller.headers) as answer:
        assert answer.status == 200
        for _ in range(20):
            assert await asyncio.wait_for(answer.content.readexactly(1), 10) == b" "
        answer.close()


async def test_what_arrived_is_told_as_it_was_written(caller: Caller) -> None:
    await caller.ask("/manage/measures/..%2f..%2fx%00?a=b")
    await caller.ask("/data/Customer", "POST", json=NEW)
    root = caller.root
    told = [(one.method, one.path.removeprefix(root), one.query) for one in caller.simulation.seen]
    assert [(method, path) for method, path, _ in told][1:] == [("POST", "/data/Customer")]
    assert told[0][1].lower() == "/manage/measures/..%2f..%2fx%00"
    assert told[0][2] == "a=b"
    listed = await caller.control("seen")
    assert [tuple(one) for one in listed] == list(caller.simulation.seen)
