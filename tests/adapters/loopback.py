"""A server on loopback that answers what a test says and remembers what it was asked."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    raw_path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Loopback:
    """Answers in the order of `answers`; the last one is given again and again."""

    answers: deque[Answering] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    @property
    def app(self) -> web.Application:
        """What serves them."""
        made = web.Application()
        made.router.add_route("*", r"/{path:[\s\S]*}", self._handle)
        return made

    def answer(self, status: int = 200, body: bytes = b"[]", **headers: str) -> None:
        """Have this answered next."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def handle(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=body, headers=named)

        self.answers.append(handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(request.method, request.raw_path, dict(request.headers), await request.read()))
        handle = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        return await handle(request)


@asynccontextmanager
async def serving() -> AsyncIterator[Loopback]:
    """A server that answers what it is told."""
    made = Loopback()
    async with TestServer(made.app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


async def drop(request: web.Request) -> web.StreamResponse:
    """Answer nothing and end the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
