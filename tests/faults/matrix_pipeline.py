"""What does the host do with the pipeline while a partner of it is not well, and what has become of every event?"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError

from shared.domain.deliveries import Answer, DeadDelivery, FlowCall
from shared.errors import DeliveryFailed, SignalsError
from shared.ports import FlowCaller, PollRequest, Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environments import poll_environments
from tests.adapters.loopback import Asked
from tests.contracts.kits import Mailbox
from tests.faults.matrix_scale import INVOCATION_SECONDS
from tests.services.stage import Stage

Told = Counter[tuple[str, str]]  # which flow was told of which event, how often
CHAPTERS = 4
_MAX_DEQUEUE_COUNT = 5
_PACE = Pace(patient=True)
_DELIVERIES = (Queue.DELIVERIES, Queue.REDELIVERIES)


@dataclass(slots=True)
class Pipeline:
    """One environment's way from its source to its flows.

    `show` has the source tell a chapter; `ports` are those of a worker that remembers nothing; `told` reads what the
    flows took. `failures` are the errors that the host saw, `unanswered` those of calls to flows; `longest` is the
    longest time that a function ran, which must be less than the bound.
    """

    environment_id: str
    stage: Stage
    ports: Callable[[], Ports]
    mailbox: Mailbox
    show: Callable[[int], None]
    told: Callable[[], Told]
    failures: list[BaseException] = field(default_factory=list)
    unanswered: list[BaseException] = field(default_factory=list)
    longest: float = 0.0
    bound_seconds: float = 4 * INVOCATION_SECONDS
    _waiting: list[tuple[Queue, bytes]] = field(default_factory=list)
    _dequeued: Counter[tuple[Queue, bytes]] = field(default_factory=Counter)

    async def prepare(self) -> None:
        """Events wait for the fan-out and for delivery, and the source has more to tell."""
        for chapter in range(CHAPTERS - 1):
            self.show(chapter)
            await self._run(self._poll, self.ports())
            if chapter == 1:
                await self._work_off(lambda queue: queue not in _DELIVERIES)
            self.stage.wait(minutes=2)
        await self._collect()
        self.show(CHAPTERS - 1)
        assert not self.failures, self.failures

    async def attempt(self) -> None:
        """A tick of the timer, and all that waits: each function runs by itself."""
        await self._collect()
        ports, waiting = self.ports(), self._waiting
        self._waiting = []
        await asyncio.gather(self._run(self._poll, ports), *(self._handle(ports, *message) for message in waiting))

    async def settle(self, *, rounds: int = 8, minutes: float = 2) -> None:
        """Go on, once in so many minutes, until nothing is left."""
        for _ in range(rounds):
            self.stage.wait(minutes=minutes)
            await self.attempt()
            await self._work_off(lambda queue: queue is not Queue.REDELIVERIES)
            stored = await self.ports().checkpoints.read(self.environment_id)
            if stored is not None and not stored.state.outbox and not self._waiting:
                return

    async def feed(self) -> list[str]:
        """The ids of the events in the log."""
        numbered = await self.ports().log.read(self.environment_id, after=0, limit=1000)
        assert [one.sequence for one in numbered] == list(range(1, len(numbered) + 1))
        return [one.event.id for one in numbered]

    async def dead(self) -> list[DeadDelivery]:
        """What is kept for flows that did not take it."""
        dead = self.ports().dead
        return await dead.page(environment_id=self.environment_id, subscription_id=None, after="", limit=1000)

    def causes(self) -> list[BaseException | None]:
        """Why calls of a partner came to nothing."""
        return [*self.failures, *self.unanswered]

    async def _work_off(self, wanted: Callable[[Queue], bool]) -> None:
        await self._collect()
        while now := [message for message in self._waiting if wanted(message[0])]:
            self._waiting = [message for message in self._waiting if not wanted(message[0])]
            ports, before = self.ports(), len(self.failures)
            await asyncio.gather(*(self._handle(ports, *message) for message in now))
            if len(self.failures) > before:
                return
            await self._collect()

    async def _collect(self) -> None:
        """Messages become visible when their time has come, and a test's time is its stage's."""
        for queue in Queue:
            if queue is not Queue.REDELIVERIES:
                self._waiting += [(queue, body) for body in await self.mailbox.take(queue)]
        while (body := self.stage.queues.take(Queue.REDELIVERIES)) is not None:
            self._waiting.append((Queue.REDELIVERIES, body))

    async def _handle(self, ports: Ports, queue: Queue, body: bytes) -> None:
        """A function's message stays when the function fails."""
        service = self._deliver if queue in _DELIVERIES else self._fan_out
        if not await self._run(service, ports, body):
            self._dequeued[queue, body] += 1
            assert self._dequeued[queue, body] < _MAX_DEQUEUE_COUNT, f"{queue} has a poison message"
            self._waiting.append((queue, body))

    async def _run(self, function: Callable[..., Awaitable[object]], *given: object) -> bool:
        """Whether it ended well. It must end, and fail as the host and the alerts know it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self.bound_seconds):
                await function(*given)
        except (SignalsError, AzureError) as failure:
            self.failures.append(failure)
            return False
        finally:
            self.longest = max(self.longest, loop.time() - began)
        return True

    async def _poll(self, ports: Ports) -> None:
        outcomes = await poll_environments(ports, PollRequest((self.environment_id,)), fast_poll_seconds=0)
        for outcome in outcomes:
            if outcome.failure is not None:
                assert outcome.failure.reason
                self.failures.append(outcome.failure)

    async def _fan_out(self, ports: Ports, body: bytes) -> None:
        await fan_out(ports, await ports.queues.read_events(body))

    async def _deliver(self, ports: Ports, body: bytes) -> None:
        await deliver(ports, await ports.queues.read_deliveries(body), _PACE)


@dataclass(frozen=True, slots=True)
class NotedFlows:
    """Flows, and why some of their answers did not come."""

    inner: FlowCaller
    unanswered: list[BaseException]

    async def call(self, call: FlowCall) -> Answer:
        try:
            return await self.inner.call(call)
        except DeliveryFailed as failure:
            self.unanswered.append(failure)
            raise


def told_in_memory(stage: Stage) -> Told:
    """What flows in memory took."""
    return Counter((urlsplit(url).path, event.id) for url, event in stage.flows.calls)


def told_over_http(asked: Iterable[Asked]) -> Told:
    """What a server of flows took."""
    found: Told = Counter()
    for one in asked:
        body = json.loads(one.body)
        for event in body if isinstance(body, list) else [body]:
            found[urlsplit(one.raw_path).path, event["id"]] += 1
    return found
