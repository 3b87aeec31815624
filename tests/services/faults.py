"""Ports that break at chosen writes, before them or after them, and stay broken until the process is started again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, DeadDelivery, DeliveryBatch, FlowCall, PoisonMessage
from shared.domain.events import NumberedEvent
from shared.domain.subscriptions import Subscription
from shared.ports import EventBatch, PollRequest, Ports
from shared.stores import Change
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
        self.search, self.forget = stage.log.search, stage.log.forget
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
        self.poison = stage.queues.poison
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

    async def drop_poison(self, message: PoisonMessage) -> None:
        self._fuse.before_write()
        await self._inner.drop_poison(message)
        self._fuse.after_write()

    async def put_back(self, message: PoisonMessage) -> None:
        self._fuse.before_write()
        await self._inner.put_back(message)
        self._fuse.after_write()


class FusedSubscriptions:
    """Saving, changing and removing are writes; several changes go in one transaction."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        kept = stage.subscriptions
        self.of_environment, self.environments, self.with_key = kept.of_environment, kept.environments, kept.with_key
        self.find, self.find_all, self.show, self.page = kept.find, kept.find_all, kept.show, kept.page
        self.forget_unused, self.reencrypt = kept.forget_unused, kept.reencrypt
        self.forget_environment = kept.forget_environment
        self._inner, self._fuse = kept, fuse

    async def save(self, subscription: Subscription) -> None:
        self._fuse.before_write()
        await self._inner.save(subscription)
        self._fuse.after_write()

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        self._fuse.before_write()
        changed = await self._inner.change(subscription_id, change)
        self._fuse.after_write()
        return changed

    async def change_all(self, changes: Mapping[str, Change]) -> None:
        self._fuse.before_write()
        await self._inner.change_all(changes)
        self._fuse.after_write()

    async def remove(self, subscription_id: str) -> None:
        self._fuse.before_write()
        await self._inner.remove(subscription_id)
        self._fuse.after_write()


class FusedDead:
    """Keeping something dead, and taking it away, are writes."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        kept = stage.dead
        self.find, self.page, self.find_message, self.messages = kept.find, kept.page, kept.find_message, kept.messages
        self.forget = kept.forget
        self._inner, self._fuse = kept, fuse

    async def save(self, dead: DeadDelivery) -> None:
        self._fuse.before_write()
        await self._inner.save(dead)
        self._fuse.after_write()

    async def remove(self, dead: DeadDelivery) -> None:
        self._fuse.before_write()
        await self._inner.remove(dead)
        self._fuse.after_write()

    async def save_message(self, message: PoisonMessage) -> None:
        self._fuse.before_write()
        await self._inner.save_message(message)
        self._fuse.after_write()

    async def remove_message(self, message_id: str) -> None:
        self._fuse.before_write()
        await self._inner.remove_message(message_id)
        self._fuse.after_write()


class FusedFlows:
    """Calling a flow is a write: it starts something."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self._inner, self._fuse = stage.flows, fuse

    async def call(self, call: FlowCall) -> Answer:
        self._fuse.before_write()
        answer = await self._inner.call(call)
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
