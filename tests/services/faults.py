"""Ports that break at chosen writes, before them or after them, and stay broken until the process is started again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from shared.acting import InsightsActions
from shared.domain.callers import Caller
from shared.domain.catalog import Created
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, DeadDelivery, DeliveryBatch, FlowCall, PoisonMessage
from shared.domain.events import NumberedEvent
from shared.domain.snapshot import Job
from shared.domain.subscriptions import Subscription
from shared.errors import InsightsOutcomeUnknown
from shared.ports import EventBatch, PollRequest, Ports
from shared.stores import Change, Claims, Reencrypted
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
    blown: int = 0

    def before_write(self) -> None:
        """To be called before each write; `writes` is its number then."""
        if self.dead:
            raise Crash
        self.writes += 1
        if self.writes in self.at and not self.after:
            self._blow()

    def after_write(self, write: int | None = None) -> None:
        """To be called after each write, with its number where others may have begun meanwhile."""
        if (write or self.writes) in self.at and self.after:
            self._blow()

    @contextmanager
    def write(self) -> Iterator[None]:
        """What is done in here is a write, whatever is answered to it."""
        self.before_write()
        write = self.writes
        try:
            yield
        finally:
            self.after_write(write)

    def restart(self) -> None:
        """Start the process again."""
        self.dead = False

    def _blow(self) -> None:
        self.blown += 1
        self.dead = self.lasting
        raise Crash


class FusedCheckpoints:
    """Each commit is a write."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.read = stage.checkpoints.read
        self._inner, self._fuse = stage.checkpoints, fuse

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        with self._fuse.write():
            return await self._inner.write(environment_id, state, etag)


class FusedLog:
    """Each event is a write, for a batch of rows may be written in part; a number never changes its event."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self.read, self.last_number, self.search = stage.log.read, stage.log.last_number, stage.log.search
        self._inner, self._fuse = stage.log, fuse

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        for one in events:
            with self._fuse.write():
                kept = await self.read(environment_id, after=one.sequence - 1, limit=1)
                assert not kept or kept[0].sequence != one.sequence or kept[0].event.id == one.event.id
                await self._inner.append(environment_id, [one])

    async def forget(self, before: datetime) -> int:
        with self._fuse.write():
            return await self._inner.forget(before)


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
            with self._fuse.write():
                await self._inner.send_polls([request], delay_seconds=delay_seconds)

    async def send_events(self, batch: EventBatch) -> None:
        for event in batch.events:
            with self._fuse.write():
                await self._inner.send_events(replace(batch, events=(event,)))

    async def send_deliveries(self, batch: DeliveryBatch) -> None:
        for pair in batch.pairs:
            with self._fuse.write():
                await self._inner.send_deliveries(replace(batch, pairs=(pair,)))

    async def send_redeliveries(self, batch: DeliveryBatch, *, delay_seconds: int) -> None:
        with self._fuse.write():
            await self._inner.send_redeliveries(batch, delay_seconds=delay_seconds)

    async def drop_poison(self, message: PoisonMessage) -> None:
        with self._fuse.write():
            await self._inner.drop_poison(message)

    async def put_back(self, message: PoisonMessage) -> None:
        with self._fuse.write():
            await self._inner.put_back(message)


class FusedSubscriptions:
    """Saving, changing and removing are writes; several changes go in one transaction."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        kept = stage.subscriptions
        self.of_environment, self.environments, self.with_key = kept.of_environment, kept.environments, kept.with_key
        self.find, self.find_all, self.show, self.page = kept.find, kept.find_all, kept.show, kept.page
        self._inner, self._fuse = kept, fuse

    async def save(self, subscription: Subscription) -> None:
        with self._fuse.write():
            await self._inner.save(subscription)

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        with self._fuse.write():
            return await self._inner.change(subscription_id, change)

    async def change_all(self, changes: Mapping[str, Change]) -> None:
        with self._fuse.write():
            await self._inner.change_all(changes)

    async def remove(self, subscription_id: str) -> None:
        with self._fuse.write():
            await self._inner.remove(subscription_id)

    async def forget_environment(self, environment_id: str) -> None:
        with self._fuse.write():
            await self._inner.forget_environment(environment_id)

    async def forget_unused(self, before: datetime) -> int:
        with self._fuse.write():
            return await self._inner.forget_unused(before)

    async def reencrypt(self) -> Reencrypted:
        with self._fuse.write():
            return await self._inner.reencrypt()


class FusedDead:
    """Keeping something dead, and taking it away, are writes."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        kept = stage.dead
        self.find, self.page, self.find_message, self.messages = kept.find, kept.page, kept.find_message, kept.messages
        self._inner, self._fuse = kept, fuse

    async def save(self, dead: DeadDelivery) -> None:
        with self._fuse.write():
            await self._inner.save(dead)

    async def remove(self, dead: DeadDelivery) -> None:
        with self._fuse.write():
            await self._inner.remove(dead)

    async def save_message(self, message: PoisonMessage) -> None:
        with self._fuse.write():
            await self._inner.save_message(message)

    async def remove_message(self, message_id: str) -> None:
        with self._fuse.write():
            await self._inner.remove_message(message_id)

    async def forget(self, before: datetime) -> int:
        with self._fuse.write():
            return await self._inner.forget(before)


class FusedClaims:
    """Forgetting bodies is a write."""

    def __init__(self, claims: Claims, fuse: Fuse) -> None:
        self._inner, self._fuse = claims, fuse

    async def forget(self, before: datetime) -> int:
        with self._fuse.write():
            return await self._inner.forget(before)


class FusedFlows:
    """Calling a flow is a write: it starts something."""

    def __init__(self, stage: Stage, fuse: Fuse) -> None:
        self._inner, self._fuse = stage.flows, fuse

    async def call(self, call: FlowCall) -> Answer:
        with self._fuse.write():
            return await self._inner.call(call)


class FusedActions:
    """What a caller starts, changes or cancels is a write. A broken connection says nothing of how it went."""

    def __init__(self, kept: InsightsActions, fuse: Fuse) -> None:
        self.environments, self.my_roles = kept.environments, kept.my_roles
        self.data_sources, self.data_source = kept.data_sources, kept.data_source
        self.segments, self.measures, self.measure = kept.segments, kept.measures, kept.measure
        self.jobs, self.job, self.items = kept.jobs, kept.job, kept.items
        self.entities, self.entity, self.entity_size = kept.entities, kept.entity, kept.entity_size
        self._inner, self._fuse = kept, fuse

    async def set_segment_active(self, environment_id: str, name: str, *, active: bool) -> None:
        with self._act():
            await self._inner.set_segment_active(environment_id, name, active=active)

    async def start_job(self, environment_id: str, operation_type: str, identifier: str = "") -> Job:
        with self._act():
            return await self._inner.start_job(environment_id, operation_type, identifier)

    async def cancel_job(self, environment_id: str, job_id: str) -> Job:
        with self._act():
            return await self._inner.cancel_job(environment_id, job_id)

    async def create_item(self, environment_id: str, entity: str, item: bytes, options: Mapping[str, str]) -> Created:
        with self._act():
            return await self._inner.create_item(environment_id, entity, item, options)

    async def update_item(
        self, environment_id: str, entity: str, item_id: str, item: bytes, options: Mapping[str, str]
    ) -> None:
        with self._act():
            await self._inner.update_item(environment_id, entity, item_id, item, options)

    @contextmanager
    def _act(self) -> Iterator[None]:
        try:
            with self._fuse.write():
                yield
        except Crash:
            if self._fuse.dead:
                raise
            raise InsightsOutcomeUnknown from None


def fused(stage: Stage, fuse: Fuse) -> Ports:
    """The ports of a stage, every write of them through one fuse."""

    def acting(caller: Caller, environment_id: str) -> InsightsActions:
        return FusedActions(stage.actions(caller, environment_id), fuse)

    ports = stage.ports
    return replace(
        ports,
        checkpoints=FusedCheckpoints(stage, fuse),
        log=FusedLog(stage, fuse),
        queues=FusedQueues(stage, fuse),
        subscriptions=FusedSubscriptions(stage, fuse),
        dead=FusedDead(stage, fuse),
        flows=FusedFlows(stage, fuse),
        claims=FusedClaims(ports.claims, fuse),
        acting=acting,
    )
