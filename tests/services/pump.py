"""What the Functions host does, in memory: takes each message to its service; a crash leaves the message there."""

import heapq
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

from shared.ports import Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls
from tests.services.stage import Stage

MAX_DEQUEUE_COUNT = 5
PACE = Pace(patient=True)


class Pump:
    """Drives a stage's messages through the services until nothing is left to do now. Only retries wait their time."""

    def __init__(self, stage: Stage, ports: Ports, restart: Callable[[], None] = lambda: None) -> None:
        self._stage = stage
        self._ports = ports
        self._restart = restart
        self._dequeued: dict[tuple[Queue, bytes], int] = {}
        self._waiting: list[tuple[datetime, int, Queue, bytes]] = []
        self._numbers = count()

    async def tick(self, environment_ids: Sequence[str]) -> None:
        """What the timer does, and everything that follows from it. A tick that crashes is not made up for."""
        try:
            await start_polls(self._ports, environment_ids)
        except Exception:
            self._restart()
        await self.run()

    async def run(self) -> None:
        """Handle every message that can be seen."""
        while (found := self._take()) is not None:
            await self._handle(*found)

    async def finish(self) -> None:
        """Let time pass until nothing waits any more."""
        while self._waiting:
            self._stage.now = max(self._stage.now, self._waiting[0][0])
            await self.run()

    def _take(self) -> tuple[Queue, bytes] | None:
        """The message that became visible first."""
        for queue, kept in self._stage.queues.messages.items():
            while kept:
                body, delay = kept.popleft()
                due = self._stage.now + timedelta(seconds=delay if queue is Queue.REDELIVERIES else 0)
                heapq.heappush(self._waiting, (due, next(self._numbers), queue, body))
        if not self._waiting or self._waiting[0][0] > self._stage.now:
            return None
        _, _, queue, body = heapq.heappop(self._waiting)
        return queue, body

    async def _handle(self, queue: Queue, body: bytes) -> None:
        """A message goes once it was handled; a crash leaves it, for the next time."""
        try:
            await self._service(queue)(body)
        except Exception:
            self._restart()
            key = queue, body
            self._dequeued[key] = self._dequeued.get(key, 0) + 1
            assert self._dequeued[key] < MAX_DEQUEUE_COUNT, f"{queue} has a poison message"
            heapq.heappush(self._waiting, (self._stage.now, -1, queue, body))

    def _service(self, queue: Queue) -> Callable[[bytes], Awaitable[None]]:
        if queue is Queue.POLLS:
            return self._poll
        return self._deliver if queue in (Queue.DELIVERIES, Queue.REDELIVERIES) else self._fan_out

    async def _poll(self, body: bytes) -> None:
        request = await self._ports.queues.read_polls(body)
        await poll_environments(self._ports, request, fast_poll_seconds=20)

    async def _fan_out(self, body: bytes) -> None:
        await fan_out(self._ports, await self._ports.queues.read_events(body))

    async def _deliver(self, body: bytes) -> None:
        await deliver(self._ports, await self._ports.queues.read_deliveries(body), PACE)
