"""Calls that come at once become few, and nobody gets what was true before they asked."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.adapters.together import Together


class Counting:
    """Answers with what it was asked for and the number of the call; a call ends when it is let go."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[int]]] = []
        self.gate = asyncio.Semaphore(0)
        self.failure: Exception | None = None
        self.together = Together(self._call)

    async def _call(self, key: str, asks: Sequence[int]) -> int:
        self.calls.append((key, list(asks)))
        number = len(self.calls)
        await self.gate.acquire()
        if self.failure is not None:
            raise self.failure
        return number

    def ask(self, what: int, key: str = "one") -> asyncio.Task[int]:
        return asyncio.create_task(self.together.ask(key, what))

    async def let_go(self, calls: int = 1) -> None:
        for _ in range(calls):
            self.gate.release()
            await settle()


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def test_what_is_asked_during_a_call_is_one_call_after_it() -> None:
    made = Counting()
    first = made.ask(1)
    await settle()
    others = [made.ask(number) for number in (2, 3, 4)]
    await settle()
    assert made.calls == [("one", [1])]
    await made.let_go(2)
    assert made.calls == [("one", [1]), ("one", [2, 3, 4])]
    assert await asyncio.gather(first, *others) == [1, 2, 2, 2]


async def test_another_key_waits_for_nobody() -> None:
    made = Counting()
    asked = [made.ask(1), made.ask(2, "two")]
    await settle()
    assert made.calls == [("one", [1]), ("two", [2])]
    await made.let_go(2)
    assert await asyncio.gather(*asked) == [1, 2]


async def test_after_a_pause_a_call_begins_at_once() -> None:
    made = Counting()
    for number in (1, 2):
        asked = made.ask(number)
        await made.let_go()
        assert await asked == number


async def test_all_of_a_call_hear_of_its_failure_and_the_next_goes_well() -> None:
    made = Counting()
    blocking = made.ask(0)
    await settle()
    both = [made.ask(number) for number in (1, 2)]
    await made.let_go()
    made.failure = OSError("storage")
    await made.let_go()
    assert [type(one) for one in await asyncio.gather(*both, return_exceptions=True)] == [OSError, OSError]
    made.failure = None
    after = made.ask(3)
    await made.let_go()
    assert (await blocking, await after) == (1, 3)


async def test_whoever_goes_away_takes_nobody_along() -> None:
    made = Counting()
    first = made.ask(1)
    await settle()
    leaving, staying = made.ask(2), made.ask(3)
    await settle()
    for one in (first, leaving):
        one.cancel()
    await made.let_go(2)
    assert await staying == 2
    assert made.calls[1] == ("one", [2, 3])


async def test_what_is_no_exception_of_a_program_is_told_too() -> None:
    """A test that ends a worker in the middle of a call must not leave the others waiting."""

    async def ended(_: str, __: Sequence[None]) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        await Together(ended).ask("one", None)
