"""How are the storage accounts of the triggers reached, and is one out of reach?

The clients give up soon, for the loops above them try again; the log hears of an outage once, not at each attempt.
"""

import logging
from contextlib import AbstractAsyncContextManager
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.host.errors import HostError

_log = logging.getLogger(__name__)
_PATIENCE: dict[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 15,
    "retry_total": 1,
    "initial_backoff": 1,
    "increment_base": 1,
    "random_jitter_range": 0,
    "use_env_settings": False,  # else aiohttp looks for ~/.netrc at every request; nothing here goes through a proxy
}


def queue_service(connection: str) -> AbstractAsyncContextManager[QueueServiceClient]:
    """Open the queues of an account."""
    try:
        return QueueServiceClient.from_connection_string(connection, **_PATIENCE)
    except ValueError as error:
        raise HostError(f"a storage connection string cannot be read: {error}") from error


def blob_service(connection: str) -> AbstractAsyncContextManager[BlobServiceClient]:
    """Open the blobs of an account."""
    try:
        return BlobServiceClient.from_connection_string(connection, **_PATIENCE)
    except ValueError as error:
        raise HostError(f"a storage connection string cannot be read: {error}") from error


class Reach:
    """Tells the log when something in storage goes out of reach and when it is back."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lost = False

    def lost(self, error: AzureError) -> None:
        """Note a failed call."""
        if not self._lost:
            reason = error.message.splitlines()[0] if error.message else type(error).__name__
            _log.warning("%s is out of reach, trying on: %s", self._what, reason)
        self._lost = True

    def found(self) -> None:
        """Note a call that went well."""
        if self._lost:
            _log.info("%s is back", self._what)
        self._lost = False
