"""How does the whole app run in virtual time? Its functions, fired by the local host's own timers and by its queues.

Only the lease and the status blob of a timer are stood in for: what waits for a socket cannot be hurried.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any, cast

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError

from local.host import timers
from local.host.declarations import QueueFunction, TimerFunction, resolve
from local.host.direct import DirectInvoker
from local.host.runner import Runner
from local.host.singleton import LEASE_SECONDS
from local.host.timers import TimerListener
from shared import bootstrap
from shared.ports import Ports, Queue
from tests.functions.support import VARIABLES
from tests.services.hosting import MESSAGES_AT_ONCE, TimedQueues, virtual_now


@dataclass(slots=True)
class WallClock:
    """What the hosts take for the time: the loop's, and so much off."""

    off: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return virtual_now() + self.off


class ArrivingQueues(TimedQueues):
    """Messages whose arrival wakes whoever waits for one."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        await super()._put(queue, body, delay_seconds)
        self.arrived.set()

    def give_back(self, queue: Queue, body: bytes) -> None:
        """Let a message be seen again at once."""
        heapq.heappush(self.hidden[queue], (asyncio.get_running_loop().time(), next(self._number), body))
        self.arrived.set()

    def take_any(self) -> tuple[Queue, bytes] | None:
        """A message that can be seen, of any queue."""
        return next(((queue, body) for queue in Queue if (body := self.take_due(queue)) is not None), None)

    async def wait(self) -> None:
        """Return when something arrived, or can be seen by now."""
        self.arrived.clear()
        due = min((waiting[0][0] for waiting in self.hidden.values() if waiting), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self.arrived.wait()

    @property
    def count(self) -> int:
        """How many messages there are, seen or not."""
        return sum(map(len, self.hidden.values()))


@dataclass(slots=True)
class TimerStorage:
    """What the hosts know of one timer: who holds its lease until when, and its status blob."""

    holder: object = None
    until: float = 0.0
    blob: bytes | None = None

    async def download_blob(self) -> "TimerStorage":
        if self.blob is None:
            raise ResourceNotFoundError
        return self

    async def readall(self) -> bytes:
        assert self.blob is not None
        return self.blob

    async def upload_blob(self, body: bytes, *, overwrite: bool) -> None:
        assert overwrite
        self.blob = body


@dataclass(slots=True)
class Lease:
    """The lease of a timer as one host sees it. `shared`: as it should be; else each host believes that it holds it."""

    kept: TimerStorage
    shared: bool

    async def acquire(self) -> bool:
        if self.shared and self.kept.until > asyncio.get_running_loop().time():
            return False
        self.kept.holder, self.kept.until = self, inf
        return True

    async def keep(self, stop: asyncio.Event, over: asyncio.Event) -> None:
        await stop.wait()
        over.set()

    async def release(self) -> None:
        """Nobody stops in order here."""

    def lapse(self) -> None:
        """Its host was killed: it is over when it was last renewed for so long."""
        if self.kept.holder is self:
            self.kept.until = asyncio.get_running_loop().time() + LEASE_SECONDS


@dataclass(slots=True)
class Storage:
    """What several hosts share."""

    queues: ArrivingQueues
    timers: dict[str, TimerStorage] = field(default_factory=dict)


@dataclass(slots=True)
class AppHost:
    """One host with the app in it, but for some timers; it can be killed. `ticked`: the runs that began."""

    functions: Sequence[func.Function]
    storage: Storage
    variables: Mapping[str, str]
    shared: bool = True
    without: Sequence[str] = ()
    ticked: list[str] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _leases: list[Lease] = field(default_factory=list)

    def start(self) -> None:
        """Take messages and fire timers from now on."""
        invoker = DirectInvoker(self.functions)
        invoker.close()  # no function of this app needs a thread
        found = [resolve(one, self.variables, "api") for one in invoker.functions]
        calls = {one.queue: one.name for one in found if isinstance(one, QueueFunction)}
        callers = {str(one.get_function_name()): one.get_user_function() for one in self.functions}
        by_queue = {Queue(queue): callers[name] for queue, name in calls.items()}
        begin = asyncio.get_running_loop().create_task
        self._tasks = [begin(self._take(by_queue))]
        runner = _Noting(invoker, None, self.ticked)
        fired = [one for one in found if isinstance(one, TimerFunction) and one.name not in self.without]
        self._tasks += [begin(self._fire(one, runner)) for one in fired]

    async def kill(self) -> None:
        """End at once; leases stay taken until their time is over."""
        for lease in self._leases:
            lease.lapse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks, self._leases = [], []

    def require_well(self) -> None:
        """Raise what ended a task of it."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def _take(self, by_queue: Mapping[Queue, Any]) -> None:
        queues, room = self.storage.queues, asyncio.Semaphore(MESSAGES_AT_ONCE)

        async def handle(queue: Queue, body: bytes) -> None:
            """A message that is not handled to its end is there again."""
            try:
                await by_queue[queue](message=func.QueueMessage(body=body))
            except asyncio.CancelledError:
                queues.give_back(queue, body)
                raise
            finally:
                room.release()

        async with asyncio.TaskGroup() as running:
            while True:
                await room.acquire()
                while (found := queues.take_any()) is None:
                    await queues.wait()
                running.create_task(handle(*found))

    async def _fire(self, function: TimerFunction, runner: Runner) -> None:
        listener = TimerListener(function, bootstrap.house().storage.blobs, "virtual", runner)
        kept = self.storage.timers.setdefault(function.name, TimerStorage())
        lease = Lease(kept, self.shared)
        self._leases.append(lease)
        listener._singleton, listener._memory = cast("Any", lease), cast("Any", kept)
        await listener.run(asyncio.Event())


class _Noting(Runner):
    """Notes what ran; a function that fails fails the test."""

    def __init__(self, invoker: DirectInvoker, timeout: timedelta | None, ticked: list[str]) -> None:
        super().__init__(invoker, timeout)
        self._ticked = ticked

    async def run(self, function: str, *arguments: Any, **named: Any) -> Any:
        self._ticked.append(function)
        outcome = await super().run(function, *arguments, **named)
        assert outcome.ok, outcome.error
        return outcome


@asynccontextmanager
async def virtual_house(
    ports: Ports, clock: WallClock, patch: pytest.MonkeyPatch, **settings: str
) -> AsyncIterator[Mapping[str, str]]:
    """The house that the functions find on this loop, with these ports; gives the settings."""
    patch.setattr(timers, "_now", clock)
    variables = {**VARIABLES, **settings}
    async with AsyncExitStack() as stack:
        house = bootstrap.build(variables)
        stack.push_async_callback(house.close)
        loop = asyncio.get_running_loop()
        bootstrap._houses[loop] = replace(house, ports=replace(ports, clock=clock))
        stack.callback(bootstrap._houses.pop, loop)
        yield variables
