"""Is the upkeep of storage safe to break off? Poison that is put aside and back; old keys; what has had its time."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from azure.data.tables.aio import TableClient

from shared.adapters import subscription_table
from shared.adapters.blobs import BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.messages import encode_deliveries, encode_polls
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.deliveries import DeadDelivery, DeliveryBatch, Pair, PoisonMessage
from shared.domain.events import Event, NumberedEvent
from shared.domain.signatures import SigningSecret
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import MessageInvalid, NotFound
from shared.ports import PollRequest, Ports, Queue
from shared.services.drain_poison import drain_poison
from shared.services.replay_delivery import replay_delivery
from shared.services.sweep import sweep
from shared.services.unsubscribe import unsubscribe
from tests.contracts import samples
from tests.contracts.kits import StorageMailbox
from tests.factories import START
from tests.faults.crash_cloud import KEY, OLDER_KEY, Cloud, ImpatientQueues, cloud_at, storage_ports
from tests.faults.crash_history import History
from tests.faults.crash_host import OF_A_CRASH
from tests.services.faults import Fuse, fused
from tests.services.stage import ADMINISTRATOR, MAKER, Stage, standing_order

LONG = timedelta(days=45)  # longer than anything is kept
ENDED = SubscriptionState.ENDED
ORPHAN = "flow-of-a-subscription-that-is-gone"
TOO_BIG = b"the body of a message that was handled long ago"


async def faults_of_upkeep(connection_string: str, fuse: Fuse, environment: str, *, retries: bool) -> list[str]:
    """Two evenings and two nights, in which something may break: what was promised and is not so."""
    async with cloud_at(connection_string, fuse, retries=retries) as cloud:
        upkeep = _Upkeep(cloud, fuse, environment, Stage(now=datetime.now(UTC)))
        await upkeep.put_in()
        for _ in range(2):
            await upkeep.evening()
        found = await upkeep.faults_of_poison()
        upkeep.stage.now += LONG
        for _ in range(2):
            await upkeep.night()
        found += [*await upkeep.faults_of_the_kept(), *await upkeep.faults_of_the_old()]
        for one in upkeep.kept:
            await upkeep.subscriptions(KEY).remove(one.id)
    return found


@dataclass(frozen=True, slots=True)
class _Upkeep:
    """What is done for an environment, by a process that may die; and what is seen of it from outside."""

    cloud: Cloud
    fuse: Fuse
    environment: str
    stage: Stage
    deserted: Subscription = field(default_factory=lambda: standing_order("last", environment_id=str(uuid4())))
    polls: list[PollRequest] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def put_in(self) -> None:
        """Fill storage: half of it may go after a long time."""
        for one in (*self.kept, self.deserted, self._half):
            await self.subscriptions(OLDER_KEY).save(one)
        await self._table(subscription_table.SUBSCRIPTIONS).delete_entity(self.environment, self._half.id)
        ports, now = self._outside(), self.stage.now
        for place, at in ((1, now), (2, now + LONG)):
            event = replace(samples.event(self.environment, place), time=at)
            await ports.log.append(self.environment, [NumberedEvent(place, event)])
            await ports.dead.save(DeadDelivery(self.environment, f"{self.environment}.one", event, "fault", 1, at))
        await ports.dead.save(DeadDelivery(self.environment, self.kept[0].id, self._long, "fault", 1, now + LONG))
        await ports.dead.save_message(PoisonMessage(f"old-{self.environment}", Queue.POLLS.value, TOO_BIG, now - LONG))
        await BlobClaims(self.cloud.plain.blobs).put(TOO_BIG)
        batch = DeliveryBatch(self.environment, (samples.event(self.environment, 3),), (Pair(self._poisoned, (0,)),))
        await self._mailbox.give_up(Queue.DELIVERIES, *encode_deliveries(batch))
        await self._mailbox.give_up(Queue.POLLS, encode_polls(PollRequest((self.environment,))))

    async def evening(self) -> None:
        """Put poison aside, and what of it is no delivery back on its queue.

        Callers ask for a delivery whose event is too big for a message, and leave an environment that has no other.
        """
        ports = storage_ports(self.cloud.fused, fused(self.stage, self.fuse), History(), set[Queue]())
        await self._step(lambda: drain_poison(ports))
        assert isinstance(ports.queues, ImpatientQueues)
        await self.cloud.show_again(ports.queues.poisoned)
        for message in await self._outside().dead.messages(limit=9):
            if message.body != TOO_BIG:
                await self._step(lambda: replay_delivery(ports, message.id, ADMINISTRATOR))  # noqa: B023
        with suppress(NotFound):  # the evening before was enough
            await self._step(lambda: replay_delivery(ports, f"{self.kept[0].id}.{self._long.id}", MAKER))
        await self._step(lambda: unsubscribe(ports, self.deserted.id, MAKER))
        self.fuse.restart()
        await self._handle()

    async def night(self) -> None:
        """Sweep."""
        ports = storage_ports(self.cloud.fused, fused(self.stage, self.fuse), History(), set[Queue]())
        keys = TableSubscriptions(self.cloud.fused.tables, Cipher([KEY, OLDER_KEY]))
        await self._step(lambda: sweep(replace(ports, subscriptions=keys), suspended_days=14))
        self.fuse.restart()

    async def faults_of_poison(self) -> list[str]:
        """It is off its queues: a delivery is among the dead, anything else is where it was, once more at most.

        The delivery that was asked for is on its queue, and can be read.
        """
        ports = self._outside()
        left = [message for queue in Queue for message in await ports.queues.poison(queue, limit=32)]
        aside = [message for message in await ports.dead.messages(limit=9) if message.body != TOO_BIG]
        once_or_more = range(1, 2 + self.fuse.blown)
        dead = await ports.dead.find(f"{self._poisoned}.{samples.event(self.environment, 3).id}")
        return [
            *(["poison is still on its queue"] if left else []),
            *(["a message is still put aside"] if aside else []),
            *([] if len(self.polls) in once_or_more else [f"{len(self.polls)} messages were put back"]),
            *([] if set(self.sent) == {self._long.id} else [f"{self.sent} were sent again"]),
            *([] if len(self.sent) in once_or_more else [f"a delivery was sent {len(self.sent)} times"]),
            *([] if dead else ["a poisoned delivery is not among the dead"]),
        ]

    async def faults_of_the_kept(self) -> list[str]:
        """All is under the newest key; what has ended long ago is gone, and nobody watches where nobody is."""
        after = self.subscriptions(KEY)
        found = [await _difference(after, one) for one in (*self.kept, replace(self.deserted, state=ENDED))]
        watched = set(await after.environments()) & {self.environment, self.deserted.environment_id}
        keys = self._table(subscription_table.KEYS)
        orphans = [row async for row in keys.query_entities("PartitionKey eq @key", parameters={"key": ORPHAN})]
        return [
            *filter(None, found),
            *([] if watched == {self.environment} else [f"watched are {watched}"]),
            *(["a key is kept without its subscription"] if orphans else []),
        ]

    async def faults_of_the_old(self) -> list[str]:
        """What has had its time is gone, and nothing else."""
        ports = self._outside()
        logged = [one.sequence for one in await ports.log.read(self.environment, after=0, limit=9)]
        dead = await ports.dead.page(environment_id=self.environment, subscription_id=None, after="", limit=9)
        wanted = samples.event(self.environment, 2).id
        return [
            *([] if logged == [2] else [f"of two events, the feed has {logged}"]),
            *([] if [one.event.id for one in dead] == [wanted] else [f"of two, {len(dead)} are dead"]),
            *(["an old message is still put aside"] if await ports.dead.messages(limit=9) else []),
            *(["a body is kept for ever"] if await self._keeps_a_body() else []),
        ]

    @property
    def kept(self) -> list[Subscription]:
        """Two that are live, and one whose flow has been gone for long."""
        states = {"one": SubscriptionState.ACTIVE, "two": SubscriptionState.ACTIVE, "gone": ENDED}
        return [
            replace(
                standing_order(name, state=state, environment_id=self.environment),
                flow_key=f"flow-{self.environment}-{name}",
                callback_key=f"callback-{self.environment}-{name}",
                state_since=START,
                signing_secrets=(SigningSecret(f"whsec_{name}"),),
            )
            for name, state in states.items()
        ]

    @property
    def _long(self) -> Event:
        return samples.of_size(self.environment, 50_000, 4)

    @property
    def _half(self) -> Subscription:
        """One that a crash left half removed."""
        return replace(standing_order("half", environment_id=self.environment), flow_key=ORPHAN)

    def subscriptions(self, *keys: str) -> TableSubscriptions:
        """Them, as somebody with these keys sees them."""
        return TableSubscriptions(self.cloud.plain.tables, Cipher(keys))

    async def _handle(self) -> None:
        """Messages are handled before the next evening."""
        queues = self._outside().queues
        self.polls.extend([await queues.read_polls(one) for one in await self._mailbox.take(Queue.POLLS)])
        for batch in [await queues.read_deliveries(one) for one in await self._mailbox.take(Queue.DELIVERIES)]:
            self.sent.extend(event.id for event in batch.events)

    async def _step(self, action: Callable[[], Awaitable[object]]) -> None:
        """Nobody repeats it before the next time."""
        before = self.fuse.blown
        try:
            await action()
        except OF_A_CRASH:
            if self.fuse.blown == before and not self.fuse.dead:
                raise

    async def _keeps_a_body(self) -> bool:
        try:
            return bool(await BlobClaims(self.cloud.plain.blobs).get(f"{sha256(TOO_BIG).hexdigest()}.json"))
        except MessageInvalid:
            return False

    def _outside(self) -> Ports:
        return storage_ports(self.cloud.plain, self.stage.ports, History(), set[Queue]())

    def _table(self, name: str) -> TableClient:
        return self.cloud.plain.tables.get_table_client(name)

    @property
    def _mailbox(self) -> StorageMailbox:
        return StorageMailbox(self.cloud.plain)

    @property
    def _poisoned(self) -> str:
        return f"{self.environment}.poisoned"


async def _difference(after: TableSubscriptions, one: Subscription) -> str:
    """How a subscription is not as it should be, with the newest key alone."""
    found = await after.find(one.id)
    by_key = {other.id for key in one.keys for other in await after.with_key(key)}
    if not one.is_live:
        return f"{one.id} is still there" if found or by_key else ""
    if found is None or by_key != {one.id}:
        return f"{one.id} is gone, or cannot be found by its keys"
    same = (found.callback_url, found.signing_secrets) == (one.callback_url, one.signing_secrets)
    return "" if same else f"{one.id} lost its secrets"
