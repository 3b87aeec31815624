"""How do many calls that come at once become few? Those that come while one is under way are made as one after it.

And how are those that cannot be one made side by side?
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
_SIDE_BY_SIDE = 8


@dataclass(slots=True)
class _Group(Generic[Ask, Answer]):
    """Asks that wait for the next call, and its answer."""

    answer: asyncio.Future[Answer]
    asks: list[Ask] = field(default_factory=list)


class Together(Generic[Ask, Answer]):
    """Makes one call for all that is asked of a key while an earlier call for it is under way.

    Every call begins after all of its asks were made: who asks for what is stored now never gets what was there
    before. All of them get the same answer, or the same exception. One of these belongs to one event loop.
    """

    def __init__(self, call: Callable[[str, Sequence[Ask]], Awaitable[Answer]]) -> None:
        self._call = call
        self._waiting: dict[str, _Group[Ask, Answer]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def ask(self, key: str, what: Ask) -> Answer:
        """The answer of a call that begins after this."""
        group = self._waiting.get(key)
        if group is None:
            group = self._waiting[key] = _Group(asyncio.get_running_loop().create_future())
        group.asks.append(what)
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._run(key))
        return await asyncio.shield(group.answer)

    async def _run(self, key: str) -> None:
        """Call for one group after the other. A task of its own: whoever asked first may go away."""
        try:
            while group := self._waiting.pop(key, None):
                await self._answer(key, group)
        finally:
            del self._running[key]
            if left := self._waiting.pop(key, None):
                left.answer.cancel()

    async def _answer(self, key: str, group: _Group[Ask, Answer]) -> None:
        try:
            group.answer.set_result(await self._call(key, group.asks))
        except asyncio.CancelledError:
            group.answer.cancel()
            raise
        except BaseException as error:
            group.answer.set_exception(error)
            group.answer.exception()  # else asyncio complains where nobody waits any more


async def side_by_side(calls: Iterable[Awaitable[Answer]]) -> list[Answer]:
    """What they answer, a few at a time. The first failure is raised once every one had its turn."""
    turns = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def in_turn(call: Awaitable[Answer]) -> Answer:
        async with turns:
            return await call

    results = await asyncio.gather(*map(in_turn, calls), return_exceptions=True)
    found: list[Answer] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        found.append(result)
    return found
