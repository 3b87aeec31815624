"""Does a call stay where it was sent, and end when it should, whatever the receiver does?"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from shared.adapters import callback_sender
from shared.adapters.callback_sender import MAX_ANSWER_BYTES, CallbackSender
from shared.domain.deliveries import Answer, FlowCall
from shared.errors import DeliveryFailed
from tests.adapters.flow_hosts import CLASSIC, NEW, FlowHosts, flow_hosts, trap
from tests.adapters.loopback import Loopback
from tests.contracts import samples

EVENT = samples.event("e-1")
PATH = "/workflows/w-1?sig=s3cr3t"
CALL = FlowCall(f"https://{CLASSIC}{PATH}", (EVENT,))
REDIRECTS = (301, 302, 303, 307, 308)
HUNDRED_MEGABYTES = 100 * 1024 * 1024
CODE = b'{"error":{"code":"TooMuch"}}'


@pytest.fixture
async def hosts() -> AsyncIterator[FlowHosts]:
    async with flow_hosts() as made:
        yield made


@pytest.fixture
async def sender() -> AsyncIterator[CallbackSender]:
    made = CallbackSender(allowed_suffixes=[], allow_loopback=True)
    yield made
    await made.close()


@dataclass(slots=True)
class Pouring:
    """A receiver that answers one piece after another, and notes how much it got rid of before it was left."""

    first: bytes
    piece: bytes
    pieces: int
    pause: float = 0
    poured: int = 0
    finished: bool = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=400)
        await response.prepare(request)
        start, rest = self.first[:1000], self.first[1000:]
        await response.write(start)
        await asyncio.sleep(0.02)  # the reader has the start and asks for more
        await response.write(rest + self.piece)
        for _ in range(self.pieces):
            await response.write(self.piece)
            self.poured += len(self.piece)
            await asyncio.sleep(self.pause)
        self.finished = True
        return response


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("kind", ["loopback", "allowed", "same", "downgraded", "relative", "none"])
async def test_a_redirect_is_told_and_never_followed(hosts: FlowHosts, status: int, kind: str) -> None:
    places = {
        "loopback": f"http://127.0.0.1:{hosts.trap.port}/x",
        "allowed": f"https://{NEW}/x?sig=other",
        "same": CALL.callback_url,
        "downgraded": f"http://{CLASSIC}/x",
        "relative": "/elsewhere",
    }
    hosts.flow.answers.clear()
    hosts.flow.answer(status, b"", **({"Location": places[kind]} if kind in places else {}))
    assert await hosts.sender.call(CALL) == Answer(status)
    assert [asked.raw_path for asked in hosts.flow.asked] == [PATH]
    assert (hosts.names.asked, hosts.trap.connections) == ([CLASSIC], 0)


async def test_the_proxies_of_the_environment_are_not_used(
    hosts: FlowHosts, sender: CallbackSender, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve the name once more, and see the URL of a call without TLS."""
    loopback.answer(202)
    async with trap() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert (await hosts.sender.call(CALL)).status == 202
        assert (await sender.call(FlowCall(loopback.url + PATH, (EVENT,)))).status == 202
        assert proxy.connections == 0


@pytest.mark.parametrize("first", [b"", b'{"error":'], ids=["nothing", "something"])
async def test_a_receiver_that_answers_byte_by_byte_is_cut_off(
    sender: CallbackSender, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    """Every byte comes in time: only a deadline for the whole call ends it, and one that is not the client's."""
    receiver = Pouring(first, b" ", pieces=2000, pause=0.05)
    loopback.answer(202)
    loopback.answers.append(receiver)
    await sender.call(FlowCall(loopback.url + PATH, (EVENT,)))
    monkeypatch.setattr(callback_sender, "TIMEOUT_SECONDS", 0.4)
    with pytest.raises(DeliveryFailed) as caught:
        async with asyncio.timeout(20):
            await sender.call(FlowCall(loopback.url + PATH, (EVENT,)))
    assert caught.value.reason == "timeout"
    assert not receiver.finished


async def test_a_receiver_whose_headers_come_byte_by_byte_is_cut_off(
    sender: CallbackSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_sender, "TIMEOUT_SECONDS", 0.4)
    left = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for byte in b"HTTP/1.1 202 Accepted\r\nX-Padding: " + b"x" * 2000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            left.set()
        finally:
            writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DeliveryFailed) as caught:
            await sender.call(FlowCall(f"http://127.0.0.1:{port}{PATH}", (EVENT,)))
        await left.wait()
    assert caught.value.reason == "timeout"


async def test_a_receiver_that_never_greets_over_tls_is_cut_off(
    sender: CallbackSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_sender, "TIMEOUT_SECONDS", 0.4)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DeliveryFailed) as caught:
            await sender.call(FlowCall(f"https://127.0.0.1:{port}{PATH}", (EVENT,)))
    assert caught.value.reason == "timeout"


def padded(size: int) -> bytes:
    """An error body of this size."""
    return CODE[:-1] + b" " * (size - len(CODE)) + CODE[-1:]


@pytest.mark.parametrize(("size", "code"), [(MAX_ANSWER_BYTES, "TooMuch"), (MAX_ANSWER_BYTES + 1, "")])
async def test_of_an_answer_of_100_mb_not_a_byte_more_than_64_kib_is_read(
    sender: CallbackSender, loopback: Loopback, size: int, code: str
) -> None:
    """A body that ends there is read whole although 100 MB follow, one that ends a byte later is not."""
    receiver = Pouring(padded(size), b"x" * 65536, pieces=HUNDRED_MEGABYTES // 65536)
    loopback.answers.append(receiver)
    assert await sender.call(FlowCall(loopback.url + PATH, (EVENT,))) == Answer(400, code)
    await sender.close()
    assert not receiver.finished
    assert receiver.poured < HUNDRED_MEGABYTES // 2  # what buffers hold on the way is not ours to say


async def test_a_length_of_100_mb_that_is_only_claimed_is_not_waited_for(
    sender: CallbackSender, loopback: Loopback
) -> None:
    async def claiming(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=400, headers={"Content-Length": str(HUNDRED_MEGABYTES)})
        await response.prepare(request)
        await response.write(padded(MAX_ANSWER_BYTES))
        await asyncio.sleep(60)
        return response

    loopback.answers.append(claiming)
    async with asyncio.timeout(10):
        answer = await sender.call(FlowCall(loopback.url + PATH, (EVENT,)))
    await sender.close()
    assert answer == Answer(400, "TooMuch")
