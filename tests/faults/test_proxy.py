"""Does the proxy pass on what it is given, and does each of its faults befall what it says, for as long as it lasts?"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.children import free_ports
from local.faults.kinds import Direction, Fault, Kind
from local.faults.proxy import HOST, FaultProxy

FOREVER = 3600.0
BODY = bytes(range(256)) * 4
BOTH = pytest.mark.parametrize("direction", list(Direction), ids=lambda one: one.name.lower())


@dataclass(slots=True)
class Partner:
    """A server that answers each line with BODY, and ends the connection after a line that asks for it."""

    port: int = 0
    heard: bytes = b""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1000):
                self.heard += piece
                if b"\n" in piece:
                    writer.write(BODY)
                if b"bye" in piece:
                    break
        except OSError:
            pass
        finally:
            self.ended.set()
            writer.close()


@dataclass(slots=True)
class Line:
    """A partner behind a proxy, and connections to it."""

    partner: Partner
    proxy: FaultProxy
    _stack: AsyncExitStack

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(HOST, self.proxy.port)
        self._stack.callback(lambda: writer.transport.abort())  # holds the writer, which ends when nobody does
        return reader, writer

    async def ask(self, text: bytes = b"hello\n") -> asyncio.StreamReader:
        """Say a line on a new connection."""
        reader, writer = await self.dial()
        writer.write(text)
        return reader


@asynccontextmanager
async def a_line(seed: int = 0) -> AsyncIterator[Line]:
    partner = Partner()
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        server = await stack.enter_async_context(await asyncio.start_server(partner.serve, HOST, 0))
        partner.port = server.sockets[0].getsockname()[1]
        proxy = await stack.enter_async_context(FaultProxy(partner.port, seed=seed))
        yield Line(partner, proxy, stack)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with a_line() as made:
        yield made


async def until(holds: Callable[[], object]) -> None:
    """Wait for what happens elsewhere in this process."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - the proxy sets no Event
            await asyncio.sleep(0.005)


async def nothing_comes(reader: asyncio.StreamReader) -> None:
    """So far: neither a byte nor an end."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reader.read(1)


async def test_without_a_fault_everything_passes_both_ways(line: Line) -> None:
    reader, writer = await line.dial()
    sent = b"x" * 300_000
    writer.write(sent + b"bye\n")
    assert await reader.read() == BODY
    assert line.partner.heard == sent + b"bye\n"
    await until(lambda: line.proxy.open == 0)
    assert (line.proxy.accepted, line.proxy.befell) == (1, {})


async def test_one_way_may_end_while_the_other_goes_on(line: Line) -> None:
    """A client that is done with asking still gets its answer."""
    reader, writer = await line.dial()
    writer.write(b"hello\n")
    writer.write_eof()
    assert await reader.read() == BODY


async def test_a_partner_that_is_down_refuses_and_is_back_at_the_same_port(line: Line) -> None:
    before = await line.ask()
    await before.readexactly(len(BODY))
    await line.proxy.begin(Fault(Kind.DOWN))
    assert await before.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await line.dial()
    await line.proxy.end()
    assert await (await line.ask()).readexactly(len(BODY)) == BODY


async def test_a_partner_that_is_going_down_takes_connections_and_ends_them(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.DOWN, accepts=True))
    reader, _ = await line.dial()
    assert await reader.read() == b""
    assert line.proxy.befell == {Kind.DOWN: 1}


async def test_a_partner_that_dies_in_the_middle_is_down_afterwards(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.DOWN, after_bytes=10))
    assert await (await line.ask()).read() == BODY[:10]
    with pytest.raises(ConnectionRefusedError):
        await line.dial()


async def test_a_connection_is_reset_at_its_start(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.RESET))
    with pytest.raises(ConnectionResetError):
        await (await line.ask()).read()
    assert (line.partner.heard, line.proxy.befell) == (b"", {Kind.RESET: 1})


@BOTH
async def test_a_connection_is_reset_in_the_middle(line: Line, direction: Direction) -> None:
    await line.proxy.begin(Fault(Kind.RESET, direction, after_bytes=3))
    with pytest.raises(ConnectionResetError):
        await (await line.ask()).readexactly(len(BODY))
    await until(lambda: line.proxy.open == 0)
    assert line.proxy.befell == {Kind.RESET: 1}


@pytest.mark.parametrize(("after", "limit"), [(0, 0), (0, 1), (0, 700), (5, 0), (5, 95)])
async def test_a_limit_ends_the_connection_in_order_after_just_so_many_bytes(
    line: Line, after: int, limit: int
) -> None:
    await line.proxy.begin(Fault(Kind.LIMIT, after_bytes=after, limit_bytes=limit))
    assert await (await line.ask()).read() == BODY[: after + limit]
    assert line.partner.heard == b"hello\n"


async def test_a_limit_on_what_is_asked_lets_just_so_much_reach_the_partner(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.LIMIT, Direction.TO_SERVER, limit_bytes=4))
    assert await (await line.ask()).read() == b""
    await line.partner.ended.wait()
    assert line.partner.heard == b"hell"


@pytest.mark.parametrize(
    ("direction", "heard"), [(Direction.TO_SERVER, b"he"), (Direction.TO_CLIENT, b"hello\n")], ids=["asked", "answered"]
)
async def test_what_is_swallowed_never_comes_and_the_connection_does_not_outlive_the_fault(
    line: Line, direction: Direction, heard: bytes
) -> None:
    await line.proxy.begin(Fault(Kind.TIMEOUT, direction, after_bytes=2))
    reader = await line.ask()
    await until(lambda: line.proxy.befell[Kind.TIMEOUT])
    if direction is Direction.TO_CLIENT:
        assert await reader.readexactly(2) == BODY[:2]
    await nothing_comes(reader)
    assert line.partner.heard == heard
    await line.proxy.end()
    assert await reader.read() == b""
    assert await (await line.ask()).readexactly(len(BODY)) == BODY


@BOTH
@pytest.mark.parametrize("kind", [Kind.LATENCY, Kind.SLICER], ids=str)
async def test_what_is_held_up_comes_when_the_fault_ends(line: Line, kind: Kind, direction: Direction) -> None:
    await line.proxy.begin(Fault(kind, direction, seconds=FOREVER))
    reader = await line.ask()
    await until(lambda: line.proxy.befell[kind])
    await nothing_comes(reader)
    await line.proxy.end()
    assert await reader.readexactly(len(BODY)) == BODY


async def test_the_slicer_hands_over_one_piece_after_the_other(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.SLICER, piece_bytes=100, seconds=0.02))
    reader, pieces = await line.ask(b"bye\n"), []
    while piece := await reader.read(10_000):
        pieces.append(piece)
    assert b"".join(pieces) == BODY
    assert len(pieces) > 1
    assert all(len(piece) % 100 == 0 for piece in pieces[:-1])


async def test_a_narrow_line_takes_its_time(line: Line) -> None:
    """Longer than the line needs it may take, shorter never."""
    loop = asyncio.get_running_loop()
    await line.proxy.begin(Fault(Kind.BANDWIDTH, bytes_per_second=4 * len(BODY)))
    began = loop.time()
    assert await (await line.ask()).readexactly(len(BODY)) == BODY
    assert loop.time() - began > 0.2


async def test_a_slow_close_brings_everything_but_the_end(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.SLOW_CLOSE, seconds=FOREVER))
    reader = await line.ask(b"bye\n")
    assert await reader.readexactly(len(BODY)) == BODY
    await until(lambda: line.proxy.befell[Kind.SLOW_CLOSE])
    await nothing_comes(reader)
    await line.proxy.end()
    assert await reader.read() == b""


async def test_a_slow_close_in_the_middle_falls_silent_first(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.SLOW_CLOSE, seconds=0.1, limit_bytes=7))
    reader = await line.ask()
    assert await reader.readexactly(7) == BODY[:7]
    assert await reader.read() == b""


async def test_a_fault_begins_and_ends_on_an_open_connection_and_counts_from_there(line: Line) -> None:
    reader, writer = await line.dial()
    for _ in range(2):
        writer.write(b"hello\n")
        assert await reader.readexactly(len(BODY)) == BODY
    await line.proxy.begin(Fault(Kind.LIMIT, after_bytes=9, limit_bytes=0))
    writer.write(b"hello\n")
    assert await reader.read() == BODY[:9]
    assert line.proxy.befell == {Kind.LIMIT: 1}


async def test_the_other_direction_is_left_alone(line: Line) -> None:
    await line.proxy.begin(Fault(Kind.LATENCY, Direction.TO_SERVER, after_bytes=6, seconds=FOREVER))
    assert await (await line.ask()).readexactly(len(BODY)) == BODY
    assert not line.proxy.befell


async def test_jitter_is_the_same_for_the_same_seed() -> None:
    fault = Fault(Kind.LATENCY, seconds=1, jitter_seconds=2)
    delays = [[FaultProxy(1, seed=seed)._delay(fault) for seed in (7, 7, 8)] for _ in range(2)]
    assert delays[0] == delays[1]
    assert delays[0][0] == delays[0][1] != delays[0][2]
    assert all(1 <= one <= 3 for one in delays[0])


@pytest.mark.parametrize("kind", list(Kind), ids=str)
async def test_it_closes_whatever_goes_on(kind: Kind) -> None:
    """Nobody reads, nobody ends, and a fault lasts: all of it is over when the proxy is closed."""
    async with a_line() as line:
        held = [await line.dial() for _ in range(5)]
        await line.proxy.begin(Fault(kind, seconds=FOREVER, bytes_per_second=1, after_bytes=1, limit_bytes=0))
        for _, writer in held:
            writer.write(b"hello\n" * 100_000)
        await asyncio.sleep(0.05)
        await line.proxy.close()
        assert line.proxy.open == 0


async def test_a_server_that_is_not_there_ends_the_connection() -> None:
    async with asyncio.timeout(30), FaultProxy(free_ports(1)[0]) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    "fault", [{"kind": Kind.BANDWIDTH}, {"kind": Kind.SLICER, "piece_bytes": 0}], ids=("line", "slicer")
)
def test_a_fault_that_would_pass_on_nothing_for_ever_is_none(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least a byte"):
        Fault(**fault)


async def test_a_bug_of_the_proxy_looks_like_no_fault(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection ends, and whoever leaves the proxy hears why."""
    monkeypatch.setattr(FaultProxy, "_delay", lambda *_: 1 / 0)
    await line.proxy.begin(Fault(Kind.LATENCY))
    assert await (await line.ask()).read() == b""
    with pytest.raises(ExceptionGroup) as caught:
        await line.proxy.close()
    assert caught.group_contains(ZeroDivisionError)
