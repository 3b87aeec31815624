"""The storage account: its three clients, by connection string or by identity, and making what is missing.

Bicep makes the queues, tables and containers in Azure; on one machine they are made at first use.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

Result = TypeVar("Result")
# Waits of about 1, 3 and 7 seconds; the SDK's own first wait is 15, which would outlast a relay's time.
_RETRIES: dict[str, Any] = {"initial_backoff": 1, "increment_base": 2, "retry_total": 3, "random_jitter_range": 1}
_MISSING = ("ContainerNotFound", "QueueNotFound", "TableNotFound")


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
            BlobServiceClient.from_connection_string(text, **_RETRIES),
            QueueServiceClient.from_connection_string(text, **_RETRIES),
            TableServiceClient.from_connection_string(text),
        )

    @classmethod
    def with_identity(
        cls, blob_url: str, queue_url: str, table_url: str, credential: AsyncTokenCredential
    ) -> "StorageAccount":
        """Without a key: the identity's roles decide."""
        return cls(
            BlobServiceClient(blob_url, credential=credential, **_RETRIES),
            QueueServiceClient(queue_url, credential=credential, **_RETRIES),
            TableServiceClient(table_url, credential=credential),
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
