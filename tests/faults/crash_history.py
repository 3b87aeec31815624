"""What happened in a story, as the world outside of the process that dies saw it? In memory, or in a file as well."""

import os
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

import msgspec

from shared.adapters.memory import MemoryFlows
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, FlowCall
from shared.errors import DeliveryFailed
from shared.ports import Clock

TOOK = Answer(202)


class What(StrEnum):
    """What can happen."""

    CALLED = "called"  # a flow; `took`: it said that it took the events
    ENDED = "ended"  # a subscription: its delete was acknowledged
    TOLD = "told"  # a flow's new signing secret was shown
    ASKED = "asked"  # events that were dead were asked for again, for a flow
    COMMITTED = "committed"  # events, in one commit of an environment
    HANDED_ON = "handed on"  # all events that an environment committed
    HIT = "hit"  # a piece of work, by a crash
    IN_FLIGHT = "in flight"  # events, in the work that was hit; for a flow, or for any; no events: any of the flow's
    TAKEN = "taken"  # a message, by a worker
    DONE = "done"  # a step of the story


@dataclass(frozen=True, slots=True)
class Entry:
    """One happening. `name`: the flow's callback URL, the environment, the message's queue, what a step came to."""

    what: What
    name: str = ""
    events: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    took: bool = False
    at: float = 0


class History:
    """Entries in their order. With a file it outlives its process, and another process goes on with it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        lines = path.read_bytes().splitlines() if path is not None and path.exists() else []
        self.entries: list[Entry] = []
        self.unfinished: dict[str, tuple[str, ...]] = {}  # by environment: what is not known to be handed on yet
        for line in lines:
            self._keep(msgspec.json.decode(line, type=Entry))

    def add(self, entry: Entry) -> None:
        """Note a happening; in the file at once, for there may be no time later."""
        self._keep(entry)
        if self._path is None:
            return
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, msgspec.json.encode(entry) + b"\n")
        finally:
            os.close(file)

    async def commit(self, environment: str, state: EnvironmentState, write: Awaitable[str]) -> str:
        """Note what a commit is about to hand on, or that it was handed on."""
        if state.outbox:
            self.add(Entry(What.COMMITTED, environment, tuple(one.event.id for one in state.outbox)))
        etag = await write
        if not state.outbox and self.unfinished.get(environment):
            self.add(Entry(What.HANDED_ON, environment))
        return etag

    def of(self, *kinds: What) -> list[Entry]:
        """The entries of some kinds."""
        return [one for one in self.entries if one.what in kinds]

    def has_called(self, url: str, event: str) -> bool:
        """Whether a flow was called about an event before."""
        return any(one.name == url and event in one.events for one in self.of(What.CALLED))

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        if entry.what in (What.COMMITTED, What.HANDED_ON):
            self.unfinished[entry.name] = entry.events


def flow_of(url: str) -> str:
    """The flow that has a callback URL, whichever version of it."""
    return url.partition("/workflows/")[2].partition("?")[0].partition(".")[0]


class StoryFlows(MemoryFlows):
    """Flows with manners: what they answer until they are mended. The `hesitant` take an event at the second call."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self.manners: dict[str, Answer] = {}
        self.hesitant: set[str] = set()
        self.clock: Clock = partial(datetime.now, UTC)

    async def call(self, call: FlowCall) -> Answer:
        url, events = call.callback_url, tuple(event.id for event in call.events)
        answer = self.manners.get(url, TOOK)
        hesitates = url in self.hesitant and not self._history.has_called(url, events[0])
        took = answer.status < 300 and not hesitates
        self._history.add(Entry(What.CALLED, url, events, call.secrets, took, self.clock().timestamp()))
        if hesitates:
            raise DeliveryFailed(reason="timeout")
        return answer
