"""How is a story played on Azure's storage? By the real adapters; each request that writes goes through the fuse."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from azure.core.exceptions import (
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.counting import READS
from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import BoundedTransport, StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import PoisonMessage
from shared.domain.proofs import Proofs
from shared.domain.windows import Windows
from shared.ports import Ports, Queue
from tests.adapters.own_storage import PLACES
from tests.faults.crash_fuse import StoryFuse
from tests.faults.crash_history import Entry, History, What
from tests.faults.crash_host import Host, Taken
from tests.services.faults import Crash, Fuse, fused
from tests.services.stage import Stage

KEY, OLDER_KEY = "2b6hXY1gTgV1kq7Z7DOXc0sQ6bVt2M1jzWkB3xW3u3k=", "b0lkZXItb2xkZXItb2xkZXItb2xkZXItb2xkZXItMDE="
RETRYING: dict[str, Any] = {"retry_total": 3, "initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0}
RETRYING_TABLES: dict[str, Any] = {"retry_total": 3, "retry_backoff_factor": 0}
ONCE: dict[str, Any] = {"retry_total": 0}


class FusedTransport(BoundedTransport):
    """Each request that writes goes through the fuse; a process that is dead sends nothing at all.

    Where the process lives on, its connection breaks: before the request went out, or after the answer came.
    """

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    async def send(self, request: Any, **options: Any) -> Any:
        if self._fuse.dead:
            raise Crash
        if request.method in READS:
            return await super().send(request, **options)
        try:
            self._fuse.before_write()
        except Crash:
            self._break(ServiceRequestError("The connection could not be made."))
        write = self._fuse.writes
        response = await super().send(request, **options)
        try:
            self._fuse.after_write(write)
        except Crash:
            self._break(ServiceResponseError("The connection broke before the answer came."))
        return response

    def _break(self, broken: Exception) -> None:
        if self._fuse.dead:
            raise
        raise broken from None


def fused_account(connection_string: str, fuse: Fuse, *, retries: bool) -> StorageAccount:
    """The account, whose writes may break. `retries`: the SDK tries again what broke, without a wait."""
    text, many = connection_string, RETRYING if retries else ONCE
    of_tables = RETRYING_TABLES if retries else ONCE
    return StorageAccount(
        BlobServiceClient.from_connection_string(text, transport=FusedTransport(fuse), **many),
        QueueServiceClient.from_connection_string(text, transport=FusedTransport(fuse), **many),
        TableServiceClient.from_connection_string(text, transport=FusedTransport(fuse), **of_tables),
    )


@dataclass(frozen=True, slots=True)
class Cloud:
    """Storage as the process that may die sees it, and as the world around it does."""

    fused: StorageAccount
    plain: StorageAccount

    async def make_places(self) -> None:
        """Make what is missing, and empty the queues."""
        for module, name in PLACES:
            place = getattr(module, name)
            with suppress(ResourceExistsError):
                if module.__name__.endswith(".blobs"):
                    await self.plain.blobs.create_container(place)
                else:
                    await self.plain.tables.create_table(place)
        for queue in Queue:
            client = self.plain.queues.get_queue_client(queue.value)
            try:
                await client.create_queue()
            except ResourceExistsError:
                await client.clear_messages()

    async def show_again(self, poisoned: Sequence[PoisonMessage]) -> None:
        """What was looked at and not taken away is seen again, later."""
        for message in poisoned:
            client = self.plain.queues.get_queue_client(f"{message.queue}-poison")
            with suppress(ResourceNotFoundError):
                await client.update_message(message.id, message.receipt, visibility_timeout=0)


@asynccontextmanager
async def cloud_at(connection_string: str, fuse: Fuse, *, retries: bool) -> AsyncIterator[Cloud]:
    """Both views of it, until the block ends."""
    fused_one = fused_account(connection_string, fuse, retries=retries)
    plain = StorageAccount.from_connection_string(connection_string)
    try:
        yield Cloud(fused_one, plain)
    finally:
        fuse.restart()
        await fused_one.close()
        await plain.close()


class NotingCheckpoints(BlobCheckpoints):
    """Also notes which events are committed together."""

    def __init__(self, service: BlobServiceClient, history: History) -> None:
        super().__init__(service)
        self._history = history

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        return await self._history.commit(environment_id, state, super().write(environment_id, state, etag))


class ImpatientQueues(StorageQueues):
    """Nothing is hidden: the story's own clock moves when what was put off is taken.

    `filled`: queues with messages; `poisoned`: what was looked at.
    """

    def __init__(self, service: QueueServiceClient, claims: BlobClaims, filled: set[Queue]) -> None:
        super().__init__(service, claims)
        self._filled = filled
        self.poisoned: list[PoisonMessage] = []

    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        found = await super().poison(queue, limit=limit)
        self.poisoned += found
        return found

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        self._filled.add(queue)
        await super()._put(queue, body, 0)


def storage_ports(account: StorageAccount, rest: Ports, history: History, filled: set[Queue]) -> Ports:
    """The real adapters, as a worker that has just started has them."""
    claims = BlobClaims(account.blobs)
    return replace(
        rest,
        checkpoints=NotingCheckpoints(account.blobs, history),
        log=TableEventLog(account.tables, claims),
        subscriptions=TableSubscriptions(account.tables, Cipher([KEY])),
        dead=TableDeadDeliveries(account.tables, claims),
        queues=ImpatientQueues(account.queues, claims, filled),
        claims=claims,
        windows=Windows(),
        proofs=Proofs(),
    )


class CloudHost(Host):
    """Takes messages as the Functions host does: they are hidden while they are handled, and seen again when not."""

    rate = 0

    def __init__(self, stage: Stage, fuse: StoryFuse, history: History, cloud: Cloud) -> None:
        self._cloud = cloud
        self._filled = set(Queue)
        super().__init__(stage, fuse, history)

    def new_process(self) -> Ports:
        return storage_ports(self._cloud.fused, fused(self.stage, self.fuse), self.history, self._filled)

    async def take(self) -> Taken | None:
        for queue in [one for one in Queue if one in self._filled]:
            message = await _client(self._cloud.plain, queue).receive_message(visibility_timeout=600)
            if message is not None:
                if queue is Queue.REDELIVERIES:
                    self.wait(minutes=0.25)
                receipt = (message.id, str(message.pop_receipt))
                self.history.add(Entry(What.TAKEN, queue, receipt))
                return Taken(queue, message.content.encode(), receipt)
            self._filled.discard(queue)
        return None

    async def come_back(self) -> None:
        """Go on after a process that died: what that had taken is seen again."""
        for entry in self.history.of(What.TAKEN)[-1:]:
            await self.leave(Taken(Queue(entry.name), b"", entry.events))

    async def drop(self, message: Taken) -> None:
        await _client(self._cloud.fused, message.queue).delete_message(*message.receipt)

    async def leave(self, message: Taken) -> None:
        self._filled.add(message.queue)
        with suppress(ResourceNotFoundError):
            await _client(self._cloud.plain, message.queue).update_message(*message.receipt, visibility_timeout=0)


def _client(account: StorageAccount, queue: Queue) -> QueueClient:
    return account.queues.get_queue_client(queue.value, message_decode_policy=TextBase64DecodePolicy())
