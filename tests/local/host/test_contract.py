"""Do the direct call and Microsoft's runtime give the same results? Each promise here holds for both."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage

from local.host.app import InvokeBy, open_invoker
from local.host.declarations import HttpFunction, resolve
from local.host.invoke import Invocation, Invoker, Outcome
from local.host.messages import body_of, metadata_of
from local.host.runner import Runner
from local.host.runtime import runtime_is_installed
from local.host.web import HttpFront
from tests.local.host.support import TINY, TINY_SETTINGS

NAMES = {"tick", "work", "work_json", "echo", "plain", "broken", "nothing", "whoami"}
SETTINGS = {**TINY_SETTINGS, "AzureWebJobsStorage": "UseDevelopmentStorage=true"}


@pytest.fixture(scope="module", params=["direct", "runtime"])
def invoker(request: pytest.FixtureRequest) -> Iterator[Invoker]:
    way: InvokeBy = request.param
    if way == "runtime" and not runtime_is_installed():
        pytest.skip("azure-functions-runtime needs Python 3.13; test_newer_python.py runs this file there")
    sys.modules.pop("tiny_app", None)  # an app gives its functions once
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_SCRIPT_FILE_NAME", "tiny_app.py")
        patch.syspath_prepend(str(TINY))
        opened = asyncio.run(open_invoker(TINY, TINY_SETTINGS, way))
        yield opened
        opened.close()


@pytest_asyncio.fixture
async def http(invoker: Invoker) -> AsyncIterator[TestClient[Any, Any]]:
    found = [resolve(declared, SETTINGS, "api") for declared in invoker.functions]
    functions = [function for function in found if isinstance(function, HttpFunction)]
    async with TestClient(TestServer(HttpFront(functions, Runner(invoker, None)).application())) as client:
        yield client


def message(text: str) -> QueueMessage:
    made = QueueMessage(text, id="m-1", dequeue_count=3, pop_receipt="r")
    made.inserted_on = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    made.expires_on = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    made.next_visible_on = datetime(2026, 1, 2, 3, 14, 5, tzinfo=UTC)
    return made


async def deliver(invoker: Invoker, function: str, text: str) -> Outcome:
    arrived = message(text)
    body = body_of(arrived, is_base64=False, binary=False)
    assert body is not None
    return await invoker.invoke(Invocation("i-1", function, body, metadata_of(arrived, body)))


def seen(caplog: pytest.LogCaptureFixture) -> Any:
    return json.loads(next(text for text in caplog.messages if text.startswith("seen "))[5:])


async def test_every_function_is_declared_with_its_trigger(invoker: Invoker) -> None:
    assert {found.name for found in invoker.functions} == NAMES
    triggers = {found.name: found.trigger.type for found in invoker.functions}
    assert (triggers["tick"], triggers["work"], triggers["echo"]) == ("timerTrigger", "queueTrigger", "httpTrigger")


async def test_a_timer_gets_its_status_and_whether_it_is_late(
    invoker: Invoker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    status = {"Last": "2026-01-01T00:00:00Z", "Next": "2026-01-01T01:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z"}
    value = Datum(json.dumps({"IsPastDue": True, "ScheduleStatus": status, "Schedule": {}}), "json")
    assert await invoker.invoke(Invocation("i-1", "tick", value)) == Outcome()
    assert seen(caplog) == {"past_due": True, "status": status}


async def test_a_queue_message_comes_with_text_id_and_count(invoker: Invoker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert (await deliver(invoker, "work", "grüß dich")).ok
    assert seen(caplog) == {"text": "grüß dich", "count": 3, "id": "m-1"}


async def test_a_sync_function_gets_json_and_times(invoker: Invoker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert (await deliver(invoker, "work_json", '{"a": [1, null]}')).ok
    assert seen(caplog) == {"json": {"a": [1, None]}, "inserted": "2026-01-02 03:04:05+00:00"}


async def test_a_failing_function_is_a_failed_outcome_with_the_error_and_its_place(invoker: Invoker) -> None:
    outcome = await deliver(invoker, "work", "fail")
    assert not outcome.ok
    assert outcome.error == "ValueError('told to fail')"
    assert "tiny_app.py" in outcome.traceback


async def test_a_message_that_the_function_cannot_read_is_a_failed_outcome(invoker: Invoker) -> None:
    assert "JSON" in str((await deliver(invoker, "work_json", "{")).error)


async def test_a_request_arrives_whole_and_the_answer_goes_back_whole(http: TestClient[Any, Any]) -> None:
    answer = await http.post("/api/Echo/J%C3%BCrg/7?a=1&a=2&b=", data="body é", headers={"x-colour": "red"})
    assert answer.status == 201
    assert answer.headers["X-Answer"] == "yes"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.cookies["a"].value == "1"
    assert await answer.json() == {
        "method": "POST",
        "url": str(http.make_url("/api/Echo/J%C3%BCrg/7?a=1&a=2&b=")),
        "route": {"name": "Jürg", "number": "7"},
        "query": {"a": "1,2"},
        "header": "red",
        "body": "body é",
    }


async def test_a_sync_function_may_answer_with_text(http: TestClient[Any, Any]) -> None:
    answer = await http.get("/api/plain", params={"word": "é"})
    assert (answer.status, answer.content_type, await answer.text()) == (200, "text/plain", "plain é")


@pytest.mark.parametrize("path", ["/api/broken", "/api/nothing"])
async def test_an_exception_and_a_missing_answer_are_500_with_an_empty_body(
    http: TestClient[Any, Any], path: str
) -> None:
    answer = await http.get(path)
    assert (answer.status, await answer.read()) == (500, b"")


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/none"), ("GET", "/plain"), ("PUT", "/api/plain")])
async def test_an_unknown_route_or_method_is_404(http: TestClient[Any, Any], method: str, path: str) -> None:
    assert (await http.request(method, path)).status == 404


async def test_a_function_that_asks_for_its_context_gets_it(http: TestClient[Any, Any]) -> None:
    name, invocation_id = (await (await http.get("/api/context")).text()).split()
    assert name == "whoami"
    assert len(invocation_id) == 36
