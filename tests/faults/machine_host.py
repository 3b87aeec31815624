"""What would the Functions host and storage do: hide messages, hand them out twice, give up; kill a worker mid-call?"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from shared.adapters.messages import encode_polls
from shared.adapters.packed_queues import PackedQueues
from shared.domain.deliveries import DeliveryBatch, PoisonMessage
from shared.domain.proofs import Proofs
from shared.domain.windows import Windows
from shared.ports import PollRequest, Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environments import poll_environments
from tests.factories import ENVIRONMENT
from tests.faults.machine_gate import NUMBERS, WORK, Breaking, Gate, Held, HeldLog, Message, Work
from tests.services.faults import Fuse
from tests.services.pump import MAX_DEQUEUE_COUNT
from tests.services.stage import Stage

DELIVERY_QUEUES = (Queue.DELIVERIES, Queue.REDELIVERIES)
FAILED_SECONDS = 30
LEASE_SECONDS = 600
_QUIET_SECONDS = 60  # of virtual time: longer than anything in the services sleeps


class HostQueues(PackedQueues):
    """A worker's queues: each message is a write, and goes to the host at once."""

    def __init__(self, host: "Host", fuse: Fuse) -> None:
        self._host, self._fuse = host, fuse

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        await self._host.gate.passed("queues")
        with Breaking(self._fuse, "queues"):
            await self._host.put(queue, body, delay_seconds)

    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        """What the host gave up."""
        await self._host.gate.passed("queues")
        return [one for one in self._host.poison if one.queue == queue.value][:limit]

    async def drop_poison(self, message: PoisonMessage) -> None:
        """Remove one."""
        await self._host.gate.passed("queues")
        with Breaking(self._fuse, "queues"):
            self._host.poison = [one for one in self._host.poison if one.id != message.id]

    async def _keep(self, body: bytes) -> str:
        raise AssertionError("nothing here is too big for a message")

    async def _kept(self, name: str) -> bytes:
        raise AssertionError("nothing here is too big for a message")


@dataclass(eq=False)
class Worker:
    """A process. It remembers how quick flows are and who showed a role, until it dies."""

    ports: Ports
    fuse: Fuse
    number: int

    def forget(self) -> None:
        """It is another process now."""
        self.fuse.restart()
        self.fuse.at = frozenset()
        self.ports = replace(self.ports, windows=Windows(), proofs=Proofs())


class Host:
    """Two workers on the same storage. `now` is the time of storage; `ahead` is what our clock is ahead of it."""

    def __init__(self, stage: Stage, rate: int) -> None:
        self.stage = stage
        self.gate = Gate()
        self.now = stage.now
        self.ahead = timedelta(0)
        self.rate = rate
        self.broken = 0
        self.effects: Counter[str] = Counter()
        self.messages: list[Message] = []
        self.poison: list[PoisonMessage] = []
        self.works: list[Work] = []
        self.events_of: dict[bytes, tuple[str, ...]] = {}
        self.reader = HostQueues(self, Fuse())
        self.on_put: Callable[[Message, Any], None] = lambda _message, _batch: None
        self.on_end: Callable[[Work, BaseException | None, bool], None] = lambda _work, _error, _again: None

    def worker(self, number: int, told: Callable[..., None], calls: object) -> Worker:
        """Another process on the same storage."""
        stage, gate, fuse = self.stage, self.gate, Fuse()

        def held(inner: object, store: str, told: Callable[..., None] | None = None) -> Any:
            return Held(inner, store, gate, fuse, told)

        ports = replace(
            stage.another_worker(),
            insights=held(stage.insights, "insights"),
            checkpoints=held(stage.checkpoints, "checkpoints", told),
            log=cast("Any", HeldLog(stage.log, "log", gate, fuse)),
            subscriptions=held(stage.subscriptions, "subscriptions"),
            dead=held(stage.dead, "dead"),
            claims=held(stage.ports.claims, "claims"),
            queues=HostQueues(self, fuse),
            flows=held(calls, "flows"),
            clock=self.clock,
        )
        return Worker(ports, fuse, number)

    def clock(self) -> datetime:
        """Our clock, which ticks a little at every look: no two moments are the same."""
        self.now += timedelta(microseconds=1)
        return self.now + self.ahead

    async def put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        """A message comes."""
        batch: Any = None
        if queue in DELIVERY_QUEUES:
            batch = await self.reader.read_deliveries(body)
        elif queue is not Queue.POLLS:
            batch = await self.reader.read_events(body)
        events = tuple(event.id for event in batch.events) if batch else ()
        pairs = batch.pairs if isinstance(batch, DeliveryBatch) else ()
        names = tuple(pair.subscription_id for pair in pairs)
        message = Message(queue, body, self.now + timedelta(seconds=delay_seconds), events, names)
        self.messages.append(message)
        self.events_of[body] = events
        self.on_put(message, batch)

    def queue_poll(self) -> None:
        """The timer fired."""
        body = encode_polls(PollRequest((ENVIRONMENT,)))
        self.messages.append(Message(Queue.POLLS, body, self.now))

    @property
    def visible(self) -> list[Message]:
        """The messages that can be taken, those that came first in front."""
        return sorted((one for one in self.messages if one.due <= self.now), key=lambda one: (one.due, one.number))

    def take(self, message: Message, worker: Worker, calls: int | None = None) -> Work:
        """Hand a message to a worker."""
        self.messages.remove(message)
        message.dequeued += 1
        return self.begin("message", worker, self._service(message), calls, message)

    def begin(
        self,
        kind: str,
        worker: Worker,
        story: Callable[[Ports], Awaitable[Any]],
        calls: int | None = None,
        message: Message | None = None,
        done: Callable[[Any], None] | None = None,
    ) -> Work:
        """A worker begins with something."""
        self.gate.moment += 1
        work = Work(kind, worker, self.gate.moment, message, calls, done=done)
        self.works.append(work)

        async def run() -> Any:
            WORK.set(work)
            return await story(worker.ports)

        work.task = asyncio.get_running_loop().create_task(run())
        return work

    def go_on(self, work: Work, calls: int | None, first: int = 0) -> None:
        """Let a work make more calls; `first` says which of its calls that wait goes first."""
        work.calls_left = calls
        parked, work.parked = work.parked, []
        place = first % max(1, len(parked))
        for waiter in (*parked[place:], *parked[:place]):
            if not waiter.done():
                waiter.set_result(None)

    def again(self, message: Message, seconds: float) -> None:
        """A message is there once more."""
        due = self.now + timedelta(seconds=seconds)
        self.messages.append(replace(message, due=due, dequeued=message.dequeued, number=next(NUMBERS)))

    async def go_on_all(self) -> None:
        """Let every work come to its end."""
        for work in list(self.works):
            self.go_on(work, None)
        await self.quiet()

    async def abandon(self) -> None:
        """End what is under way, whatever comes of it."""
        tasks = [work.task for work in self.works if work.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def quiet(self) -> None:
        """Wait until every work waits at the gate or is done; a process that died takes all its works along."""
        await asyncio.sleep(_QUIET_SECONDS)
        for worker in dict.fromkeys(work.worker for work in self.works if work.worker.fuse.dead):
            await self.kill(worker)
        for work in [work for work in self.works if work.task is not None and work.task.done()]:
            self._end(work, killed=False)

    async def kill(self, worker: Worker) -> None:
        """A process dies; the messages that it had come back when their lease is over."""
        dying = [work for work in self.works if work.worker is worker]
        self.effects["workers killed at work"] += bool(dying)
        done = [work for work in dying if work.task is not None and work.task.done()]
        for work in dying:
            assert work.task is not None
            work.task.cancel()
        await asyncio.sleep(_QUIET_SECONDS)
        for work in dying:
            self._end(work, killed=work not in done or worker.fuse.dead)
        worker.forget()

    def _end(self, work: Work, *, killed: bool) -> None:
        self.gate.moment += 1
        self.works.remove(work)
        assert work.task is not None
        error = None if work.task.cancelled() else work.task.exception()
        failed = killed or error is not None
        message = work.message
        self.broken += killed or work.faults > 0
        if message is not None and failed:
            self._back(message, LEASE_SECONDS if killed else FAILED_SECONDS)
        self.effects.update(type(one).__name__ for one in work.injected)
        self.on_end(work, error, failed)
        if not failed and work.done is not None:
            work.done(work.task.result())

    def _back(self, message: Message, seconds: int) -> None:
        """A message that failed too often goes to the poison."""
        if message.dequeued >= MAX_DEQUEUE_COUNT:
            died = PoisonMessage(f"poison-{message.number}", message.queue.value, message.body, self.now)
            self.poison.append(died)
            return
        message.due = self.now + timedelta(seconds=seconds)
        self.messages.append(message)

    def _service(self, message: Message) -> Callable[[Ports], Awaitable[Any]]:
        async def poll(ports: Ports) -> None:
            await poll_environments(ports, await ports.queues.read_polls(message.body), fast_poll_seconds=20)

        async def events(ports: Ports) -> None:
            await fan_out(ports, await ports.queues.read_events(message.body))

        async def deliveries(ports: Ports) -> None:
            pace = Pace(self.rate, patient=message.queue is Queue.REDELIVERIES)
            await deliver(ports, await ports.queues.read_deliveries(message.body), pace)

        if message.queue is Queue.POLLS:
            return poll
        return deliveries if message.queue in DELIVERY_QUEUES else events
