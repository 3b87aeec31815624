"""The storage account: its three clients, by connection string or by identity, and making what is missing.

Bicep makes the queues, tables and containers in Azure; on one machine they are made at first use.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ServiceResponseTimeoutError
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared.adapters.proxies import has_proxy

Result = TypeVar("Result")
# Waits of about 1, 3 and 7 seconds; the SDK's own first wait is 15, which would outlast a relay's time.
_RETRIES: dict[str, Any] = {"initial_backoff": 1, "increment_base": 2, "retry_total": 3, "random_jitter_range": 1}
_TABLE_RETRIES: dict[str, Any] = {"retry_total": 3, "retry_backoff_factor": 0.8}
ATTEMPT_SECONDS = 30.0  # as long as the service itself works on a request; with its retries a call ends in two minutes
_CONNECT_SECONDS = 10
_BLOCK_BYTES = 256 * 1024
_MISSING = ("ContainerNotFound", "QueueNotFound", "TableNotFound")


class BoundedTransport(AioHttpTransport):  # type: ignore[misc]  # it is Any to mypy
    """Gives up an attempt whose answer is not whole in time. The SDK's own time-outs begin anew with every byte."""

    def __init__(self) -> None:
        super().__init__(
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=ATTEMPT_SECONDS,
            connection_data_block_size=_BLOCK_BYTES,
            use_env_settings=has_proxy(),
        )

    async def send(self, request: Any, **options: Any) -> Any:
        """The answer, read to its end even where the SDK would read it later."""
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                response = await super().send(request, **options)
                if options.get("stream"):
                    await response.read()
                return response
        except TimeoutError:
            raise ServiceResponseTimeoutError("The storage gave no whole answer in time.") from None


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """Clients for blobs, queues and tables of one account."""

    blobs: BlobServiceClient
    queues: QueueServiceClient
    tables: TableServiceClient

    @classmethod
    def from_connection_string(cls, text: str) -> "StorageAccount":
        """With a key in the text: for Azurite and tests."""
        return cls(
            BlobServiceClient.from_connection_string(text, transport=BoundedTransport(), **_RETRIES),
            QueueServiceClient.from_connection_string(text, transport=BoundedTransport(), **_RETRIES),
            TableServiceClient.from_connection_string(text, transport=BoundedTransport(), **_TABLE_RETRIES),
        )

    @classmethod
    def with_identity(
        cls, blob_url: str, queue_url: str, table_url: str, credential: AsyncTokenCredential
    ) -> "StorageAccount":
        """Without a key: the identity's roles decide."""
        return cls(
            BlobServiceClient(blob_url, credential=credential, transport=BoundedTransport(), **_RETRIES),
            QueueServiceClient(queue_url, credential=credential, transport=BoundedTransport(), **_RETRIES),
            TableServiceClient(table_url, credential=credential, transport=BoundedTransport(), **_TABLE_RETRIES),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.blobs.close()
        await self.queues.close()
        await self.tables.close()


async def or_create(action: Callable[[], Awaitable[Result]], create: Callable[[], Awaitable[object]]) -> Result:
    """Do it; when the container, queue or table is missing, make it and do it again."""
    try:
        return await action()
    except HttpResponseError as error:
        if code_of(error) not in _MISSING:
            raise
    with suppress(ResourceExistsError):
        await create()
    return await action()


def code_of(error: HttpResponseError) -> str:
    """Azure storage's own error code, such as ConditionNotMet."""
    code = getattr(error, "error_code", None) or ""
    return str(getattr(code, "value", code))
