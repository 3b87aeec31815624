"""What happens when somebody else writes between our read and our write? Nothing is lost, nothing comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from local.counting import Ledger
from shared.adapters import subscription_table
from shared.adapters.blobs import BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.deliveries import DeadDelivery
from shared.domain.events import NumberedEvent
from shared.domain.subscriptions import SubscriptionState
from shared.errors import SubscriptionBusy
from tests.contracts import samples
from tests.contracts.test_subscription_changes import delivered, one_more, suspended

LONG_AGO = samples.NOON.replace(year=2001)
AFTER = LONG_AGO + timedelta(days=1)
KEY = Fernet.generate_key().decode()


@dataclass(slots=True)
class Rivals:
    """Two workers on the same storage. What the second does comes just before a certain request of the first."""

    account: StorageAccount
    other: StorageAccount
    ledger: Ledger

    @property
    def subscriptions(self) -> tuple[TableSubscriptions, TableSubscriptions]:
        cipher = Cipher([KEY])
        return TableSubscriptions(self.account.tables, cipher), TableSubscriptions(self.other.tables, cipher)

    @property
    def dead(self) -> tuple[TableDeadDeliveries, TableDeadDeliveries]:
        ours, theirs = (TableDeadDeliveries(one.tables, BlobClaims(one.blobs)) for one in (self.account, self.other))
        return ours, theirs

    def before(self, method: str, part: str, act: Callable[[], Awaitable[object]], times: int = 1) -> None:
        """Have the other act before the first requests of this method whose URL holds this."""
        left = times

        async def interfere(asked: str, url: str) -> None:
            nonlocal left
            if left and asked == method and part in url:
                left -= 1
                await act()

        self.ledger.before = interfere


@pytest.fixture
async def rivals(azurite: str, account: StorageAccount, ledger: Ledger) -> AsyncIterator[Rivals]:
    other = StorageAccount.from_connection_string(azurite)
    yield Rivals(account, other, ledger)
    await other.close()


async def test_a_change_is_asked_for_again_when_somebody_was_quicker(rivals: Rivals, environment_id: str) -> None:
    ours, theirs = rivals.subscriptions
    kept = samples.subscription(environment_id)
    await ours.save(kept)
    rivals.before("PATCH", "/subscriptions(", lambda: theirs.change(kept.id, suspended))
    after = await ours.change(kept.id, one_more)
    assert after is not None
    assert (after.state, after.health.delivered) == (SubscriptionState.SUSPENDED, 1)
    assert await ours.show(kept.id) == after


async def test_a_change_that_never_gets_through_says_so_and_changes_nothing(
    rivals: Rivals, environment_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription_table, "_FIRST_WAIT_SECONDS", 0)
    ours, theirs = rivals.subscriptions
    kept = samples.subscription(environment_id)
    await ours.save(kept)
    rivals.before("PATCH", "/subscriptions(", lambda: theirs.change(kept.id, one_more), times=100)
    with pytest.raises(SubscriptionBusy):
        await ours.change(kept.id, suspended)
    rivals.ledger.before = None
    found = await ours.show(kept.id)
    assert found is not None
    assert (found.state, found.health.delivered) == (SubscriptionState.ACTIVE, subscription_table._TRIES)


async def test_a_change_of_what_is_removed_meanwhile_does_not_bring_it_back(
    rivals: Rivals, environment_id: str
) -> None:
    ours, theirs = rivals.subscriptions
    kept = samples.subscription(environment_id)
    await ours.save(kept)
    rivals.before("PATCH", "/subscriptions(", lambda: theirs.remove(kept.id))
    assert await ours.change(kept.id, one_more) is None
    assert await ours.find(kept.id) is None


async def test_a_hundred_changes_land_beside_somebody_elses(rivals: Rivals, environment_id: str) -> None:
    """One of the rows is changed, another removed after all were read."""
    ours, theirs = rivals.subscriptions
    rows = [samples.subscription(environment_id, f"{place:03}") for place in range(101)]
    for row in rows:
        await ours.save(row)

    async def interfere() -> None:
        await theirs.change(rows[3].id, one_more)
        await theirs.remove(rows[50].id)

    rivals.before("POST", "$batch", interfere)
    await ours.change_all({row.id: one_more for row in rows})
    assert await delivered(ours, environment_id) == [1, 1, 1, 2, *[1] * 96]


async def test_changes_that_are_made_together_land_beside_somebody_elses(rivals: Rivals, environment_id: str) -> None:
    """None is lost, and none counted twice, when the row was changed after it was read."""
    ours, theirs = rivals.subscriptions
    kept = samples.subscription(environment_id)
    await ours.save(kept)
    rivals.before("PATCH", "/subscriptions(", lambda: theirs.change(kept.id, one_more), times=2)
    await asyncio.gather(*(ours.change_all({kept.id: one_more}) for _ in range(16)))
    assert await delivered(ours, environment_id) == [18]


async def test_an_environment_that_is_subscribed_to_while_it_is_forgotten_stays_listed(
    rivals: Rivals, environment_id: str
) -> None:
    ours, theirs = rivals.subscriptions
    one, two = (samples.subscription(environment_id, name) for name in ("one", "two"))
    await ours.save(replace(one, state=SubscriptionState.ENDED))
    rivals.before("DELETE", environment_id, lambda: theirs.save(two))
    await ours.forget_unused(LONG_AGO)
    assert environment_id in await ours.environments()


async def test_secrets_that_are_set_while_they_are_encrypted_anew_are_kept(rivals: Rivals, environment_id: str) -> None:
    _, theirs = rivals.subscriptions
    kept, key = samples.full_subscription(environment_id), Fernet.generate_key().decode()
    await theirs.save(kept)
    renewed = replace(kept, signing_secrets=kept.signing_secrets[:1])
    rivals.before("PATCH", "/subscriptions(", lambda: theirs.change(kept.id, lambda _: renewed))
    both = TableSubscriptions(rivals.account.tables, Cipher([key, KEY]))
    await both.reencrypt()
    assert await both.find(kept.id) == renewed


async def test_one_that_dies_again_while_it_is_taken_away_stays(rivals: Rivals, environment_id: str) -> None:
    ours, theirs = rivals.dead
    event = samples.event(environment_id)
    first = DeadDelivery(environment_id, f"{environment_id}.one", event, "timeout", 1, LONG_AGO)
    again = replace(first, died_at=samples.NOON)
    await ours.save(first)
    rivals.before("DELETE", "/deadletters(", lambda: theirs.save(again))
    await ours.remove(first)
    found = await ours.find(first.id)
    assert found is not None
    assert found.died_at == samples.NOON


async def test_one_that_dies_again_while_the_old_are_forgotten_stays(rivals: Rivals, environment_id: str) -> None:
    """Its neighbours go."""
    ours, theirs = rivals.dead
    old = [
        DeadDelivery(environment_id, f"{environment_id}.one", event, "timeout", 1, LONG_AGO)
        for event in samples.events(environment_id, 3)
    ]
    for one in old:
        await ours.save(one)
    rivals.before("POST", "$batch", lambda: theirs.save(replace(old[1], died_at=samples.NOON)))
    await ours.forget(AFTER)
    assert [await ours.find(one.id) is None for one in old] == [True, False, True]


@pytest.mark.parametrize("count", [1, 150])
async def test_what_somebody_else_forgets_at_the_same_time_is_no_error(
    rivals: Rivals, environment_id: str, count: int
) -> None:
    ours, theirs = (TableEventLog(one.tables, BlobClaims(one.blobs)) for one in (rivals.account, rivals.other))
    old = replace(samples.event(environment_id), time=LONG_AGO)
    await ours.append(environment_id, [NumberedEvent(number, old) for number in range(1, count + 1)])
    rivals.before("POST", "$batch", lambda: theirs.forget(AFTER))
    await ours.forget(AFTER)
    assert await ours.read(environment_id, after=0, limit=1000) == []
