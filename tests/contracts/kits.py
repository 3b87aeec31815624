"""What stands behind the ports in a contract test: the fakes in memory, or the adapters on a storage emulator."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient
from cryptography.fernet import Fernet

from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.memory import MemoryCheckpoints, MemoryEventLog, MemoryQueues
from shared.adapters.memory_subscriptions import MemoryClaims, MemoryDeadDeliveries, MemorySubscriptions
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount, or_create
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.deliveries import PoisonMessage
from shared.ports import Queue, Queues
from shared.stores import CheckpointStore, Claims, DeadDeliveryStore, EventLog, SubscriptionStore


class Mailbox(Protocol):
    """The other side of the queues: what a function would be called with."""

    async def take(self, queue: Queue) -> list[bytes]:
        """Take all messages that can be seen, oldest first."""
        ...

    async def waiting(self, queue: Queue) -> int:
        """How many messages there are, seen or not."""
        ...

    async def give_up(self, queue: Queue, *bodies: bytes) -> None:
        """Put bodies aside as the Functions host does with a message that failed five times."""
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
    claims: Claims


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

    async def give_up(self, queue: Queue, *bodies: bytes) -> None:
        self._queues.poisoned += [PoisonMessage(str(uuid4()), queue.value, body, datetime.now(UTC)) for body in bodies]


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

    async def give_up(self, queue: Queue, *bodies: bytes) -> None:
        client = self._account.queues.get_queue_client(f"{queue.value}-poison")
        for text in [base64.b64encode(body).decode() for body in bodies]:
            await or_create(lambda: client.send_message(text), client.create_queue)  # noqa: B023

    async def clear(self) -> None:
        """Make the queues, or empty them; take the poison away."""
        for queue in Queue:
            try:
                await self._client(queue).create_queue()
            except ResourceExistsError:
                await self._client(queue).clear_messages()
            with suppress(ResourceNotFoundError):
                await self._account.queues.get_queue_client(f"{queue.value}-poison").clear_messages()

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
        MemoryClaims(),
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
            claims,
        )
    finally:
        await account.close()
