"""What the daily sweep and key rotation do to storage, and what is there before anybody wrote: every test begins with
none of the tables and containers.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from local.counting import Ledger
from shared.adapters import blobs, subscription_table
from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.errors import MessageInvalid, SettingsInvalid
from shared.stores import EventQuery, Reencrypted
from tests.adapters.own_storage import own_storage
from tests.contracts import samples

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and containers that nobody used yet."""
    own_storage(monkeypatch)


def subscriptions(account: StorageAccount, *keys: str) -> TableSubscriptions:
    return TableSubscriptions(account.tables, Cipher(keys or (NEW,)))


def soon() -> datetime:
    """Later than what was written just now; the service tells time in whole seconds."""
    return datetime.now(UTC) + timedelta(minutes=1)


async def test_where_nobody_wrote_yet_nothing_is_found_and_nothing_fails(
    account: StorageAccount, environment_id: str
) -> None:
    claims, kept = BlobClaims(account.blobs), subscriptions(account)
    log, dead = TableEventLog(account.tables, claims), TableDeadDeliveries(account.tables, claims)
    some_id = f"{environment_id}.one"
    assert await BlobCheckpoints(account.blobs).read(environment_id) is None
    assert await log.search(environment_id, EventQuery(), limit=5) == []
    assert (await log.last_number(environment_id), await log.forget(soon()), await dead.forget(soon())) == (0, 0, 0)
    assert (await kept.of_environment(environment_id), await kept.with_key("flow-x"), await kept.environments()) == (
        [],
        [],
        [],
    )
    assert (await kept.find(some_id), await kept.show(some_id), await kept.find_all([some_id, f"{some_id}2"])) == (
        None,
        None,
        {},
    )
    assert await kept.page(owner=None, environment_id=None, after="", limit=5) == []
    assert await kept.change(some_id, lambda one: one) is None
    await kept.change_all({some_id: lambda one: one, f"{some_id}2": lambda one: one})
    await kept.remove(some_id)
    assert (await kept.forget_unused(soon()), await kept.reencrypt()) == (0, Reencrypted(0, 0))
    assert (await dead.find(some_id), await dead.find_message("x"), await dead.messages(limit=5)) == (None, None, [])
    await dead.remove_message("x")
    assert await dead.page(environment_id=None, subscription_id=None, after="", limit=5) == []
    assert await claims.forget(soon()) == 0
    with pytest.raises(MessageInvalid):
        await claims.get("none.json")


async def test_after_the_rotation_command_the_new_key_alone_reads_everything(
    account: StorageAccount, environment_id: str
) -> None:
    rows = [samples.full_subscription(environment_id, f"{place:02}") for place in range(30)]
    await asyncio.gather(*(subscriptions(account, OLD).save(row) for row in rows[:20]))
    await asyncio.gather(*(subscriptions(account, NEW).save(row) for row in rows[20:]))
    both = subscriptions(account, NEW, OLD)
    assert await both.reencrypt() == Reencrypted(rewritten=20, unreadable=0)
    assert await both.reencrypt() == Reencrypted(0, 0)
    assert await subscriptions(account, NEW).find_all([row.id for row in rows]) == {row.id: row for row in rows}
    with pytest.raises(SettingsInvalid):
        await subscriptions(account, OLD).find(rows[0].id)


async def test_the_rotation_command_counts_what_no_key_reads_and_leaves_it(
    account: StorageAccount, environment_id: str
) -> None:
    """Its key may be found again."""
    lost, old = (samples.full_subscription(environment_id, name) for name in ("lost", "old"))
    await subscriptions(account, LOST).save(lost)
    await subscriptions(account, OLD).save(old)
    for expected in (Reencrypted(1, 1), Reencrypted(0, 1)):
        assert await subscriptions(account, NEW, OLD).reencrypt() == expected
    assert await subscriptions(account, LOST).find(lost.id) == lost


async def test_a_key_without_a_subscription_is_forgotten_when_it_is_old(
    account: StorageAccount, environment_id: str
) -> None:
    """A crash between the two writes leaves one; a young one may belong to a call that is under way."""
    store, keys = subscriptions(account), account.tables.get_table_client(subscription_table.KEYS)
    kept = replace(samples.subscription(environment_id, "kept"), flow_key="flow-kept", created_at=samples.NOON)
    await store.save(kept)
    for name, created_at in (("old", samples.NOON), ("young", samples.NOON + timedelta(hours=1))):
        key = {"PartitionKey": f"flow-{name}", "RowKey": f"{environment_id}.gone", "CreatedAt": created_at}
        await keys.upsert_entity(key)
        assert await store.with_key(f"flow-{name}") == []
    assert await store.forget_unused(samples.NOON + timedelta(minutes=1)) == 1
    left = [row["PartitionKey"] async for row in keys.list_entities()]
    assert sorted(left) == ["flow-kept", "flow-young"]
    assert await store.with_key("flow-kept") == samples.listed([kept])


async def test_removing_a_subscription_leaves_no_row_of_it(account: StorageAccount, environment_id: str) -> None:
    store = subscriptions(account)
    await store.save(samples.full_subscription(environment_id))
    await store.remove(f"{environment_id}.one")
    for name in (subscription_table.SUBSCRIPTIONS, subscription_table.KEYS):
        assert [row async for row in account.tables.get_table_client(name).list_entities()] == []


async def test_claims_are_forgotten_by_their_age(account: StorageAccount) -> None:
    claims = BlobClaims(account.blobs)
    names = [await claims.put(bytes([place])) for place in range(3)]
    assert await claims.forget(datetime.now(UTC) - timedelta(days=40)) == 0
    assert await claims.get(names[1]) == b"\x01"
    assert await claims.forget(soon()) == 3
    with pytest.raises(MessageInvalid):
        await claims.get(names[1])
    assert await claims.forget(soon()) == 0


async def test_a_claim_that_is_written_again_while_the_old_are_forgotten_stays(
    account: StorageAccount, azurite: str, ledger: Ledger
) -> None:
    """It is new then: a message of today names it."""
    name = await BlobClaims(account.blobs).put(b"body")
    other = StorageAccount.from_connection_string(azurite)
    written = await account.blobs.get_blob_client(blobs.CLAIMS, name).get_blob_properties()
    before = written.last_modified + timedelta(seconds=1)

    async def write_again(method: str, _: str) -> None:
        if method == "DELETE":
            left = before + timedelta(seconds=1) - datetime.now(UTC)
            await asyncio.sleep(max(0, left.total_seconds()))
            await BlobClaims(other.blobs).put(b"body")

    ledger.before = write_again
    assert await BlobClaims(account.blobs).forget(before) == 0
    assert await BlobClaims(account.blobs).get(name) == b"body"
    await other.close()


async def test_a_claim_that_somebody_else_forgets_is_no_error(
    account: StorageAccount, azurite: str, ledger: Ledger
) -> None:
    await BlobClaims(account.blobs).put(b"body")
    other = StorageAccount.from_connection_string(azurite)

    async def forget(method: str, _: str) -> None:
        if method == "DELETE":
            await BlobClaims(other.blobs).forget(soon())

    ledger.before = forget
    assert await BlobClaims(account.blobs).forget(soon()) == 0
    await other.close()
