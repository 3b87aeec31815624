"""The storage queues: packing, the claim check, base64, unlimited time to live."""

from collections.abc import Iterable, Sequence

from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.adapters import messages
from shared.adapters.blobs import BlobClaims
from shared.adapters.storage import base64_policy, or_create
from shared.domain.deliveries import DeliveryBatch
from shared.ports import EventBatch, PollRequest, Queue, by_queue

_NEVER_EXPIRES = -1


class StorageQueues:
    """Sends to the queues that the functions listen to."""

    def __init__(self, service: QueueServiceClient, claims: BlobClaims) -> None:
        self._service = service
        self._claims = claims
        self._clients: dict[Queue, QueueClient] = {}

    async def send_polls(self, requests: Sequence[PollRequest], *, delay_seconds: int = 0) -> None:
        """Ask for polls."""
        bodies = [messages.encode_polls(request) for request in requests]
        await self._send(Queue.POLLS, "", bodies, delay_seconds)

    async def send_events(self, batch: EventBatch) -> None:
        """Hand events to the fan-out."""
        for queue, part in by_queue(batch).items():
            await self._send(queue, batch.environment_id, messages.encode_events(part))

    async def send_deliveries(self, batch: DeliveryBatch) -> None:
        """Hand first attempts to delivery."""
        await self._send(Queue.DELIVERIES, batch.environment_id, messages.encode_deliveries(batch))

    async def send_redeliveries(self, batch: DeliveryBatch, *, delay_seconds: int) -> None:
        """Hand later attempts to delivery."""
        bodies = messages.encode_deliveries(batch)
        await self._send(Queue.REDELIVERIES, batch.environment_id, bodies, delay_seconds)

    async def read_polls(self, body: bytes) -> PollRequest:
        """Read a poll message."""
        return messages.decode_polls(body)

    async def read_events(self, body: bytes) -> EventBatch:
        """Read an events message."""
        return messages.decode_events(await self._whole(body))

    async def read_deliveries(self, body: bytes) -> DeliveryBatch:
        """Read a deliveries message."""
        return messages.decode_deliveries(await self._whole(body))

    async def _whole(self, body: bytes) -> bytes:
        claim = messages.claim_of(body)
        return await self._claims.get(claim) if claim else body

    async def _send(self, queue: Queue, environment_id: str, bodies: Iterable[bytes], delay_seconds: int = 0) -> None:
        """One after the other: the events of a subscription may be in several messages."""
        for body in bodies:
            await self._send_one(queue, environment_id, body, delay_seconds)

    async def _send_one(self, queue: Queue, environment_id: str, body: bytes, delay_seconds: int) -> None:
        if len(body) > messages.MAX_MESSAGE_BYTES:
            body = messages.encode_claim(environment_id, await self._claims.put(body))
        client = self._client(queue)
        text = body.decode()
        await or_create(
            lambda: client.send_message(text, visibility_timeout=delay_seconds, time_to_live=_NEVER_EXPIRES),
            client.create_queue,
        )

    def _client(self, queue: Queue) -> QueueClient:
        if queue not in self._clients:
            self._clients[queue] = self._service.get_queue_client(queue.value, message_encode_policy=base64_policy())
        return self._clients[queue]
