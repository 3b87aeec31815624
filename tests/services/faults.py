"""Ports that break at chosen writes, before them or after them, and stay broken until the process is started again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, DeadDelivery, DeliveryBatch
from shared.domain.events import Event, NumberedEvent
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.ports import EventBatch, PollRequest, Ports
from tests.services.stage import Stage


class Crash(Exception):
    """The process stops here."""


@dataclass
class Fuse:
    """Counts writes and blows at some of them. `lasting`: a process that died writes nothing more until its restart."""

    at: frozenset[int] = frozenset()
    after: bool = False
    lasting: bool = True
    writes: int = 0
    dead: bool = False

    def before_write(self) -> None:
        """To be called before each write."""
        if self.dead:
            raise Crash
        self.writes += 1
        if self.writes in self.at and not self.after:
            self._blow()

    def after_write(self) -> None:
        """To be called after each write."""
        if self.writes in self.at and self.after:
            self._blow()

    def restart(self) -> None:
        """Start the process again."""
        self.dead = False

    def _blow(self) -> None:
        self.dead = self.lasting
        raise Crash


class FusedCheckpoints:
    """Each commit is a write."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.read = stage.checkpoints.read
        self._inner, self._fuse = stage.checkpoints, fuse

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        self._fuse.before_write()
        written = await self._inner.write(environment_id, state, etag)
        self._fuse.after_write()
        return written


class FusedLog:
    """Each event is a write, for a batch of rows may be written in part; a number never changes its event."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.read, self.last_number = stage.log.read, stage.log.last_number
        self._inner, self._fuse = stage.log, fuse

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        for one in events:
            self._fuse.before_write()
            kept = await self.read(environment_id, after=one.sequence - 1, limit=1)
            assert not kept or kept[0].sequence != one.sequence or kept[0].event.id == one.event.id
            await self._inner.append(environment_id, [one])
            self._fuse.after_write()


class FusedQueues:
    """Each event or pair is a write, for a batch may be sent in part."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.read_polls = stage.queues.read_polls
        self.read_events = stage.queues.read_events
        self.read_deliveries = stage.queues.read_deliveries
        self._inner, self._fuse = stage.queues, fuse

    async def send_polls(self, requests: Sequence[PollRequest], *, delay_seconds: int = 0) -> None:
        for request in requests:
            self._fuse.before_write()
            await self._inner.send_polls([request], delay_seconds=delay_seconds)
            self._fuse.after_write()

    async def send_events(self, batch: EventBatch) -> None:
        for event in batch.events:
            self._fuse.before_write()
            await self._inner.send_events(replace(batch, events=(event,)))
            self._fuse.after_write()

    async def send_deliveries(self, batch: DeliveryBatch) -> None:
        for pair in batch.pairs:
            self._fuse.before_write()
            await self._inner.send_deliveries(replace(batch, pairs=(pair,)))
            self._fuse.after_write()

    async def send_redeliveries(self, batch: DeliveryBatch, *, delay_seconds: int) -> None:
        self._fuse.before_write()
        await self._inner.send_redeliveries(batch, delay_seconds=delay_seconds)
        self._fuse.after_write()


class FusedSubscriptions:
    """Saving, changing and removing are writes."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.of_environment = stage.subscriptions.of_environment
        self.find = stage.subscriptions.find
        self.environments = stage.subscriptions.environments
        self._inner, self._fuse = stage.subscriptions, fuse

    async def save(self, subscription: Subscription) -> None:
        self._fuse.before_write()
        await self._inner.save(subscription)
        self._fuse.after_write()

    async def set_state(self, subscription_id: str, state: SubscriptionState) -> None:
        self._fuse.before_write()
        await self._inner.set_state(subscription_id, state)
        self._fuse.after_write()

    async def remove(self, subscription_id: str) -> None:
        self._fuse.before_write()
        await self._inner.remove(subscription_id)
        self._fuse.after_write()


class FusedDead:
    """Keeping a dead delivery is a write."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.of_environment = stage.dead.of_environment
        self._inner, self._fuse = stage.dead, fuse

    async def save(self, dead: DeadDelivery) -> None:
        self._fuse.before_write()
        await self._inner.save(dead)
        self._fuse.after_write()


class FusedFlows:
    """Calling a flow is a write: it starts something."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self._inner, self._fuse = stage.flows, fuse

    async def call(self, callback_url: str, event: Event) -> Answer:
        self._fuse.before_write()
        answer = await self._inner.call(callback_url, event)
        self._fuse.after_write()
        return answer


def fused(stage: Stage, fuse: Fuse) -> Ports:
    """The ports of a stage, every write of them through one fuse."""
    return replace(
        stage.ports,
        checkpoints=FusedCheckpoints(stage, fuse),
        log=FusedLog(stage, fuse),
        queues=FusedQueues(stage, fuse),
        subscriptions=FusedSubscriptions(stage, fuse),
        dead=FusedDead(stage, fuse),
        flows=FusedFlows(stage, fuse),
    )
