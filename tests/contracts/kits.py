"""What stands behind the ports in a contract test: the fakes in memory, or the adapters on a storage emulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient
from cryptography.fernet import Fernet

from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.memory import (
    MemoryCheckpoints,
    MemoryEventLog,
    MemoryQueues,
)
from shared.adapters.memory_subscriptions import MemoryDeadDeliveries, MemorySubscriptions
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.ports import Queue, Queues
from shared.stores import CheckpointStore, DeadDeliveryStore, EventLog, SubscriptionStore


class Mailbox(Protocol):
    """The other side of the queues: what a function would be called with."""

    async def take(self, queue: Queue) -> list[bytes]:
        """Take all messages that can be seen, oldest first."""
        ...

    async def waiting(self, queue: Queue) -> int:
        """How many messages there are, seen or not."""
        ...


@dataclass(frozen=True, slots=True)
class Kit:
    """The ports that keep something. `other_checkpoints` is a second store on the same storage."""

    name: str
    checkpoints: CheckpointStore
    other_checkpoints: CheckpointStore
    log: EventLog
    subscriptions: SubscriptionStore
    dead: DeadDeliveryStore
    queues: Queues
    mailbox: Mailbox


class MemoryMailbox:
    """Takes from the fakes' queues; a message that was sent with a delay is not seen."""

    def __init__(self, queues: MemoryQueues) -> None:
        self._queues = queues

    async def take(self, queue: Queue) -> list[bytes]:
        messages = self._queues.messages[queue]
        seen = [message for message in messages if not message[1]]
        for message in seen:
            messages.remove(message)
        return [body for body, _ in seen]

    async def waiting(self, queue: Queue) -> int:
        return len(self._queues.messages[queue])


class StorageMailbox:
    """Takes from the emulator's queues as the Functions host does: by base64."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    async def take(self, queue: Queue) -> list[bytes]:
        client = self._client(queue)
        found = []
        async for message in client.receive_messages(messages_per_page=32, visibility_timeout=300):
            found.append(message.content.encode())
            await client.delete_message(message)
        return found

    async def waiting(self, queue: Queue) -> int:
        return (await self._client(queue).get_queue_properties()).approximate_message_count or 0

    async def clear(self) -> None:
        """Make the queues, or empty them."""
        for queue in Queue:
            try:
                await self._client(queue).create_queue()
            except ResourceExistsError:
                await self._client(queue).clear_messages()

    def _client(self, queue: Queue) -> QueueClient:
        return self._account.queues.get_queue_client(queue.value, message_decode_policy=TextBase64DecodePolicy())


def memory_kit() -> Kit:
    """The shipped fakes."""
    checkpoints, other = MemoryCheckpoints(), MemoryCheckpoints()
    other.documents = checkpoints.documents
    queues = MemoryQueues()
    return Kit(
        "memory",
        checkpoints,
        other,
        MemoryEventLog(),
        MemorySubscriptions(),
        MemoryDeadDeliveries(),
        queues,
        MemoryMailbox(queues),
    )


@asynccontextmanager
async def storage_kit(connection_string: str) -> AsyncIterator[Kit]:
    """The adapters, on an emulator whose queues are empty."""
    account = StorageAccount.from_connection_string(connection_string)
    claims = BlobClaims(account.blobs)
    mailbox = StorageMailbox(account)
    await mailbox.clear()
    try:
        yield Kit(
            "azurite",
            BlobCheckpoints(account.blobs),
            BlobCheckpoints(account.blobs),
            TableEventLog(account.tables, claims),
            TableSubscriptions(account.tables, Cipher([Fernet.generate_key().decode()])),
            TableDeadDeliveries(account.tables, claims),
            StorageQueues(account.queues, claims),
            mailbox,
        )
    finally:
        await account.close()
