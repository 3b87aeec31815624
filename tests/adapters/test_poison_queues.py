"""What lies on the host's poison queues besides what the host wrote, and who else takes from them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.storage.queue.aio import QueueClient

from shared.adapters.blobs import BlobClaims
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount, or_create
from shared.domain.deliveries import PoisonMessage
from shared.ports import Queue
from tests.contracts import samples


@pytest.fixture
async def poison(account: StorageAccount) -> AsyncIterator[QueueClient]:
    """The poison queue of the poll queue, empty."""
    client = account.queues.get_queue_client(f"{Queue.POLLS.value}-poison")
    await or_create(client.clear_messages, client.create_queue)
    yield client
    await client.clear_messages()


@pytest.fixture
def queues(account: StorageAccount) -> StorageQueues:
    return StorageQueues(account.queues, BlobClaims(account.blobs))


async def test_what_is_no_base64_is_kept_as_it_came(queues: StorageQueues, poison: QueueClient) -> None:
    """Somebody put it on the queue by hand."""
    texts = ['{"v":1}', "æ not base64", "YQ", "YQ===", " YQ=="]
    for text in texts:
        await poison.send_message(text)
    found = await queues.poison(Queue.POLLS, limit=32)
    assert sorted(one.body for one in found) == sorted(text.encode() for text in texts)


async def test_what_was_taken_is_hidden_from_others_for_some_minutes(
    queues: StorageQueues, poison: QueueClient
) -> None:
    await poison.send_message("e30=")
    assert [one.body for one in await queues.poison(Queue.POLLS, limit=32)] == [b"{}"]
    assert await queues.poison(Queue.POLLS, limit=32) == []
    assert (await poison.get_queue_properties()).approximate_message_count == 1


async def test_a_message_that_was_handed_to_somebody_else_is_left_to_them(
    queues: StorageQueues, poison: QueueClient
) -> None:
    await poison.send_message("e30=")
    (ours,) = await queues.poison(Queue.POLLS, limit=1)
    await poison.update_message(ours.id, ours.receipt, content="e30=", visibility_timeout=1)
    await queues.drop_poison(ours)
    assert (await poison.get_queue_properties()).approximate_message_count == 1


async def test_dropping_what_is_gone_is_no_error(queues: StorageQueues, poison: QueueClient) -> None:
    await poison.send_message("e30=")
    (ours,) = await queues.poison(Queue.POLLS, limit=1)
    await poison.clear_messages()
    await queues.drop_poison(ours)


async def test_dropping_from_a_queue_that_never_was_is_no_error(queues: StorageQueues, account: StorageAccount) -> None:
    client = account.queues.get_queue_client(f"{Queue.UNIFICATION_EVENTS.value}-poison")
    await or_create(client.clear_messages, client.create_queue)
    await client.delete_queue()
    message = PoisonMessage(str(uuid4()), Queue.UNIFICATION_EVENTS.value, b"{}", samples.NOON, "AgAAAAMAAAAAAAAA")
    await queues.drop_poison(message)
    assert await queues.poison(Queue.UNIFICATION_EVENTS, limit=32) == []
