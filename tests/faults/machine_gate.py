"""Where does a work of the state machine wait, and where does it break? Every call of a port goes through a gate."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from inspect import iscoroutinefunction
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from shared.ports import Queue
from tests.services.faults import Crash, Fuse

if TYPE_CHECKING:
    from tests.faults.machine_host import Worker

# Everything else is a write, also what a port comes to have later.
READS: Mapping[str, frozenset[str]] = {
    "insights": frozenset({"jobs", "job", "nodes", "segments", "measures", "measure", "measure_row", "knows"}),
    "checkpoints": frozenset({"read"}),
    "log": frozenset({"read", "last_number", "search"}),
    "subscriptions": frozenset({"of_environment", "find", "show", "find_all", "with_key", "page", "environments"}),
    "dead": frozenset({"find", "page", "find_message", "messages"}),
}
NUMBERS = count(1)
Error = TypeVar("Error", bound=BaseException)


class StorageDown(Exception):
    """Storage answers 503."""


@dataclass(eq=False)
class Message:
    """A message on a queue. `events`: the ids that it carries; `subscriptions`: those that are to get them."""

    queue: Queue
    body: bytes
    due: datetime
    events: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    dequeued: int = 0
    number: int = field(default_factory=lambda: next(NUMBERS))


@dataclass(eq=False)
class Work:
    """Something that a worker does. `calls_left`: how many calls of ports it may make before it waits; None: all.

    `faults`: what broke in it; `repeats`: how much of that may be done again for having been done unheard.
    `injected`: every error that came to it from outside the product.
    """

    kind: str
    worker: "Worker"
    began: int
    message: Message | None = None
    calls_left: int | None = None
    faults: int = 0
    repeats: int = 0
    injected: list[BaseException] = field(default_factory=list)
    parked: list[asyncio.Future[None]] = field(default_factory=list)
    task: asyncio.Task[Any] | None = None
    done: Callable[[Any], None] | None = None
    number: int = field(default_factory=lambda: next(NUMBERS))


WORK: ContextVar[Work] = ContextVar("work")


def injected(error: Error) -> Error:
    """An error that is none of the product's."""
    WORK.get().injected.append(error)
    return error


class Gate:
    """Where works wait, and where the calls of a store fail: `failing` says how many of the next ones do."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.moment = 0

    async def passed(self, store: str) -> None:
        """To be called before each call of a port."""
        work = WORK.get()
        while work.calls_left == 0:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            work.parked.append(waiter)
            await waiter
        if work.calls_left is not None:
            work.calls_left -= 1
        self.moment += 1
        if self.failing.get(store, 0):
            self.failing[store] -= 1
            work.faults += 1
            work.repeats += store == "queues"
            raise injected(StorageDown(store))


class Held:
    """A port behind the gate; its writes go through the worker's fuse. `told` hears of every write that was made."""

    def __init__(self, inner: object, store: str, gate: Gate, fuse: Fuse, told: Callable[..., None] | None = None):
        self._inner, self._store, self._gate, self._fuse, self._told = inner, store, gate, fuse, told

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not iscoroutinefunction(method):
            return method

        async def held(*arguments: Any, **named: Any) -> Any:
            await self._gate.passed(self._store)
            if name in READS.get(self._store, ()):
                return await method(*arguments, **named)
            return await self._write(method, *arguments, **named)

        return held

    async def _write(self, method: Callable[..., Awaitable[Any]], *arguments: Any, **named: Any) -> Any:
        with Breaking(self._fuse, self._store) as write:
            written = await method(*arguments, **named)
            if self._told is not None:
                self._told(*arguments, **named)
            write.made = True
            return written


class HeldLog(Held):
    """Events are written one by one: a batch may be written in part."""

    async def append(self, environment_id: str, events: Any) -> None:
        """Write events under their numbers."""
        one_by_one = self.__getattr__("append")
        for one in events:
            await one_by_one(environment_id, [one])


class Breaking:
    """A write through a fuse. Notes with the work that it broke, and whether what it did may be done again."""

    def __init__(self, fuse: Fuse, store: str) -> None:
        self._fuse, self._store = fuse, store
        self.made = False

    def __enter__(self) -> "Breaking":
        self._through(self._fuse.before_write)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._through(self._fuse.after_write)

    def _through(self, fuse: Callable[[], None]) -> None:
        try:
            fuse()
        except Crash as crash:
            work = WORK.get()
            work.faults += 1
            work.repeats += self._store == "queues" or (self._store == "flows" and self.made)
            injected(crash)
            raise
