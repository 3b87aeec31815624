"""What goes over the wire to storage, and what lies there: no secret in plain, no message that expires."""

import base64
import json
from uuid import uuid4

import pytest
from azure.core.exceptions import ResourceExistsError
from cryptography.fernet import Fernet

from local.counting import Ledger
from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.event_table import TableEventLog
from shared.adapters.messages import MAX_MESSAGE_BYTES
from shared.adapters.queues import StorageQueues
from shared.adapters.rows import MAX_ROW_BYTES
from shared.adapters.storage import StorageAccount, or_create
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import NumberedEvent
from shared.errors import SettingsInvalid
from shared.ports import EventBatch, PollRequest, Queue
from tests.contracts import samples

MEBIBYTE = 1024 * 1024


async def test_no_secret_is_in_its_row_in_plain(account: StorageAccount, environment_id: str) -> None:
    """Neither the callback URL nor what calls are signed with."""
    key = Fernet.generate_key().decode()
    subscription = samples.full_subscription(environment_id)
    await TableSubscriptions(account.tables, Cipher([key])).save(subscription)
    row = await account.tables.get_table_client("subscriptions").get_entity(environment_id, subscription.id)
    secrets = [one.secret for one in subscription.signing_secrets]
    assert not any(part in str(row) for part in ("s3cr3t", "sig=", samples.CALLBACK, "whsec_", *secrets))
    assert json.loads(Cipher([key]).decrypt(row["Secrets"])) == {
        "callbackUrl": samples.CALLBACK,
        "signing": [
            {"secret": "whsec_bmV3", "until": None},
            {"secret": "whsec_b2xk", "until": "2026-03-04T12:00:00.000002Z"},
        ],
    }


async def test_a_row_that_cannot_be_read_is_left_out_and_told(
    account: StorageAccount, environment_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer app's trigger, or a dropped key, must not keep the other flows from their events."""
    store = TableSubscriptions(account.tables, Cipher([Fernet.generate_key().decode()]))
    kept, odd = (samples.subscription(environment_id, name) for name in ("kept", "odd"))
    await store.save(kept)
    await store.save(odd)
    row = {"PartitionKey": environment_id, "RowKey": odd.id, "Trigger": "of-a-newer-app"}
    await account.tables.get_table_client("subscriptions").update_entity(row)
    other_key = TableSubscriptions(account.tables, Cipher([Fernet.generate_key().decode()]))
    assert await other_key.of_environment(environment_id) == samples.listed([kept])
    assert [getattr(record, "action", "") for record in caplog.records] == ["subscription_unreadable"]


async def test_a_subscription_is_read_with_an_older_key_and_not_without_it(
    account: StorageAccount, environment_id: str
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    subscription = samples.subscription(environment_id)
    await TableSubscriptions(account.tables, Cipher([old])).save(subscription)
    assert await TableSubscriptions(account.tables, Cipher([new, old])).find(subscription.id) == subscription
    with pytest.raises(SettingsInvalid):
        await TableSubscriptions(account.tables, Cipher([new])).find(subscription.id)


async def test_an_environment_that_is_subscribed_to_while_its_last_one_leaves_stays_listed(
    azurite: str, account: StorageAccount, ledger: Ledger, environment_id: str
) -> None:
    one, two = (samples.subscription(environment_id, name) for name in ("one", "two"))
    cipher, other = Cipher([Fernet.generate_key().decode()]), StorageAccount.from_connection_string(azurite)
    store = TableSubscriptions(account.tables, cipher)
    await store.save(one)

    async def somebody_subscribes(method: str, url: str) -> None:
        if method == "DELETE" and "/environments(" in url:
            await TableSubscriptions(other.tables, cipher).save(two)

    ledger.before = somebody_subscribes
    await store.remove(one.id)
    assert await store.of_environment(environment_id) == samples.listed([two])
    assert environment_id in await store.environments()
    await other.close()


async def test_every_message_is_base64_never_expires_and_fits(
    account: StorageAccount, ledger: Ledger, environment_id: str
) -> None:
    queues = StorageQueues(account.queues, BlobClaims(account.blobs))
    events = (*samples.events(environment_id, 100), samples.of_size(environment_id, 100_000, 101))
    pairs = (Pair(f"{environment_id}.one", tuple(range(len(events)))),)
    await queues.send_polls([PollRequest((environment_id,))], delay_seconds=7)
    await queues.send_events(EventBatch(environment_id, events))
    await queues.send_deliveries(DeliveryBatch(environment_id, events, pairs))
    await queues.send_redeliveries(DeliveryBatch(environment_id, events, pairs), delay_seconds=11)
    sent = [one for one in ledger.of("queue", "POST") if one.status == 201]
    assert {one.query["messagettl"][0] for one in sent} == {"-1"}
    delays = {(urlpath(one.url), one.query.get("visibilitytimeout", ["0"])[0]) for one in sent}
    assert delays == {
        (Queue.POLLS.value, "7"),
        (Queue.REFRESH_EVENTS.value, "0"),
        (Queue.DELIVERIES.value, "0"),
        (Queue.REDELIVERIES.value, "11"),
    }
    assert all(one.bytes <= 65536 + 200 for one in sent)
    client = account.queues.get_queue_client(Queue.DELIVERIES.value)
    peeked = await client.peek_messages(max_messages=32)
    assert peeked
    for message in peeked:
        body = base64.b64decode(message.content, validate=True)
        assert len(body) <= MAX_MESSAGE_BYTES
        assert json.loads(body)["v"] == 1


def urlpath(url: str) -> str:
    """The queue's name in the URL of a message."""
    return url.partition("?")[0].split("/")[-2]


async def test_a_transaction_is_far_below_the_services_limit_whatever_the_events_are(
    account: StorageAccount, ledger: Ledger, environment_id: str
) -> None:
    """100 rows and 4 MiB are the service's limits; base64 and the frame of each row count."""
    log = TableEventLog(account.tables, BlobClaims(account.blobs))
    big = [NumberedEvent(place, samples.of_size(environment_id, MAX_ROW_BYTES, place)) for place in range(1, 121)]
    small = [NumberedEvent(place, samples.event(environment_id, place)) for place in range(121, 421)]
    await log.append(environment_id, [*big, *small])
    batches = [one for one in ledger.of("table", "POST") if one.url.endswith("$batch")]
    assert batches
    assert max(one.bytes for one in batches) < MEBIBYTE
    assert len(batches) < 20


async def test_what_is_missing_is_made_at_first_use(account: StorageAccount) -> None:
    """On one machine nobody makes the containers, queues and tables beforehand."""
    queue = account.queues.get_queue_client(f"fresh-{uuid4().hex[:8]}")
    for _ in range(2):
        await or_create(lambda: queue.send_message("x"), queue.create_queue)
    assert (await queue.get_queue_properties()).approximate_message_count == 2
    with pytest.raises(ResourceExistsError):
        await or_create(fail_with_exists, queue.create_queue)


async def fail_with_exists() -> None:
    raise ResourceExistsError("there")


async def test_an_unchanged_checkpoint_is_read_without_its_body(
    account: StorageAccount, ledger: Ledger, environment_id: str
) -> None:
    store = BlobCheckpoints(account.blobs)
    await store.write(environment_id, EnvironmentState(), None)
    ledger.clear()
    for _ in range(3):
        assert await store.read(environment_id) is not None
    assert [(one.method, one.status) for one in ledger.sent] == [("GET", 304)] * 3


async def test_a_commit_is_one_request(account: StorageAccount, ledger: Ledger, environment_id: str) -> None:
    store = BlobCheckpoints(account.blobs)
    etag = await store.write(environment_id, EnvironmentState(), None)
    ledger.clear()
    await store.write(environment_id, samples.state(environment_id, series=10_000), etag)
    assert [(one.method, one.status) for one in ledger.sent] == [("PUT", 201)]
