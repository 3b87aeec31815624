"""What does the world do about a crash? A new worker starts, messages come again, callers repeat; timers do not."""

import heapq
import logging
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from types import MappingProxyType

from azure.core.exceptions import AzureError

from shared.domain.proofs import Proofs
from shared.domain.windows import Windows
from shared.errors import InsightsOutcomeUnknown, NotFound, SignalsError
from shared.ports import Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls
from tests.faults.crash_fuse import InFlight, StoryFuse, Work, in_flight
from tests.faults.crash_history import Entry, History, What, flow_of
from tests.services.faults import Crash, fused
from tests.services.pump import MAX_DEQUEUE_COUNT
from tests.services.stage import Stage

REPEATS = 4  # Power Automate's, of a call that got no answer
NOTHING: InFlight = MappingProxyType({})
OF_A_CRASH = (Crash, AzureError, SignalsError)  # itself, what the SDK makes of it, what we do


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the host handed to a worker. `receipt` is what its queue wants to see again."""

    queue: Queue
    body: bytes
    receipt: tuple[str, ...] = ()


@contextmanager
def in_silence() -> Iterator[None]:
    """Nothing is logged meanwhile: that would take longer than the stories."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


class Host(ABC):
    """Plays a story step by step. What the history has as done is not done again."""

    rate = 50

    def __init__(self, stage: Stage, fuse: StoryFuse, history: History) -> None:
        self.stage, self.fuse, self.history = stage, fuse, history
        self.ports = self.new_process()
        self._past = deque(history.of(What.DONE))
        self._goes_on = bool(self._past)
        self._dequeued: Counter[bytes] = Counter()
        self._begin("")
        fuse.tell = self._note_hit

    @abstractmethod
    def new_process(self) -> Ports:
        """The ports of a worker that remembers nothing."""

    @abstractmethod
    async def take(self) -> Taken | None:
        """The next message that can be seen."""

    @abstractmethod
    async def drop(self, message: Taken) -> None:
        """Remove a message that was handled. This is a write."""

    @abstractmethod
    async def leave(self, message: Taken) -> None:
        """Have a message seen again."""

    def flow_named(self, subscription_id: str) -> str:
        """Whose a subscription is, where that is known already."""
        return subscription_id

    async def call(
        self,
        action: Callable[[Ports], Awaitable[object]],
        *,
        repeats: int = REPEATS,
        name: str = "call",
        gives: InFlight = NOTHING,
    ) -> str:
        """What a caller does: it repeats what got no answer, and takes a refusal for one. `gives`: events, to flows."""
        if self._past:
            return self._past.popleft().name
        answer = ""
        for _ in range(repeats):
            self._begin(name, gives)
            try:
                answer = str(await self._alive(action) or "")
                break
            except (NotFound, InsightsOutcomeUnknown):
                assert self.fuse.blown or self._goes_on, "the story asks for what is not there"
                break
            except Exception as error:
                self._recover(error)
        self._done(answer)
        return answer

    async def timer(self, action: Callable[[Ports], Awaitable[object]]) -> None:
        """What a timer does: once, whatever comes of it."""
        if self._past:
            self._past.popleft()
            return
        self._done("timer")
        self._begin("timer")
        try:
            await self._alive(action)
        except Exception as error:
            self._recover(error)

    async def settle(self) -> None:
        """Handle every message that can be seen."""
        if self._past:
            self._past.popleft()
            return
        while (message := await self.take()) is not None:
            self._begin(message.queue)
            try:
                await self._serve(message)
                await self.drop(message)
            except Exception as error:
                self._recover(error)
                self._dequeued[message.body] += 1
                assert self._dequeued[message.body] < MAX_DEQUEUE_COUNT, f"{message.queue} has a poison message"
                await self.leave(message)
        self._done("settled")

    def note(self, what: What, name: str, *secrets: str, events: tuple[str, ...] = ()) -> None:
        """Note what the world learnt from the step before, or is about to ask for, once."""
        new = (what, name, events, secrets)
        if not any((one.what, one.name, one.events, one.secrets) == new for one in self.history.entries):
            self.history.add(Entry(*new, at=self.stage.now.timestamp()))

    def wait(self, *, minutes: float = 0) -> None:
        """Let time pass, everywhere."""
        self.stage.wait(minutes=minutes)
        self.stage.actions.now = self.stage.now

    async def rounds(self, times: int = 3, *, minutes: float = 1) -> None:
        """Ticks, and everything that follows from them. A tick that crashes is not made up for."""
        for _ in range(times):
            await self.timer(lambda ports: start_polls(ports, []))
            await self.settle()
            self.wait(minutes=minutes)

    def _done(self, answer: str) -> None:
        self.history.add(Entry(What.DONE, answer))

    async def _alive(self, action: Callable[[Ports], Awaitable[object]]) -> object:
        """What the action comes to; a process that died on the way says nothing, whatever it made of that."""
        answer = await action(self.ports)
        if self.fuse.dead:
            raise Crash
        return answer

    def _begin(self, name: str, work: Work = NOTHING) -> None:
        self._name, self._work, self._blown = name, work, self.fuse.blown

    def _note_hit(self) -> None:
        self.history.add(Entry(What.HIT, self._name))
        for one, events in in_flight(self._work, self.history).items():
            self.history.add(Entry(What.IN_FLIGHT, self.flow_named(one) if one else "", events))

    def _recover(self, error: Exception) -> None:
        """Go on after a crash in this step; any other error is one of the product's own."""
        if self.fuse.blown == self._blown or not isinstance(error, OF_A_CRASH):
            raise error
        if self.fuse.dead:
            self.fuse.restart()
            self.ports = self.new_process()

    async def _serve(self, message: Taken) -> None:
        ports, queue, body = self.ports, message.queue, message.body
        if queue is Queue.POLLS:
            self._work = request = await ports.queues.read_polls(body)
            await poll_environments(ports, request, fast_poll_seconds=20)
        elif queue in (Queue.DELIVERIES, Queue.REDELIVERIES):
            self._work = deliveries = await ports.queues.read_deliveries(body)
            await deliver(ports, deliveries, Pace(self.rate, patient=queue is Queue.REDELIVERIES))
        else:
            self._work = events = await ports.queues.read_events(body)
            await fan_out(ports, events)


class MemoryHost(Host):
    """A host on the fakes: messages are seen when they are due, and taking one off its queue is a write too."""

    def __init__(self, stage: Stage, fuse: StoryFuse, history: History) -> None:
        super().__init__(stage, fuse, history)
        self._waiting: list[tuple[datetime, int, Taken]] = []
        self._numbers = count()
        self._gone: set[tuple[str, ...]] = set()

    def new_process(self) -> Ports:
        return replace(fused(self.stage, self.fuse), windows=Windows(), proofs=Proofs())

    def flow_named(self, subscription_id: str) -> str:
        kept = self.stage.subscriptions.rows.get(subscription_id)
        return flow_of(kept.callback_url) if kept else subscription_id

    async def take(self) -> Taken | None:
        for queue, kept in self.stage.queues.messages.items():
            while kept:
                body, delay = kept.popleft()
                message = Taken(queue, body, (str(next(self._numbers)),))
                self._push(message, self.stage.now + timedelta(seconds=delay))
        if not self._waiting or self._waiting[0][0] > self.stage.now:
            return None
        return heapq.heappop(self._waiting)[2]

    async def drop(self, message: Taken) -> None:
        with self.fuse.write():
            self._gone.add(message.receipt)

    async def leave(self, message: Taken) -> None:
        if message.receipt not in self._gone:
            self._push(message, self.stage.now)

    async def idle(self, *, days: float) -> None:
        """Let time pass without a poll; each message is handled when it is due."""
        end = self.stage.now + timedelta(days=days)
        await self.settle()
        while self._waiting and self._waiting[0][0] <= end:
            self.wait(minutes=(self._waiting[0][0] - self.stage.now) / timedelta(minutes=1))
            await self.settle()
        self.wait(minutes=(end - self.stage.now) / timedelta(minutes=1))

    def _push(self, message: Taken, due: datetime) -> None:
        heapq.heappush(self._waiting, (due, next(self._numbers), message))
