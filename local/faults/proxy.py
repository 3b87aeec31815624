"""What if a partner is slow, silent or gone? A TCP proxy on loopback that lets faults befall what passes through it.

Faults (kinds.py) begin and end while connections are open.
"""

import asyncio
import random
import socket
import struct
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from local.children import free_ports
from local.faults.kinds import Direction, Fault, Kind

HOST = "127.0.0.1"
_PIECE = 64 * 1024
_SLICES_A_SECOND = 20
_FLUSH_SECONDS = 1
_CLOSE_SECONDS = 10


@dataclass(slots=True)
class _Pipe:
    """One direction of a connection; `passed` counts what a fault waits for."""

    direction: Direction
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    passed: int = 0
    befallen: bool = False


@dataclass(slots=True)
class _Connection:
    """A client, the server behind the proxy, and both ways between them. `spoilt`: bytes of it were swallowed."""

    writers: list[asyncio.StreamWriter]
    pipes: list[_Pipe] = field(default_factory=list)
    spoilt: bool = False

    async def finish(self) -> None:
        """End it in order: what is on its way arrives, unless nobody takes it."""
        for writer in self.writers:
            writer.close()
        for writer in self.writers:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_FLUSH_SECONDS):
                    await writer.wait_closed()

    def abort(self) -> None:
        """End it at once, both ways."""
        for writer in self.writers:
            writer.transport.abort()

    def reset(self) -> None:
        """End it so that the client is told that it broke."""
        sock: socket.socket | None = self.writers[0].get_extra_info("socket")
        if sock is not None:
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.abort()


class FaultProxy:
    """Passes everything on to a port of this machine, but for what a fault befalls.

    `befell` counts by kind whom a fault befell: connections that ended at the door, and ways of the others. One that
    is refused cannot be seen. `open` is how many connections there are.
    """

    def __init__(self, server_port: int, *, seed: int = 0) -> None:
        self.port = free_ports(1)[0]
        self.accepted = 0
        self.befell: Counter[Kind] = Counter()
        self._server_port = server_port
        self._random = random.Random(seed)  # noqa: S311 - the same in every run
        self._fault: Fault | None = None
        self._changed = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._faults: list[Exception] = []

    async def __aenter__(self) -> "FaultProxy":
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    async def begin(self, fault: Fault) -> None:
        """Have a fault from now on, instead of the one before. DOWN at the door ends connections that are there."""
        await self._turn_to(fault)
        if fault.kind is Kind.DOWN and fault.at_the_door:
            if not fault.accepts:
                self._stop_listening()
            await self.hang_up()

    async def end(self) -> None:
        """Pass everything on again. A connection that lost bytes on the way is ended: it cannot go on."""
        await self._turn_to(None)
        for one in self._connections.values():
            if one.spoilt:
                one.abort()

    async def hang_up(self) -> None:
        """End every connection in order, as a partner does that restarts."""
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=_CLOSE_SECONDS)

    async def close(self) -> None:
        """End everything, within a bound. Raises, once, what the proxy did wrong."""
        self._stop_listening()
        await self.hang_up()
        faults, self._faults = self._faults, []
        if faults:
            raise ExceptionGroup("The proxy broke.", faults)

    async def _turn_to(self, fault: Fault | None) -> None:
        self._fault = fault
        for one in self._connections.values():
            for pipe in one.pipes:
                pipe.passed, pipe.befallen = 0, False
        self._changed.set()
        self._changed = asyncio.Event()
        if self._listener is None:
            await self._listen()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, HOST, self.port)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        connection = self._connections[task] = _Connection([writer])
        try:
            with suppress(OSError, asyncio.CancelledError):  # ended from outside: that is no fault of the proxy's
                await self._connect(connection, reader, writer)
            with suppress(asyncio.CancelledError):
                await connection.finish()
        except Exception as fault:
            self._faults.append(fault)
        finally:
            connection.abort()
            del self._connections[task]

    async def _connect(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._fault is not None and self._fault.at_the_door:
            self.befell[self._fault.kind] += 1
            self._cut(connection, self._fault)
            return
        server_reader, server_writer = await asyncio.open_connection(HOST, self._server_port)
        connection.writers.append(server_writer)
        connection.pipes += [
            _Pipe(Direction.TO_SERVER, reader, server_writer),
            _Pipe(Direction.TO_CLIENT, server_reader, writer),
        ]
        try:
            async with asyncio.TaskGroup() as both:
                for pipe in connection.pipes:
                    both.create_task(self._pass_on(connection, pipe))
        except* OSError:
            pass  # one way broke, which ends the other

    async def _pass_on(self, connection: _Connection, pipe: _Pipe) -> None:
        while data := await pipe.reader.read(_PIECE):
            while data:
                data = await self._pass_some(connection, pipe, data)
        fault = self._fault
        if fault is not None and fault.kind is Kind.SLOW_CLOSE and fault.direction is pipe.direction:
            self._befall(pipe, fault)
            await self._hold(self._delay(fault))
        if pipe.direction is Direction.TO_SERVER:
            pipe.writer.write_eof()  # a client may still wait for the answer
            return
        raise ConnectionAbortedError  # the server has ended it: the client sees an end in order

    async def _pass_some(self, connection: _Connection, pipe: _Pipe, data: bytes) -> bytes:
        """Pass on the beginning as the fault of the moment has it; what is left is asked for again."""
        fault = self._fault
        if fault is None or fault.direction is not pipe.direction:
            return await self._write(pipe, data, len(data))
        if pipe.passed < fault.after_bytes:
            return await self._write(pipe, data, fault.after_bytes - pipe.passed)
        self._befall(pipe, fault)
        if fault.ends_after is not None:
            left = fault.after_bytes + fault.ends_after - pipe.passed
            if left > 0:
                return await self._write(pipe, data, left)
            if fault.kind is Kind.SLOW_CLOSE:
                connection.spoilt = True
                await self._hold(self._delay(fault))
            self._cut(connection, fault)
            raise ConnectionAbortedError
        return await self._slow(connection, pipe, fault, data)

    async def _slow(self, connection: _Connection, pipe: _Pipe, fault: Fault, data: bytes) -> bytes:
        match fault.kind:
            case Kind.TIMEOUT:
                connection.spoilt = True
                return b""
            case Kind.LATENCY | Kind.SLICER:
                await self._hold(self._delay(fault))
                return await self._write(pipe, data, fault.piece_bytes if fault.kind is Kind.SLICER else len(data))
            case Kind.BANDWIDTH:
                count = max(1, fault.bytes_per_second // _SLICES_A_SECOND)
                await self._hold(count / fault.bytes_per_second)
                return await self._write(pipe, data, count)
            case _:
                return await self._write(pipe, data, len(data))

    def _cut(self, connection: _Connection, fault: Fault) -> None:
        """A connection that is cut off ends in order, unless its fault is another end."""
        if fault.kind is Kind.RESET:
            connection.reset()
        if fault.kind is Kind.DOWN and not fault.accepts:
            self._stop_listening()

    def _befall(self, pipe: _Pipe, fault: Fault) -> None:
        if not pipe.befallen:
            pipe.befallen = True
            self.befell[fault.kind] += 1

    async def _write(self, pipe: _Pipe, data: bytes, count: int) -> bytes:
        pipe.passed += len(data[:count])
        pipe.writer.write(data[:count])
        await pipe.writer.drain()
        return data[count:]

    def _delay(self, fault: Fault) -> float:
        return fault.seconds + self._random.random() * fault.jitter_seconds

    async def _hold(self, seconds: float) -> None:
        """Wait, but not longer than the fault lasts."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
