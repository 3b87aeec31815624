"""Is a flow called as it has to be, is its answer understood, and does its URL stay a secret?"""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from local.children import free_ports
from shared.adapters import callback_sender
from shared.adapters.callback_sender import CALLS_AT_ONCE, MAX_ANSWER_BYTES, CallbackSender
from shared.adapters.messages import decode_event, encode_event
from shared.domain.deliveries import Answer, FlowCall
from shared.errors import CallbackRejected, DeliveryFailed, SignalsError
from tests.adapters.loopback import Loopback, drop
from tests.adapters.vendor import chain
from tests.contracts import samples

EVENT = samples.event("e-1", value=samples.THIRTY_DIGITS)
SECRET_PATH = (
    "/workflows/w-1/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sig=aB%2Bc-_d"
)


@pytest.fixture
async def sender() -> AsyncIterator[CallbackSender]:
    made = CallbackSender(allowed_suffixes=[".logic.azure.com"], allow_loopback=True)
    yield made
    await made.close()


def call_of(url: str) -> FlowCall:
    return FlowCall(url, (EVENT,))


async def answer_to(sender: CallbackSender, loopback: Loopback) -> Answer:
    return await sender.call(call_of(loopback.url + SECRET_PATH))


async def failure_of(sender: CallbackSender, url: str) -> SignalsError:
    """The failure, after a look at all that it could tell: neither the URL nor a part of it that opens the flow."""
    with pytest.raises(SignalsError) as caught:
        await sender.call(call_of(url))
    shown = "".join(traceback.format_exception(caught.value))
    hidden = "".join(str(one) + repr(one) + repr(vars(one)) for one in chain(caught.value))
    for secret in ("sig", "aB%2Bc-_d", "aB+c", "w-1", "/workflows"):
        assert secret not in hidden
        assert f"{secret}=" not in shown
    assert "aB%2Bc-_d" not in shown
    assert "\n" not in str(caught.value)
    return caught.value


async def test_the_event_is_posted_as_cloudevents_json(sender: CallbackSender, loopback: Loopback) -> None:
    loopback.answer(202, b"")
    await answer_to(sender, loopback)
    (asked,) = loopback.asked
    assert asked.method == "POST"
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
    assert asked.body == encode_event(EVENT)
    assert decode_event(asked.body) == EVENT
    assert json.loads(asked.body)["specversion"] == "1.0"


@pytest.mark.parametrize("path", [SECRET_PATH, "/a%2Fb/%C3%A6?x=%26%3D%23+%20&y='(*)'&&z", "/?sig=a%2bB", "?sig=a/b?c"])
async def test_the_url_is_called_as_it_was_given_to_the_letter(
    sender: CallbackSender, loopback: Loopback, path: str
) -> None:
    """Another spelling of the same URL might not pass the check of its signature."""
    loopback.answer(202, b"")
    await sender.call(call_of(loopback.url + path))
    assert loopback.asked[0].raw_path == (path if path.startswith("/") else f"/{path}")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_2xx_is_told_with_the_flows_run(sender: CallbackSender, loopback: Loopback, status: int) -> None:
    loopback.answer(status, b"", x_ms_workflow_run_id="08585287")
    assert await answer_to(sender, loopback) == Answer(status, run_id="08585287")


@pytest.mark.parametrize("status", [400, 404, 409, 500, 502])
async def test_an_error_is_told_with_its_code(sender: CallbackSender, loopback: Loopback, status: int) -> None:
    loopback.answer(status, b'{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"It is off."}}')
    assert await answer_to(sender, loopback) == Answer(status, "WorkflowTriggerIsNotEnabled")


async def test_a_code_that_comes_in_pieces_is_read(sender: CallbackSender, loopback: Loopback) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=400)
        await response.prepare(request)
        for piece in (b'{"error":{"co', b'de":"WorkflowTrigger', b'IsNotEnabled"}}'):
            await response.write(piece)
            await asyncio.sleep(0.02)
        await response.write_eof()
        return response

    loopback.answers.append(in_pieces)
    assert (await answer_to(sender, loopback)).code == "WorkflowTriggerIsNotEnabled"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b'{"error":"text"}', b'{"error":{"code":17}}', b"\xff\xfe", b'{"error":' + b"[" * 60_000],
)
async def test_an_error_without_a_code_is_told_without_one(
    sender: CallbackSender, loopback: Loopback, body: bytes
) -> None:
    loopback.answer(400, body)
    assert await answer_to(sender, loopback) == Answer(400)


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("Fri, 31 Dec 1999 23:59:59 GMT", 0), ("soon", None)])
async def test_retry_after_is_told(
    sender: CallbackSender, loopback: Loopback, text: str, seconds: float | None
) -> None:
    loopback.answer(429, b"", Retry_After=text)
    assert await answer_to(sender, loopback) == Answer(429, retry_after_seconds=seconds)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(sender: CallbackSender, loopback: Loopback, status: int) -> None:
    loopback.answer(status, b"", Location=f"{loopback.url}/elsewhere")
    assert (await answer_to(sender, loopback)).status == status
    assert [asked.raw_path for asked in loopback.asked] == [SECRET_PATH]


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=int(request.query.get("status", "500")))
    await response.prepare(request)
    for _ in range(4000):
        await response.write(b"x" * 65536)
    return response


async def test_of_a_huge_error_only_the_start_is_read(sender: CallbackSender, loopback: Loopback) -> None:
    loopback.answers.append(endless)
    assert await answer_to(sender, loopback) == Answer(500)


async def test_a_code_within_what_is_read_counts(sender: CallbackSender, loopback: Loopback) -> None:
    padding = b" " * (MAX_ANSWER_BYTES - 500)
    loopback.answer(400, b'{"error":{"code":"' + b"C" * 100 + b'"}' + padding + b"}")
    assert (await answer_to(sender, loopback)).code == "C" * 100


@pytest.mark.parametrize("code", [b"C" * 101, b"https://flow.example/run?sig=SECRET", b"two words", b""])
async def test_a_text_that_is_no_code_is_not_kept(sender: CallbackSender, loopback: Loopback, code: bytes) -> None:
    """A dead delivery shows its reason: a flow must not be able to put a secret there."""
    loopback.answer(400, b'{"error":{"code":"' + code + b'"}}')
    assert (await answer_to(sender, loopback)).code == ""


@pytest.mark.parametrize("text", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"])
async def test_an_impossible_retry_after_is_none(sender: CallbackSender, loopback: Loopback, text: str) -> None:
    loopback.answer(202, Retry_After=text)
    assert await answer_to(sender, loopback) == Answer(202)


async def test_waiting_for_a_turn_is_not_the_flows_time(
    sender: CallbackSender, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many slow flows at once: each gets its whole time, and none is called twice for having waited."""
    monkeypatch.setattr("shared.adapters.callback_sender.TIMEOUT_SECONDS", 5)

    async def slowly(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.7)
        return web.Response(status=202)

    loopback.answers.append(slowly)
    answers = await asyncio.gather(*(answer_to(sender, loopback) for _ in range(8 * CALLS_AT_ONCE)))
    assert {answer.status for answer in answers} == {202}


async def test_a_flow_that_took_the_event_is_not_waited_for_to_end_its_answer(
    sender: CallbackSender, loopback: Loopback
) -> None:
    """Otherwise a time-out would deliver it twice."""
    over = asyncio.Event()

    async def never_ending(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=202)
        await response.prepare(request)
        await over.wait()
        return response

    loopback.answers.append(never_ending)
    async with asyncio.timeout(10):
        assert (await answer_to(sender, loopback)).status == 202
    over.set()


async def test_one_connection_serves_many_calls_and_remembers_no_cookie(
    sender: CallbackSender, loopback: Loopback
) -> None:
    transports = set()

    async def with_cookie(request: web.Request) -> web.StreamResponse:
        transports.add(id(request.transport))
        return web.Response(status=202, headers={"Set-Cookie": "who=me; Path=/"})

    loopback.answers.append(with_cookie)
    for _ in range(3):
        await sender.call(call_of(loopback.url.replace("127.0.0.1", "localhost") + SECRET_PATH))
    assert ["Cookie" in asked.headers for asked in loopback.asked] == [False] * 3
    assert len(transports) == 1


async def test_a_connection_that_the_flow_drops_is_a_failed_delivery(
    sender: CallbackSender, loopback: Loopback
) -> None:
    loopback.answers.append(drop)
    failure = await failure_of(sender, loopback.url + SECRET_PATH)
    assert (type(failure), failure.reason) == (DeliveryFailed, "connection")


async def test_a_port_where_nobody_listens_is_a_failed_delivery(sender: CallbackSender) -> None:
    (port,) = free_ports(1)
    failure = await failure_of(sender, f"http://127.0.0.1:{port}{SECRET_PATH}")
    assert (type(failure), failure.reason) == (DeliveryFailed, "connection")


async def test_a_host_that_does_not_speak_tls_is_a_failed_delivery(sender: CallbackSender, loopback: Loopback) -> None:
    loopback.answer(202)
    failure = await failure_of(sender, loopback.url.replace("http://", "https://") + SECRET_PATH)
    assert (type(failure), failure.reason) == (DeliveryFailed, "tls")


@pytest.mark.parametrize(
    "answer", [b"no http at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nx\x00y: 1\r\n\r\n"]
)
async def test_an_answer_that_is_not_http_is_a_failed_delivery(sender: CallbackSender, answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        failure = await failure_of(sender, f"http://127.0.0.1:{port}{SECRET_PATH}")
    assert (type(failure), failure.reason) == (DeliveryFailed, "protocol")


async def test_a_flow_that_does_not_answer_is_given_up(
    sender: CallbackSender, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    monkeypatch.setattr(callback_sender, "TIMEOUT_SECONDS", 0.2)
    loopback.answers.append(silent)
    failure = await failure_of(sender, loopback.url + SECRET_PATH)
    over.set()
    assert (type(failure), failure.reason) == (DeliveryFailed, "timeout")


@pytest.mark.parametrize(
    "url",
    [
        f"https://example.com{SECRET_PATH}",
        f"http://prod-01.westeurope.logic.azure.com{SECRET_PATH}",
        f"https://prod-01.westeurope.logic.azure.com:8443{SECRET_PATH}",
        f"https://sig:aB%2Bc-_d@prod-01.westeurope.logic.azure.com{SECRET_PATH}",
        f"https://[w-1{SECRET_PATH}",
        f"https://prod-01.westeurope.logic.azure.com:w-1{SECRET_PATH}",
    ],
)
async def test_a_url_that_may_not_be_called_is_rejected_once_more_at_the_last_moment(
    sender: CallbackSender, url: str
) -> None:
    """It may have been stored under other settings."""
    assert isinstance(await failure_of(sender, url), CallbackRejected)


async def test_loopback_is_not_called_unless_the_settings_say_so(loopback: Loopback) -> None:
    sender = CallbackSender(allowed_suffixes=[".logic.azure.com"])
    assert isinstance(await failure_of(sender, loopback.url + SECRET_PATH), CallbackRejected)
    assert loopback.asked == []
    await sender.close()


async def test_it_can_be_closed_twice_and_used_again(sender: CallbackSender, loopback: Loopback) -> None:
    loopback.answer(202)
    for _ in range(2):
        await sender.close()
        await sender.close()
        assert (await answer_to(sender, loopback)).status == 202
