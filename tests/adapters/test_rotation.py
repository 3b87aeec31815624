"""What key rotation promises while deliveries go on: {0, 0, 0} says that the older keys can go, and only that does."""

from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet

from local.counting import Ledger
from shared.adapters import subscription_table
from shared.adapters.cipher import Cipher
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.subscriptions import Subscription
from shared.errors import SettingsInvalid
from shared.stores import Reencrypted
from tests.adapters.own_storage import own_storage
from tests.adapters.test_races import Rivals
from tests.contracts import samples
from tests.contracts.test_subscription_changes import one_more

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
TRIES = subscription_table._TRIES


@pytest.fixture
async def rivals(
    azurite: str, account: StorageAccount, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Rivals]:
    """Two workers; the table is theirs alone, since a rotation goes through all of it."""
    own_storage(monkeypatch)
    other = StorageAccount.from_connection_string(azurite)
    yield Rivals(account, other, ledger)
    await other.close()


def ours(rivals: Rivals, *keys: str) -> TableSubscriptions:
    return TableSubscriptions(rivals.account.tables, Cipher(keys or (NEW, OLD)))


def theirs(rivals: Rivals, *keys: str) -> TableSubscriptions:
    return TableSubscriptions(rivals.other.tables, Cipher(keys or (OLD,)))


async def kept(rivals: Rivals, environment_id: str, *names: str) -> list[Subscription]:
    """Subscriptions under the old key."""
    rows = [samples.full_subscription(environment_id, name) for name in names]
    for row in rows:
        await theirs(rivals).save(row)
    return rows


async def under(rivals: Rivals, key: str, rows: list[Subscription]) -> list[bool]:
    """Which of them this key alone reads."""
    return [one.id in await ours(rivals, key).find_all([one.id]) for one in rows]


def changed(subscription: Subscription, times: int) -> Subscription:
    for _ in range(times):
        subscription = one_more(subscription)
    return subscription


@pytest.mark.parametrize("times", [1, 2, TRIES - 1])
async def test_a_row_that_is_changed_between_read_and_write_is_rewritten_in_the_end(
    rivals: Rivals, environment_id: str, times: int
) -> None:
    """A delivery notes its health just then; what it noted stays."""
    busy, quiet = await kept(rivals, environment_id, "busy", "quiet")
    rivals.before("PATCH", ".busy", lambda: theirs(rivals).change(busy.id, one_more), times)
    assert await ours(rivals).reencrypt() == Reencrypted(rewritten=2)
    expected = {busy.id: changed(busy, times), quiet.id: quiet}
    assert await ours(rivals, NEW).find_all(expected) == expected
    assert await ours(rivals).reencrypt() == Reencrypted()


async def test_a_row_that_is_changed_all_the_time_is_counted_as_left_and_holds_up_no_other(
    rivals: Rivals, environment_id: str
) -> None:
    """So that nobody takes the old key away: the row is still under it."""
    rows = await kept(rivals, environment_id, "busy", "quiet")
    rivals.before("PATCH", ".busy", lambda: theirs(rivals).change(rows[0].id, one_more), times=1000)
    assert await ours(rivals).reencrypt() == Reencrypted(rewritten=1, left=1)
    rivals.ledger.before = None
    assert (await under(rivals, NEW, rows), await under(rivals, OLD, rows)) == ([False, True], [True, False])
    assert await ours(rivals).find(rows[0].id) == changed(rows[0], TRIES)
    assert await ours(rivals).reencrypt() == Reencrypted(rewritten=1)
    assert await under(rivals, NEW, rows) == [True, True]


async def test_a_row_that_another_rotation_was_quicker_with_is_done(rivals: Rivals, environment_id: str) -> None:
    rows = await kept(rivals, environment_id, "one", "two", "three")
    rivals.before("PATCH", "", theirs(rivals, NEW, OLD).reencrypt)
    assert await ours(rivals).reencrypt() == Reencrypted(rewritten=3)
    assert await ours(rivals, NEW).find_all([one.id for one in rows]) == {one.id: one for one in rows}
    assert await ours(rivals).reencrypt() == Reencrypted()


async def test_a_row_that_is_removed_meanwhile_stays_so_and_is_not_left(rivals: Rivals, environment_id: str) -> None:
    (gone,) = await kept(rivals, environment_id, "gone")
    rivals.before("PATCH", "", lambda: theirs(rivals).remove(gone.id))
    answer = await ours(rivals).reencrypt()
    assert (answer.unreadable, answer.left) == (0, 0)
    assert await ours(rivals).show(gone.id) is None


async def test_the_key_of_a_row_that_is_changed_to_one_that_nobody_knows_is_told(
    rivals: Rivals, environment_id: str
) -> None:
    """A worker that was not restarted yet, with a key of its own."""
    (row,) = await kept(rivals, environment_id, "one")
    rivals.before("PATCH", "", lambda: theirs(rivals, LOST).save(row))
    assert await ours(rivals).reencrypt() == Reencrypted(unreadable=1)
    with pytest.raises(SettingsInvalid):
        await ours(rivals).find(row.id)


async def test_three_zeros_come_only_when_every_row_is_under_the_newest_key(
    rivals: Rivals, environment_id: str
) -> None:
    rows = await kept(rivals, environment_id, "busy", "old", "lost", "new")
    for key, row in ((LOST, rows[2]), (NEW, rows[3])):
        await theirs(rivals, key).save(row)
    rivals.before("PATCH", ".busy", lambda: theirs(rivals).change(rows[0].id, one_more), TRIES)
    for expected in (Reencrypted(1, 1, 1), Reencrypted(1, 1, 0), Reencrypted(0, 1, 0)):
        assert await ours(rivals).reencrypt() == expected
        assert not all(await under(rivals, NEW, rows))
    await theirs(rivals, NEW).save(rows[2])  # its flow was saved
    assert await ours(rivals).reencrypt() == Reencrypted(0, 0, 0)
    assert all(await under(rivals, NEW, rows))
