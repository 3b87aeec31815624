"""Where do all the calls go? A flow inbox that costs next to nothing, as a process of its own: `python -m bench.sink`.

It answers 202 to every POST, after a delay if one was set, and keeps when each delivery came first. It is asked with
GET: /counts tells what came, /told the same and begins anew, /told/each with the time of every delivery besides, and
/delay/{milliseconds} sets the delay.
"""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_END_OF_HEAD = b"\r\n\r\n"
_ID, _LENGTH = b"\r\nwebhook-id:", b"\r\ncontent-length:"


@dataclass(slots=True)
class Told:
    """What came: how many calls, when each delivery (path and webhook-id) came first, how many waited at once."""

    calls: int = 0
    came_at: dict[bytes, float] = field(default_factory=dict)
    first_at: float = 0.0
    last_at: float = 0.0
    waiting: int = 0
    most_at_once: int = 0

    def note(self, delivery: bytes, now: float) -> None:
        """Keep one call, which waits for its answer now."""
        self.calls += 1
        self.waiting += 1
        self.most_at_once = max(self.most_at_once, self.waiting)
        if delivery not in self.came_at:
            self.came_at[delivery] = self.last_at = now
            self.first_at = self.first_at or now

    def as_json(self, *, each: bool) -> bytes:
        """What came; `each`: with the time of every delivery."""
        told: dict[str, Any] = {
            "calls": self.calls,
            "distinct": len(self.came_at),
            "first_at": self.first_at,
            "last_at": self.last_at,
            "most_at_once": self.most_at_once,
        }
        if each:
            told["came_at"] = {delivery.decode("latin-1"): at for delivery, at in self.came_at.items()}
        return json.dumps(told).encode()

    def forget(self) -> None:
        """Begin anew; what waits still waits."""
        self.calls, self.most_at_once, self.first_at, self.last_at = 0, self.waiting, 0.0, 0.0
        self.came_at.clear()


@dataclass(slots=True)
class Inbox:
    """What all connections share."""

    told: Told = field(default_factory=Told)
    delay_seconds: float = 0.0

    def asked(self, path: str) -> bytes:
        """The answer to a GET."""
        if path.startswith("/delay/"):
            self.delay_seconds = float(path.rpartition("/")[2]) / 1000
            return b"{}"
        answer = self.told.as_json(each=path == "/told/each")
        if path.startswith("/told"):
            self.told.forget()
        return answer


class Connection(asyncio.Protocol):
    """One connection that is kept alive."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(_END_OF_HEAD)) >= 0:
            head = self._buffer[:end]
            size = end + len(_END_OF_HEAD) + int(header(head, _LENGTH) or 0)
            if len(self._buffer) < size:
                return
            self._buffer = self._buffer[size:]
            self._handle(head)

    def _handle(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method != b"POST":
            body = self._inbox.asked(path.decode())
            self._write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        self._inbox.told.note(b"%b %b" % (path, header(head, _ID)), time.time())
        if self._inbox.delay_seconds:
            asyncio.get_running_loop().call_later(self._inbox.delay_seconds, self._accept)
        else:
            self._accept()

    def _accept(self) -> None:
        self._inbox.told.waiting -= 1
        self._write(_ACCEPTED)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def header(head: bytes, name: bytes) -> bytes:
    """A header by its name in small letters, between a line's end and a colon; nothing where it is missing."""
    at = head.lower().find(name)
    return head[at + len(name) :].split(b"\r\n", 1)[0].strip() if at >= 0 else b""


async def serve(port: int) -> None:
    """Take calls until the process is ended."""
    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(inbox), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="bench.sink")
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
