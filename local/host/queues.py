"""Which messages wait for a function, and what becomes of them?

Takes, keeps, deletes, gives back and sets aside as Azure's Storage Queues extension does.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.host.declarations import QueueFunction
from local.host.host_json import QueueOptions
from local.host.invoke import Outcome
from local.host.messages import Pauses, body_of, content_of, metadata_of, poison_queue_of
from local.host.runner import Runner
from local.host.stopping import stopped_within
from local.host.storage import Reach

_log = logging.getLogger(__name__)


class MessageLease:
    """Keeps a message invisible to others while its function runs; renewed at half time."""

    def __init__(self, queue: QueueClient, message: QueueMessage, seconds: int) -> None:
        self._queue = queue
        self._id = message.id
        self._seconds = seconds
        self._over = asyncio.Event()
        self.pop_receipt: str = message.pop_receipt or ""

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not cancelled: a renewal on its way changes the receipt, and without the new one the message would run twice.
        self._over.set()
        await self._keeping

    async def _keep(self) -> None:
        while not await stopped_within(self._over, self._seconds / 2):
            try:
                renewed = await self._queue.update_message(
                    self._id, pop_receipt=self.pop_receipt, visibility_timeout=self._seconds
                )
            except HttpResponseError as error:
                _log.warning("The lease of message %s cannot be renewed: %s", self._id, error.reason)
                if (error.status_code or 500) < 500:
                    return
            except AzureError as error:
                _log.warning("The lease of message %s cannot be renewed: %s", self._id, type(error).__name__)
            else:
                self.pop_receipt = renewed.pop_receipt or self.pop_receipt


class QueueListener:
    """Feeds one function from its queue."""

    def __init__(
        self,
        function: QueueFunction,
        service: QueueServiceClient,
        options: QueueOptions,
        lease_seconds: int,
        runner: Runner,
    ) -> None:
        self._function = function
        self._queue = service.get_queue_client(function.queue)
        poison = poison_queue_of(function.queue)
        self._poison = None if poison is None else service.get_queue_client(poison)
        self._options = options
        self._lease_seconds = lease_seconds
        self._runner = runner
        self._running: set[asyncio.Task[None]] = set()
        self._reach = Reach(f"queue {function.queue}")

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until the host stops, then wait for what is running."""
        pauses = Pauses(self._options.max_polling_interval)
        try:
            while not stop.is_set():
                if await self._take():
                    pauses.found()
                    await self._room()
                else:
                    await stopped_within(stop, pauses.next())
            await asyncio.gather(*self._running)
        finally:
            for task in self._running:
                task.cancel()

    async def _take(self) -> int:
        """Start a run for each message of the next batch; tells how many."""
        try:
            batch = await self._receive()
        except ResourceNotFoundError:
            batch = await self._create()
        except AzureError as error:
            self._reach.lost(error)
            return 0
        for message in batch:
            task = asyncio.create_task(self._handle(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(batch)

    async def _receive(self) -> Sequence[QueueMessage]:
        # One page is one call to the service.
        pages = self._queue.receive_messages(
            messages_per_page=self._options.batch_size, visibility_timeout=self._lease_seconds
        ).by_page()
        batch: list[QueueMessage] = []
        with suppress(StopAsyncIteration):
            batch = [message async for message in await anext(pages)]
        self._reach.found()
        return batch

    async def _create(self) -> Sequence[QueueMessage]:
        try:
            with suppress(ResourceExistsError):
                await self._queue.create_queue()
        except AzureError as error:
            self._reach.lost(error)
        return ()

    async def _room(self) -> None:
        """Wait until few enough run for another batch."""
        while len(self._running) > self._options.new_batch_threshold:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    async def _handle(self, message: QueueMessage) -> None:
        try:
            if (message.dequeue_count or 0) > self._options.max_dequeue_count:
                await self._set_aside(message, message.pop_receipt or "", "it was taken too often")
                return
            async with MessageLease(self._queue, message, self._lease_seconds) as lease:
                outcome = await self._run(message)
            if outcome is None:
                await self._set_aside(message, lease.pop_receipt, "its body is not base64")
            else:
                await self._settle(message, lease.pop_receipt, outcome)
        except AzureError as error:
            _log.warning("Message %s of %s cannot be settled: %s", message.id, self._function.queue, error)

    async def _run(self, message: QueueMessage) -> Outcome | None:
        body = body_of(message, is_base64=self._options.base64, binary=self._function.binary)
        if body is None:
            return None
        reason = f"New queue message detected on '{self._function.queue}'."
        return await self._runner.run(self._function.name, body, metadata_of(message, body), reason=reason)

    async def _settle(self, message: QueueMessage, receipt: str, outcome: Outcome) -> None:
        if outcome.ok:
            await self._queue.delete_message(message.id, receipt)
        elif (message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await self._set_aside(message, receipt, "its function failed too often")
        elif self._poison is not None:
            seconds = int(self._options.visibility_timeout.total_seconds())
            await self._queue.update_message(message.id, pop_receipt=receipt, visibility_timeout=seconds)

    async def _set_aside(self, message: QueueMessage, receipt: str, reason: str) -> None:
        """Copy to the poison queue, then delete; without a poison queue the message stays, invisible for a while."""
        if self._poison is None:
            return
        _log.warning("Message %s of %s goes to the poison queue: %s", message.id, self._function.queue, reason)
        try:
            await self._poison.send_message(content_of(message))
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._poison.create_queue()
            await self._poison.send_message(content_of(message))
        await self._queue.delete_message(message.id, receipt)
