"""The flow inbox, over HTTP as the app meets it."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from local.children import free_ports, running
from local.inbox import make_app
from local.wire import get_list

EVENT = {"specversion": "1.0", "type": "process.ended", "data": {"summary": "<b>Export</b> skipped"}}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(tmp_path / "calls.jsonl"))) as client:
        yield client


async def test_a_flow_takes_an_event(inbox: Client, tmp_path: Path) -> None:
    """202 with the id of the run; the call is kept with its headers and body, and written down."""
    answer = await inbox.post("/flows/Post%20to%20Teams", json=EVENT, headers={"webhook-id": "e1"})
    assert answer.status == 202
    (call,) = await (await inbox.get("/flows")).json()
    assert (call["flow"], call["body"], call["status"]) == ("Post to Teams", EVENT, 202)
    assert call["headers"]["webhook-id"] == "e1"
    assert call["run_id"] == answer.headers["x-ms-workflow-run-id"]
    assert json.loads((tmp_path / "calls.jsonl").read_text()) == call


async def test_credentials_are_not_kept(inbox: Client) -> None:
    """What the inbox shows may be pasted into an issue."""
    await inbox.post("/flows/a", json=EVENT, headers={"authorization": "Bearer secret"})
    assert "secret" not in await (await inbox.get("/flows")).text()


async def test_only_what_is_new(inbox: Client) -> None:
    """A reader follows by number."""
    for flow in ("a", "b", "c"):
        await inbox.post(f"/flows/{flow}", json=EVENT)
    assert [call["number"] for call in await (await inbox.get("/flows?since=2")).json()] == [3]
    assert (await inbox.get("/flows?since=x")).status == 400


async def test_a_flow_misbehaves_for_a_while(inbox: Client) -> None:
    """Told so, it refuses as often as it was told, and then takes events again."""
    await inbox.post("/behave/a", json={"status": 429, "times": 2, "retry_after": 1})
    answers = [await inbox.post("/flows/a", json=EVENT) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 202]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["1", "1", None]
    assert (await inbox.post("/flows/b", json=EVENT)).status == 202


async def test_a_flow_misbehaves_until_told_otherwise(inbox: Client) -> None:
    """Without a number of times, it goes on; an empty behaviour ends it."""
    await inbox.post("/behave/a", json={"status": 410})
    assert [(await inbox.post("/flows/a", json=EVENT)).status for _ in range(3)] == [410] * 3
    await inbox.post("/behave/a", json={})
    assert (await inbox.post("/flows/a", json=EVENT)).status == 202


@pytest.mark.parametrize("behaviour", ['{"status": 99}', '{"times": -1}', '{"state": 500}', "[", '{"status": "500"}'])
async def test_a_wrong_behaviour_is_refused(inbox: Client, behaviour: str) -> None:
    """A typing mistake must not look like a flow that behaves."""
    assert (await inbox.post("/behave/a", data=behaviour)).status == 400


async def test_any_body_is_kept(inbox: Client) -> None:
    """What is not JSON is kept as text, so that a test sees it."""
    await inbox.post("/flows/a", data=b"\xff not JSON")
    (call,) = await (await inbox.get("/flows")).json()
    assert call["body"].endswith(" not JSON")


async def test_the_page_shows_what_came(inbox: Client) -> None:
    """Readable, and what came from outside is escaped."""
    await inbox.post("/flows/a", json=EVENT)
    page = await (await inbox.get("/")).text()
    assert "process.ended" in page
    assert "&lt;b&gt;Export&lt;/b&gt; skipped" in page


async def test_the_page_tells_when_and_how_it_was_answered(inbox: Client) -> None:
    """Dates have a zone, the event's own time is there, and a refusal has a colour."""
    await inbox.post("/behave/a", json={"status": 503})
    await inbox.post("/flows/a", json={**EVENT, "time": "2026-03-02T02:10:00Z"})
    page = await (await inbox.get("/")).text()
    assert "2026-03-02 02:10:00 UTC" in page
    assert 'class="a5">503' in page
    assert "1 call<" in page


async def test_an_empty_page_says_how_to_call(inbox: Client) -> None:
    """With the address that it is at."""
    page = await (await inbox.get("/")).text()
    assert f"curl http://{inbox.host}:{inbox.port}/flows/Mine" in page


async def test_any_name_is_a_flow(inbox: Client) -> None:
    """Signs that mean something in an address too, once they are quoted."""
    await inbox.post(URL("/behave/A%2FB%3F%20100%25", encoded=True), json={"status": 500, "times": 1})
    address = URL("/flows/A%2FB%3F%20100%25", encoded=True)
    assert [(await inbox.post(address, json=EVENT)).status for _ in range(2)] == [500, 202]
    calls = await (await inbox.get("/flows")).json()
    assert {call["flow"] for call in calls} == {"A/B? 100%"}


async def test_an_answer_may_have_a_body(inbox: Client) -> None:
    """Power Automate says in it that a flow is turned off."""
    off = {"error": {"code": "WorkflowTriggerIsNotEnabled"}}
    await inbox.post("/behave/a", json={"status": 400, "body": off})
    answer = await inbox.post("/flows/a", json=EVENT)
    assert (answer.status, await answer.json()) == (400, off)


def test_it_runs_alone(tmp_path: Path) -> None:
    """`python -m local.inbox` serves; a second one at its port says which port is in use."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "local.inbox", "--port", str(port)]
    with running("flow inbox", command, tmp_path / "inbox.log") as child:
        child.wait_until_listening(port)
        assert get_list(f"http://127.0.0.1:{port}/flows") == []
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert f"Port {port}" in second.stdout + second.stderr
    assert (second.stdout + second.stderr).count("\n") == 1
