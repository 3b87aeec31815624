"""Flows and stores that take their time, answer together, or break."""

import asyncio
from collections import deque

from shared.adapters.memory import MemoryFlows
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.subscriptions import Subscription
from shared.stores import Change
from tests.services.stage import Stage


class Bug(Exception):
    """A fault of ours, or of storage."""


class SlowToNote(MemorySubscriptions):
    """A store that takes its time to write."""

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        await asyncio.sleep(0.05)
        return await super().change(subscription_id, change)


class Together(MemoryFlows):
    """A flow that answers when it was called as often as it has answers, in their order."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self._answers = deque(answers)
        self._all = asyncio.Barrier(len(answers))

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        place = len(self.taken)
        if not self._answers or place > self._all.parties:
            return Answer(202)
        await self._all.wait()
        for _ in range(10 * place):
            await asyncio.sleep(0)
        return self._answers.popleft()


class Hanging(MemoryFlows):
    """A flow that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def call(self, call: FlowCall) -> Answer:
        await self.go.wait()
        return await super().call(call)


class Slow(MemoryFlows):
    """Flows that take so many seconds; fewer than none: while they think, our clock is set back."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        super().__init__()
        self._stage, self._seconds = stage, seconds

    async def call(self, call: FlowCall) -> Answer:
        self._stage.wait(seconds=self._seconds)
        return await super().call(call)
