"""What is a fuzzing target: a parser of bytes from outside, the errors that it may raise, and what to begin with?"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

Found = TypeVar("Found")
ENVIRONMENT = "e0e0e0e0-0000-4000-8000-000000000001"
AUTHORITY = "https://login.example.com"


@dataclass(frozen=True, slots=True)
class Target:
    """Feeds bytes to the code that reads them. What is no refusal, and any promise that is broken, is a finding."""

    name: str
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], Sequence[bytes]]

    def take(self, body: bytes) -> None:
        """Read it, or refuse it."""
        try:
            self.read(body)
        except self.refusals:
            return


class BrokenPromiseError(Exception):
    """What was read is not what it is promised to be."""


def promise(holds: object, what: str) -> None:
    """Raise when it does not hold. No assert: fuzzing may run without them."""
    if not holds:
        raise BrokenPromiseError(what)


def run(work: Coroutine[Any, Any, Found]) -> Found:
    """What a coroutine comes to, on one loop for all."""
    return _loop().run_until_complete(work)


def close() -> None:
    """End the loop, if there was one."""
    if _loop.cache_info().currsize:
        _loop().close()
        _loop.cache_clear()


def text_of(body: bytes) -> str:
    """Any bytes as a text; what is no UTF-8 becomes lone surrogates, which no encoder takes."""
    return body.decode("utf-8", "surrogateescape")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()
