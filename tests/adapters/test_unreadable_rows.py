"""A row that cannot be read, or not quite, is told and holds up no other: of another version, or its blob is gone."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from local.counting import Ledger
from shared.adapters import dead_table, event_table
from shared.adapters.blobs import BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.rows import MAX_ROW_BYTES
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.events import NumberedEvent
from shared.domain.subscriptions import Filters, Subscription, SubscriptionState, Trigger
from shared.stores import EventQuery
from tests.adapters.own_storage import lose_body, own_storage, rewrite
from tests.contracts import samples
from tests.contracts.test_subscription_changes import one_more
from tests.contracts.test_subscription_listings import walked

TOO_LONG = '{"withinHours":5000}'
STRANGE: Mapping[str, Mapping[str, str]] = {
    "a trigger of a newer version": {"Trigger": "of-a-newer-app"},
    "a state of a newer version": {"State": "resting"},
    "fields that are no JSON": {"Fields": "{"},
    "fields that are a list": {"Fields": "[]"},
    "a health that is none": {"Health": "[]"},
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    own_storage(monkeypatch)


@pytest.fixture
def store(account: StorageAccount) -> TableSubscriptions:
    return TableSubscriptions(account.tables, Cipher([Fernet.generate_key().decode()]))


@pytest.fixture
def log(account: StorageAccount) -> TableEventLog:
    return TableEventLog(account.tables, BlobClaims(account.blobs))


@pytest.fixture
def dead(account: StorageAccount) -> TableDeadDeliveries:
    return TableDeadDeliveries(account.tables, BlobClaims(account.blobs))


def overdue(environment_id: str, name: str = "odd") -> Subscription:
    whole = replace(samples.full_subscription(environment_id, name), trigger=Trigger.OVERDUE, fields={"withinHours": 5})
    active = replace(whole, state=SubscriptionState.ACTIVE, replaced_by="", filters=Filters())
    return replace(active, flow_key=f"flow-{environment_id}", callback_key="")


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records if record.name.startswith("shared.")]


async def test_filters_that_this_version_does_not_take_are_a_problem_that_every_reading_shows(
    account: StorageAccount, store: TableSubscriptions, environment_id: str
) -> None:
    """Its secrets stay readable, so that its successor can go on signing with them."""
    kept = overdue(environment_id)
    await store.save(kept)
    await rewrite(account, kept.id, Fields=TOO_LONG)
    whole = await store.find(kept.id)
    assert whole is not None
    assert "withinHours" in whole.problem
    assert whole == replace(kept, fields={"withinHours": 5000}, problem=whole.problem)
    assert await store.find_all([kept.id, f"{kept.id}2"]) == {kept.id: whole}
    (listed,) = samples.listed([whole])
    assert await store.show(kept.id) == listed
    assert await store.with_key(kept.flow_key) == [listed]
    assert await store.of_environment(environment_id) == [listed]
    assert await store.page(owner=None, environment_id=None, after="", limit=9, states=[kept.state]) == [listed]
    assert await store.change(kept.id, lambda one: one) == listed


async def test_the_events_of_an_environment_tell_of_such_a_one_each_time(
    account: StorageAccount, store: TableSubscriptions, environment_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would notice that a flow gets nothing."""
    kept, odd = overdue(environment_id, "kept"), overdue(environment_id)
    await store.save(kept)
    await store.save(odd)
    await rewrite(account, odd.id, Fields=TOO_LONG)
    assert len(await store.of_environment(environment_id)) == 2
    assert actions(caplog) == ["subscription_unreadable"]
    assert odd.id in caplog.text
    assert "withinHours" in caplog.text


async def test_a_change_of_such_a_one_leaves_what_it_asked_for(
    account: StorageAccount, store: TableSubscriptions, environment_id: str
) -> None:
    """The version that takes it may come back."""
    kept, odd = overdue(environment_id, "kept"), overdue(environment_id)
    for one in (kept, odd):
        await store.save(one)
    await rewrite(account, odd.id, Fields=TOO_LONG)
    await store.change(odd.id, one_more)
    await store.change_all({odd.id: one_more, kept.id: one_more})
    listed = {one.id: (one.fields, one.health.delivered) for one in await store.of_environment(environment_id)}
    count = kept.health.delivered
    assert listed == {kept.id: (kept.fields, count + 1), odd.id: ({"withinHours": 5000}, count + 2)}


@pytest.mark.parametrize("columns", STRANGE.values(), ids=STRANGE.keys())
async def test_a_row_that_cannot_be_read_at_all_is_left_out_and_told_everywhere(
    account: StorageAccount,
    store: TableSubscriptions,
    environment_id: str,
    caplog: pytest.LogCaptureFixture,
    columns: Mapping[str, str],
) -> None:
    """By every reading that gives several, so that a flow of it can still subscribe."""
    names = ("a", "b", "c", "d", "e")
    rows = [overdue(environment_id, name) for name in names]
    for one in rows:
        await store.save(one)
    for odd in (rows[0], rows[2], rows[4]):
        await rewrite(account, odd.id, **columns)
    left = [rows[1].id, rows[3].id]
    assert await ids(store.with_key(rows[0].flow_key)) == left
    assert await ids(store.of_environment(environment_id)) == left
    assert list(await store.find_all([one.id for one in rows])) == left
    assert set(actions(caplog)) == {"subscription_unreadable"}
    assert len(caplog.records) == 3 * 3
    for limit in (1, 2, 3):
        assert await walked(store, limit, environment_id=environment_id) == left
    await store.remove(rows[0].id)
    await store.forget_unused(samples.NOON)
    assert await store.environments() == [environment_id]


async def ids(listing: Awaitable[list[Subscription]]) -> list[str]:
    return [one.id for one in await listing]


async def logged(log: TableEventLog, account: StorageAccount, environment_id: str) -> list[NumberedEvent]:
    """Eight big events, of which the first, the fourth and the last have lost their blob."""
    numbered = [NumberedEvent(n, samples.of_size(environment_id, 2 * MAX_ROW_BYTES, n)) for n in range(1, 9)]
    await log.append(environment_id, numbered)
    for one in (1, 4, 8):
        await lose_body(account, event_table.EVENTS, environment_id, f"{one:019d}")
    return [one for one in numbered if one.sequence not in (1, 4, 8)]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 1000])
async def test_an_event_whose_body_is_gone_is_left_out_and_does_not_cut_a_page_short(
    account: StorageAccount,
    log: TableEventLog,
    environment_id: str,
    caplog: pytest.LogCaptureFixture,
    limit: int,
) -> None:
    """Who reads on until a page is short reads everything."""
    left = await logged(log, account, environment_id)
    seen: list[NumberedEvent] = []
    while True:
        page = await log.search(environment_id, EventQuery(after=seen[-1].sequence if seen else 0), limit=limit)
        seen += page
        if len(page) < limit:
            break
    assert (samples.written(seen), [one.sequence for one in seen]) == (samples.written(left), [2, 3, 5, 6, 7])
    assert samples.written(await log.read(environment_id, after=3, limit=2)) == samples.written(left[2:4])
    assert await log.last_number(environment_id) == 8
    assert set(actions(caplog)) == {"event_unreadable"}


async def test_a_body_that_is_no_event_is_left_out_too(
    account: StorageAccount, log: TableEventLog, environment_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    for one in samples.numbered(environment_id, 3):
        await log.append(environment_id, [one])
    row = {"PartitionKey": environment_id, "RowKey": f"{2:019d}", "Body": b"{"}
    await account.tables.get_table_client(event_table.EVENTS).update_entity(row)
    found = await log.read(environment_id, after=0, limit=9)
    assert [one.sequence for one in found] == [1, 3]
    assert actions(caplog) == ["event_unreadable"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
async def test_a_dead_delivery_whose_body_is_gone_is_left_out_and_does_not_cut_a_page_short(
    account: StorageAccount,
    dead: TableDeadDeliveries,
    environment_id: str,
    caplog: pytest.LogCaptureFixture,
    limit: int,
) -> None:
    events = [samples.of_size(environment_id, MAX_ROW_BYTES + 1, place) for place in range(6)]
    rows = [DeadDelivery(environment_id, f"{environment_id}.one", one, "timeout", 1, samples.NOON) for one in events]
    for row in rows:
        await dead.save(row)
    rows.sort(key=lambda one: one.id)
    lost = [rows[place] for place in (0, 3, 5)]
    for row in lost:
        await lose_body(account, dead_table.DEAD_LETTERS, environment_id, row.id)
    seen: list[str] = []
    while True:
        after = seen[-1] if seen else ""
        page = await dead.page(environment_id=None, subscription_id=None, after=after, limit=limit)
        seen += [one.id for one in page]
        if len(page) < limit:
            break
    assert seen == [rows[place].id for place in (1, 2, 4)]
    assert [await dead.find(row.id) for row in lost] == [None] * 3
    assert set(actions(caplog)) == {"event_unreadable"}
    assert await dead.forget(samples.NOON + timedelta(days=1)) == 6


async def test_a_message_whose_body_is_gone_is_left_out_of_the_dead(
    account: StorageAccount, dead: TableDeadDeliveries, caplog: pytest.LogCaptureFixture
) -> None:
    for name, size in (("lost", MAX_ROW_BYTES + 1), ("short", 1)):
        await dead.save_message(PoisonMessage(name, "deliveries", b"x" * size, samples.NOON))
    await lose_body(account, dead_table.DEAD_LETTERS, "-poison", "lost")
    assert [one.id for one in await dead.messages(limit=9)] == ["short"]
    assert await dead.find_message("lost") is None
    assert set(actions(caplog)) == {"event_unreadable"}


async def test_a_full_page_costs_one_request(
    store: TableSubscriptions, log: TableEventLog, dead: TableDeadDeliveries, ledger: Ledger, environment_id: str
) -> None:
    """That there may be unreadable rows makes no reading dearer."""
    await log.append(environment_id, samples.numbered(environment_id, 9))
    for place, event in enumerate(samples.events(environment_id, 9)):
        await store.save(samples.subscription(environment_id, f"{place}"))
        await dead.save(DeadDelivery(environment_id, f"{environment_id}.one", event, "timeout", 1, samples.NOON))
    ledger.clear()
    assert len(await log.read(environment_id, after=0, limit=4)) == 4
    assert len(await store.page(owner=None, environment_id=None, after="", limit=4)) == 4
    assert len(await dead.page(environment_id=None, subscription_id=None, after="", limit=4)) == 4
    assert [one.method for one in ledger.sent] == ["GET"] * 3
