"""A program of its own: the storage adapters with a managed identity and without a key, a write and a read each.

What it needs is in its environment: the identity endpoint, the roots to trust, and the three addresses.
"""

import asyncio
import os

from azure.identity.aio import ManagedIdentityCredential

from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.event_table import TableEventLog
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.domain.checkpoint import EnvironmentState
from shared.ports import PollRequest, Queue
from tests.contracts import samples

ENVIRONMENT = "5b1c7f0e-52a4-4c8a-9a37-1f0d2a6c9e01"


async def main() -> None:
    blobs, queues, tables = (os.environ[name] for name in ("BLOB_URL", "QUEUE_URL", "TABLE_URL"))
    async with ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"]) as credential:
        account = StorageAccount.with_identity(blobs, queues, tables, credential)
        try:
            await write_and_read(account)
        finally:
            await account.close()


async def write_and_read(account: StorageAccount) -> None:
    claims = BlobClaims(account.blobs)
    checkpoints, log = BlobCheckpoints(account.blobs), TableEventLog(account.tables, claims)
    await checkpoints.write(ENVIRONMENT, EnvironmentState(sequence=7), None)
    stored = await BlobCheckpoints(account.blobs).read(ENVIRONMENT)
    print("blob", stored.state.sequence if stored else None)
    queues = StorageQueues(account.queues, claims)
    await queues.send_polls([PollRequest((ENVIRONMENT,))])
    async for message in account.queues.get_queue_client(Queue.POLLS.value).receive_messages():
        print("queue", Queue.POLLS.value if message.content else None)
    await log.append(ENVIRONMENT, samples.numbered(ENVIRONMENT, 1))
    (event,) = await log.read(ENVIRONMENT, after=0, limit=5)
    print("table", event.sequence)


if __name__ == "__main__":
    asyncio.run(main())
