"""Every answer is read to its end before anybody tries again: no connection is lost, and none that broke is the end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from shared.adapters import insights_http
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.errors import InsightsAnswerInvalid, InsightsTimeout, InsightsUnavailable
from tests.adapters.loopback import Loopback, serving

LARGE = b"x" * 600_000


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loopback]:
    monkeypatch.setattr(insights_http._Retry, "get_backoff_time", lambda *_: 0)
    async with serving() as made:
        yield made


@pytest.fixture
async def http(api: Loopback) -> AsyncIterator[InsightsHttp]:
    made = InsightsHttp(api.url)
    yield made
    await made.close()


async def ask(http: InsightsHttp, *, once: bool = False, seconds: float = 20.0, most: int = 10**6) -> Reply:
    request = http.request("GET", "/jobs", {}, {})
    return await http.send(request, once=once, deadline_seconds=seconds, max_bytes=most)


def taken(http: InsightsHttp) -> int:
    """How many connections somebody still has."""
    transport = http._pipeline._transport
    return len(transport.session.connector._acquired)  # type: ignore[attr-defined]


async def cut(request: web.Request) -> web.StreamResponse:
    """Half an answer, and the connection is gone."""
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"[" * 500)
    assert request.transport is not None
    request.transport.close()
    return answer


async def hang(request: web.Request) -> web.StreamResponse:
    """An answer that begins and never ends."""
    answer = web.StreamResponse(status=503, headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await asyncio.sleep(30)
    return answer


async def test_answers_that_are_tried_again_leave_no_connection_taken(api: Loopback, http: InsightsHttp) -> None:
    for _ in range(5):
        api.answers.clear()
        api.answer(503, LARGE)
        api.answer(503, LARGE)
        api.answer(200, b"[]")
        assert (await ask(http)).content == b"[]"
    assert (taken(http), len(api.asked)) == (0, 15)


async def test_an_answer_that_is_cut_is_asked_for_again(api: Loopback, http: InsightsHttp) -> None:
    api.answers.append(cut)
    api.answer(200, b"[1]")
    assert (await ask(http)).content == b"[1]"
    assert (taken(http), len(api.asked)) == (0, 2)


async def test_a_write_that_is_cut_is_not(api: Loopback, http: InsightsHttp) -> None:
    api.answers.append(cut)
    with pytest.raises(InsightsUnavailable):
        await ask(http, once=True)
    assert (taken(http), len(api.asked)) == (0, 1)


async def test_an_answer_that_hangs_gives_its_connection_back(api: Loopback, http: InsightsHttp) -> None:
    api.answers.append(hang)
    with pytest.raises(InsightsTimeout):
        await ask(http, seconds=0.3)
    assert taken(http) == 0


async def test_an_answer_that_is_too_large_gives_its_connection_back(api: Loopback, http: InsightsHttp) -> None:
    api.answer(200, LARGE)
    with pytest.raises(InsightsAnswerInvalid, match="too large"):
        await ask(http, most=1000)
    assert (taken(http), len(api.asked)) == (0, 1)
