"""What the Functions host does, in memory: takes each message to its service; a crash leaves the message there."""

from collections.abc import Awaitable, Callable, Sequence

from shared.ports import Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls
from tests.services.stage import Stage

MAX_DEQUEUE_COUNT = 5


class Pump:
    """Drives a stage's messages through the services until nothing is left to do; delays are not waited for."""

    def __init__(self, stage: Stage, ports: Ports, restart: Callable[[], None] = lambda: None) -> None:
        self._stage = stage
        self._ports = ports
        self._restart = restart
        self._dequeued: dict[tuple[Queue, bytes], int] = {}

    async def tick(self, environment_ids: Sequence[str]) -> None:
        """What the timer does, and everything that follows from it. A tick that crashes is not made up for."""
        try:
            await start_polls(self._ports, environment_ids)
        except Exception:
            self._restart()
        await self.run()

    async def run(self) -> None:
        """Handle messages until every queue is empty."""
        while waiting := [queue for queue, kept in self._stage.queues.messages.items() if kept]:
            await self._handle_next(waiting[0])

    async def _handle_next(self, queue: Queue) -> None:
        """A message goes once it was handled; a crash leaves it, for the next time."""
        body, delay = self._stage.queues.messages[queue][0]
        try:
            await self._service(queue)(body)
        except Exception:
            self._restart()
            key = queue, body
            self._dequeued[key] = self._dequeued.get(key, 0) + 1
            assert self._dequeued[key] < MAX_DEQUEUE_COUNT, f"{queue} has a poison message"
        else:
            self._stage.queues.messages[queue].remove((body, delay))

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
        await deliver(self._ports, await self._ports.queues.read_deliveries(body), Pace(patient=True))
