"""How do several workers meet on the same storage? Their calls take seeded times, so that every order comes about."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.memory import MemoryCheckpoints, MemoryEventLog
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.checkpoint import EnvironmentState
from shared.domain.events import NumberedEvent
from shared.errors import CheckpointConflict
from shared.ports import Ports
from tests.services.hosting import virtual_now
from tests.services.stage import Stage

Times = Callable[[], float]
_SLOWED = ("insights", "checkpoints", "log", "subscriptions", "dead", "queues")


def quick_or_stalled(seed: int, *, stalls: float) -> Times:
    """How long calls take, one after the other: mostly some milliseconds, and with this share so long that others take
    over what was begun.
    """
    draw = Random(seed)  # noqa: S311 - to be played again
    return lambda: draw.choice((5, 75)) if draw.random() < stalls else draw.choice((0, 0, 0.001, 0.01, 0.05))


@dataclass(frozen=True, slots=True)
class Slowed:
    """A port whose calls take their time before they do something and before they answer."""

    port: object
    times: Times

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            await asyncio.sleep(self.times())
            try:
                return await found(*arguments, **named)
            finally:
                await asyncio.sleep(self.times())

        return call


def slowed(ports: Ports, times: Times) -> Ports:
    """These ports, every call of which takes its time; the clock is the loop's."""
    parts = {name: cast("Any", Slowed(getattr(ports, name), times)) for name in _SLOWED}
    return replace(ports, clock=virtual_now, **parts)


class CountedCheckpoints(MemoryCheckpoints):
    """Remembers every commit, and how many came too late."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[EnvironmentState] = []
        self.refused = 0

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        try:
            written = await super().write(environment_id, state, etag)
        except CheckpointConflict:
            self.refused += 1
            raise
        self.commits.append(state)
        return written


class CommittedLog(MemoryEventLog):
    """Takes only what was committed before: a number that is in the feed is nobody else's any more."""

    def __init__(self, checkpoints: CountedCheckpoints) -> None:
        super().__init__()
        self._checkpoints = checkpoints

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        committed = {(one.sequence, one.event.id) for state in self._checkpoints.commits for one in state.outbox}
        assert committed >= {(one.sequence, one.event.id) for one in events}, "the feed gets what nobody committed"
        await super().append(environment_id, events)


def stored(stage: Stage, account: StorageAccount, key: str) -> Ports:
    """The ports of another worker whose storage is an account; source, flows and clock are the stage's."""
    claims = BlobClaims(account.blobs)
    return replace(
        stage.another_worker(),
        checkpoints=BlobCheckpoints(account.blobs),
        log=TableEventLog(account.tables, claims),
        subscriptions=TableSubscriptions(account.tables, Cipher([key])),
        dead=TableDeadDeliveries(account.tables, claims),
        queues=StorageQueues(account.queues, claims),
        claims=claims,
    )
