"""The Functions host in virtual time: two queues, 24 messages of each at once, and flows that take their time."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from shared.adapters.memory import MemoryFlows, MemoryQueues
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.windows import Windows
from shared.ports import Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from tests.factories import START
from tests.services.stage import Stage

MESSAGES_AT_ONCE = 24  # host.json: batchSize + newBatchThreshold
_QUEUES = (Queue.DELIVERIES, Queue.REDELIVERIES)


def virtual_now() -> datetime:
    """The time of the loop that runs."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


class TimedQueues(MemoryQueues):
    """Messages that cannot be seen before their delay is over."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[Queue, list[tuple[float, int, bytes]]] = {queue: [] for queue in Queue}
        self._number = count()

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        due = asyncio.get_running_loop().time() + delay_seconds
        heapq.heappush(self.hidden[queue], (due, next(self._number), body))

    def take_due(self, queue: Queue) -> bytes | None:
        """The message that became visible first."""
        waiting = self.hidden[queue]
        if not waiting or waiting[0][0] > asyncio.get_running_loop().time():
            return None
        return heapq.heappop(waiting)[2]


@dataclass
class TimedFlows(MemoryFlows):
    """Flows that think for a while. `answered` has the time of every answer that was a success."""

    think: Callable[[str], float] = lambda url: 0.02
    called: list[tuple[str, str, float]] = field(default_factory=list)
    answered: list[tuple[str, str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def call(self, call: FlowCall) -> Answer:
        """Take a call."""
        loop = asyncio.get_running_loop()
        self.called += [(call.callback_url, event.id, loop.time()) for event in call.events]
        await asyncio.sleep(self.think(call.callback_url))
        answer = await super().call(call)
        if answer.status == 202:
            self.answered += [(call.callback_url, event.id, loop.time()) for event in call.events]
        return answer


@dataclass
class Host:
    """One worker: takes visible messages to delivery, as many at once as the host does."""

    stage: Stage
    queues: TimedQueues
    rate: float = 0
    running: dict[Queue, int] = field(default_factory=lambda: dict.fromkeys(_QUEUES, 0))
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.windows = Windows()

    @property
    def ports(self) -> Ports:
        """The stage's ports, by the loop's clock."""
        from dataclasses import replace

        return replace(self.stage.ports, queues=self.queues, clock=virtual_now, windows=self.windows)

    async def run(self, seconds: float) -> None:
        """Work for a time, whatever there is."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        while loop.time() < ends_at:
            for queue in _QUEUES:
                self._start_messages(queue)
            await asyncio.sleep(0.01)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _start_messages(self, queue: Queue) -> None:
        while self.running[queue] < MESSAGES_AT_ONCE and (body := self.queues.take_due(queue)) is not None:
            self.running[queue] += 1
            task = asyncio.get_running_loop().create_task(self._handle(queue, body))
            self.tasks.add(task)

    async def _handle(self, queue: Queue, body: bytes) -> None:
        pace = Pace(self.rate, patient=queue is Queue.REDELIVERIES)
        try:
            await deliver(self.ports, await self.queues.read_deliveries(body), pace)
        finally:
            self.running[queue] -= 1
