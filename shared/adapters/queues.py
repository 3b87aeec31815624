"""The storage queues: base64, unlimited time to live, and blobs for what is too big for a message."""

import base64
import binascii
from datetime import UTC, datetime

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage, TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.adapters.blobs import BlobClaims
from shared.adapters.packed_queues import PackedQueues
from shared.adapters.storage import code_of, or_create
from shared.domain.deliveries import PoisonMessage
from shared.ports import Queue

_NEVER_EXPIRES = -1
_MOST_AT_ONCE = 32  # Get Messages gives no more
_HIDDEN_SECONDS = 300
_NOT_OURS = ("MessageNotFound", "PopReceiptMismatch", "QueueNotFound")


class StorageQueues(PackedQueues):
    """Sends to the queues that the functions listen to."""

    def __init__(self, service: QueueServiceClient, claims: BlobClaims) -> None:
        self._service = service
        self._claims = claims
        self._clients: dict[Queue, QueueClient] = {}

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        client = self._client(queue)
        text = body.decode()
        await or_create(
            lambda: client.send_message(text, visibility_timeout=delay_seconds, time_to_live=_NEVER_EXPIRES),
            client.create_queue,
        )

    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        """Messages of the host's poison queue, as they are there: what is no base64 is kept as it came."""
        client = self._service.get_queue_client(_poison(queue))
        count = min(limit, _MOST_AT_ONCE)
        try:
            pages = client.receive_messages(max_messages=count, visibility_timeout=_HIDDEN_SECONDS)
            return [_poisoned(queue, message) async for message in pages]
        except ResourceNotFoundError:  # the host makes it when it needs it
            return []

    async def drop_poison(self, message: PoisonMessage) -> None:
        """Remove a message; one that is gone or was handed to somebody else is left."""
        client = self._service.get_queue_client(_poison(Queue(message.queue)))
        try:
            await client.delete_message(message.id, message.receipt)
        except HttpResponseError as error:
            if code_of(error) not in _NOT_OURS:
                raise

    async def _keep(self, body: bytes) -> str:
        return await self._claims.put(body)

    async def _kept(self, name: str) -> bytes:
        return await self._claims.get(name)

    def _client(self, queue: Queue) -> QueueClient:
        """The Functions host expects base64."""
        if queue not in self._clients:
            encoding = TextBase64EncodePolicy()
            self._clients[queue] = self._service.get_queue_client(queue.value, message_encode_policy=encoding)
        return self._clients[queue]


def _poison(queue: Queue) -> str:
    return f"{queue.value}-poison"


def _poisoned(queue: Queue, message: QueueMessage) -> PoisonMessage:
    text = str(message.content)
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        body = text.encode()
    died_at = message.inserted_on or datetime.now(UTC)
    return PoisonMessage(str(message.id), queue.value, body, died_at, str(message.pop_receipt))
