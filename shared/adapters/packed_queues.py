"""What every set of queues does the same: packing, and what becomes of a body that is too big for a message.

It is compressed; what is too big even so goes to a blob, and the message names it (claim check).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from shared.adapters import messages
from shared.adapters.packing import packed, unpacked
from shared.domain.deliveries import DeliveryBatch, PoisonMessage
from shared.ports import EventBatch, PollRequest, Queue, by_queue


class PackedQueues(ABC):
    """The port over three small things that a kind of storage can do."""

    @abstractmethod
    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        """Put a body of at most 48 KiB on a queue, hidden for the delay."""

    @abstractmethod
    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        """Messages that the host gave up."""

    @abstractmethod
    async def drop_poison(self, message: PoisonMessage) -> None:
        """Remove one that the host gave up."""

    @abstractmethod
    async def _keep(self, body: bytes) -> str:
        """Keep a body that is too big, and answer its name."""

    @abstractmethod
    async def _kept(self, name: str) -> bytes:
        """The body that was kept. Raises MessageInvalid when it is gone."""

    async def send_polls(self, requests: Sequence[PollRequest], *, delay_seconds: int = 0) -> None:
        """Ask for polls."""
        await self._send(Queue.POLLS, "", map(messages.encode_polls, requests), delay_seconds)

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

    async def put_back(self, message: PoisonMessage) -> None:
        """Put a message on its queue again."""
        await self._put(Queue(message.queue), message.body, 0)

    async def _send(self, queue: Queue, environment_id: str, bodies: Iterable[bytes], delay_seconds: int = 0) -> None:
        """One after the other: the events of a subscription may be in several messages."""
        for body in bodies:
            small = body
            if len(small) > messages.MAX_MESSAGE_BYTES:
                small = messages.encode_packed(environment_id, packed(body))
            if len(small) > messages.MAX_MESSAGE_BYTES:
                small = messages.encode_claim(environment_id, await self._keep(body))
            await self._put(queue, small, delay_seconds)

    async def _whole(self, body: bytes) -> bytes:
        """The body that was too big for the message, or the message. Raises MessageInvalid."""
        claim, content = messages.stand_in_of(body)
        if content:
            return unpacked(content)
        return await self._kept(claim) if claim else body
