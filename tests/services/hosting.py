"""The Functions host in virtual time: two queues, 24 messages of each at once, and flows that take their time."""

import asyncio
import heapq
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from shared.adapters.memory import MemoryFlows, MemoryQueues
from shared.domain.deliveries import Answer, DeliveryBatch, FlowCall
from shared.errors import DeliveryFailed
from shared.ports import Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from tests.factories import START
from tests.services.stage import Stage, callback

QUEUES = (Queue.DELIVERIES, Queue.REDELIVERIES)
MESSAGES_AT_ONCE = 24  # of each queue: batchSize + newBatchThreshold in host.json
TIMEOUT_SECONDS = 20
LOOK_SECONDS = 0.01


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

    async def left(self) -> list[DeliveryBatch]:
        """Take what still waits, seen or not."""
        found = [await self.read_deliveries(body) for queue in QUEUES for *_, body in self.hidden[queue]]
        for queue in QUEUES:
            self.hidden[queue].clear()
        return found


class TimedFlows(MemoryFlows):
    """Flows that think before they answer: `thinks` seconds, or as long as a test says for one of them.

    One whose thinking takes too long answers nothing. `answered` has the time of every success.
    """

    def __init__(self, thinks: float, **others: float) -> None:
        super().__init__()
        self._thinks = thinks
        self._others = {callback(name): seconds for name, seconds in others.items()}
        self.began: dict[str, list[float]] = defaultdict(list)
        self.answered: dict[str, list[tuple[str, float]]] = defaultdict(list)

    async def call(self, call: FlowCall) -> Answer:
        """Take a call."""
        loop, url = asyncio.get_running_loop(), call.callback_url
        self.began[url].append(loop.time())
        seconds = self._others.get(url, self._thinks)
        await asyncio.sleep(min(seconds, TIMEOUT_SECONDS))
        if seconds >= TIMEOUT_SECONDS:
            raise DeliveryFailed(reason="timeout")
        self.answered[url] += [(event.id, loop.time()) for event in call.events]
        return await super().call(call)


class Host:
    """One worker: takes visible messages to delivery, as many at once as the host does."""

    def __init__(self, stage: Stage, queues: TimedQueues, *, rate: int = 0) -> None:
        self._rate = rate
        self._queues = queues
        self.ports = replace(stage.another_worker(), queues=queues, clock=virtual_now)
        self._running: dict[Queue, set[asyncio.Task[None]]] = {queue: set() for queue in QUEUES}

    async def run(self, seconds: float) -> None:
        """Begin with messages for a time, and end those that were begun with."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + seconds
        while loop.time() < ends_at:
            for queue in QUEUES:
                self._begin(queue)
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.gather(*(task for tasks in self._running.values() for task in tasks))

    def _begin(self, queue: Queue) -> None:
        running = self._running[queue]
        for task in [task for task in running if task.done()]:
            task.result()
            running.remove(task)
        while len(running) < MESSAGES_AT_ONCE and (body := self._queues.take_due(queue)) is not None:
            running.add(asyncio.get_running_loop().create_task(self._handle(queue, body)))

    async def _handle(self, queue: Queue, body: bytes) -> None:
        pace = Pace(self._rate, patient=queue is Queue.REDELIVERIES)
        await deliver(self.ports, await self._queues.read_deliveries(body), pace)
