"""The storage queues: base64, unlimited time to live, and blobs for what is too big for a message."""

from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.adapters.blobs import BlobClaims
from shared.adapters.packed_queues import PackedQueues
from shared.adapters.storage import or_create
from shared.ports import Queue

_NEVER_EXPIRES = -1


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
