"""Which of several hosts on one storage account runs a timer? The one that holds the lease of its blob."""

import asyncio
import os
import platform
import time
from contextlib import suppress
from uuid import uuid4

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient

from local.host.stopping import stopped_within
from local.host.storage import Reach

CONTAINER = "azure-webjobs-hosts"
LEASE_SECONDS = 15
_RENEW_SECONDS = 5


class Singleton:
    """A lease that one host holds at a time; a dead host of this machine holds it no longer."""

    def __init__(self, service: BlobServiceClient, path: str) -> None:
        self._container = service.get_container_client(CONTAINER)
        self._blob: BlobClient = self._container.get_blob_client(path)
        self._lease = BlobLeaseClient(self._blob)
        self._reach = Reach(f"lease {path}")

    @property
    def lease_id(self) -> str:
        """The lease that was last tried for."""
        return str(self._lease.id)

    async def acquire(self) -> bool:
        """Try to become the one that runs."""
        try:
            return await self._acquire() or (await self._freed_from_the_dead() and await self._acquire())
        except AzureError as error:
            self._reach.lost(error)
            return False

    async def keep(self, stop: asyncio.Event, over: asyncio.Event) -> None:
        """Renew until the host stops or the lease is lost, and tell so by `over`."""
        renewed = time.monotonic()
        while not await stopped_within(stop, _RENEW_SECONDS):
            try:
                await self._lease.renew()
                self._reach.found()
                renewed = time.monotonic()
            except AzureError as error:
                self._reach.lost(error)
                refused = isinstance(error, HttpResponseError) and error.status_code in {404, 409, 412}
                if refused or time.monotonic() - renewed > LEASE_SECONDS - _RENEW_SECONDS:
                    break
        over.set()

    async def release(self) -> None:
        """Let another host run at once."""
        with suppress(AzureError):
            await self._lease.release()

    async def _acquire(self) -> bool:
        self._lease = BlobLeaseClient(self._blob, lease_id=str(uuid4()))
        try:
            await self._lease.acquire(lease_duration=LEASE_SECONDS)
        except ResourceNotFoundError:
            await self._create()
            return await self._acquire()
        except HttpResponseError as error:
            if error.status_code == 409:
                return False
            raise
        holder = {"machine": platform.node(), "process": str(os.getpid()), "lease": self.lease_id}
        await self._blob.set_blob_metadata(holder, lease=self._lease)
        self._reach.found()
        return True

    async def _create(self) -> None:
        with suppress(ResourceExistsError):
            await self._container.create_container()
        with suppress(ResourceExistsError):
            await self._blob.upload_blob(b"")

    async def _freed_from_the_dead(self) -> bool:
        """Give up the lease in the name of a holder that was killed on this machine.

        By its lease id, so that a lease which changed hands meanwhile is left alone.
        """
        holder = (await self._blob.get_blob_properties()).metadata
        if holder.get("machine") == platform.node() and not _is_alive(int(holder["process"])):
            with suppress(HttpResponseError):
                await BlobLeaseClient(self._blob, lease_id=holder["lease"]).release()
        return True


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 is no question but an order
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
