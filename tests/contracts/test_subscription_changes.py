"""The promises of every SubscriptionStore about changes: none is lost, none brings back what was removed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.signatures import SigningSecret
from shared.domain.subscriptions import Health, Subscription, SubscriptionState
from shared.stores import Change, SubscriptionStore
from tests.contracts import samples
from tests.contracts.kits import Kit

MANY = 20


def one_more(subscription: Subscription) -> Subscription:
    """Count a delivery."""
    health = replace(subscription.health, delivered=subscription.health.delivered + 1)
    return replace(subscription, health=health)


def suspended(subscription: Subscription) -> Subscription:
    return replace(subscription, state=SubscriptionState.SUSPENDED, state_since=samples.NOON)


async def saved_rows(store: SubscriptionStore, environment_id: str, count: int) -> list[Subscription]:
    rows = [samples.subscription(environment_id, f"{place:03}") for place in range(count)]
    await asyncio.gather(*(store.save(row) for row in rows))
    return rows


async def delivered(store: SubscriptionStore, environment_id: str) -> list[int]:
    return [one.health.delivered for one in await store.of_environment(environment_id)]


@pytest.mark.parametrize(
    "change",
    [
        suspended,
        one_more,
        lambda one: replace(one, state=SubscriptionState.REPLACED, replaced_by=f"{one.environment_id}.two"),
        lambda one: replace(one, polled_at=samples.NOON + timedelta(days=9, microseconds=1)),
        lambda one: replace(one, health=Health()),
        lambda one: one,
    ],
)
async def test_what_is_changed_is_changed_and_nothing_else(kit: Kit, environment_id: str, change: Change) -> None:
    """The secrets among it."""
    saved = samples.full_subscription(environment_id)
    await kit.subscriptions.save(saved)
    after = await kit.subscriptions.change(saved.id, change)
    assert after == change(*samples.listed([saved]))
    assert await kit.subscriptions.find(saved.id) == change(saved)


async def test_a_change_is_given_no_secrets_and_gives_none_back(kit: Kit, environment_id: str) -> None:
    saved, seen = samples.full_subscription(environment_id), []

    def renew(one: Subscription) -> Subscription:
        seen.append((one.callback_url, one.signing_secrets))
        return replace(one, callback_url=samples.CALLBACK, signing_secrets=(SigningSecret("whsec_bmV4dA=="),))

    await kit.subscriptions.save(saved)
    answer = await kit.subscriptions.change(saved.id, renew)
    assert seen == [("", ())]
    assert answer is not None
    assert (answer.callback_url, answer.signing_secrets) == ("", ())


async def test_a_change_may_set_new_secrets(kit: Kit, environment_id: str) -> None:
    saved = samples.full_subscription(environment_id)
    secrets = (SigningSecret("whsec_bmV4dA=="), SigningSecret("whsec_bmV3", samples.NOON))
    await kit.subscriptions.save(saved)
    await kit.subscriptions.change(
        saved.id, lambda one: replace(one, callback_url=saved.callback_url, signing_secrets=secrets)
    )
    assert await kit.subscriptions.find(saved.id) == replace(saved, signing_secrets=secrets)


async def test_changing_a_removed_subscription_does_not_bring_it_back(kit: Kit, environment_id: str) -> None:
    saved = samples.subscription(environment_id)
    await kit.subscriptions.save(saved)
    await kit.subscriptions.remove(saved.id)
    assert await kit.subscriptions.change(saved.id, suspended) is None
    await kit.subscriptions.change_all({saved.id: suspended})
    assert await kit.subscriptions.find(saved.id) is None
    assert await kit.subscriptions.of_environment(environment_id) == []


async def test_of_changes_at_the_same_time_none_is_lost(kit: Kit, environment_id: str) -> None:
    saved = samples.subscription(environment_id)
    await kit.subscriptions.save(saved)
    await asyncio.gather(*(kit.subscriptions.change(saved.id, one_more) for _ in range(MANY)))
    assert await delivered(kit.subscriptions, environment_id) == [MANY]


async def test_a_change_at_the_same_time_as_a_remove_leaves_nothing(kit: Kit, environment_id: str) -> None:
    saved = samples.subscription(environment_id)
    await kit.subscriptions.save(saved)
    changes = [kit.subscriptions.change(saved.id, one_more) for _ in range(5)]
    await asyncio.gather(kit.subscriptions.remove(saved.id), *changes)
    assert await kit.subscriptions.find(saved.id) is None


@pytest.mark.parametrize("count", [0, 1, 14, 15, 99, 100, 101, 230])
async def test_many_are_changed_together(kit: Kit, environment_id: str, count: int) -> None:
    rows = await saved_rows(kit.subscriptions, environment_id, count + 1)
    await kit.subscriptions.change_all({row.id: one_more for row in rows[:count]})
    assert await delivered(kit.subscriptions, environment_id) == [1] * count + [0]


async def test_each_of_many_has_a_change_of_its_own(kit: Kit, environment_id: str) -> None:
    rows = await saved_rows(kit.subscriptions, environment_id, 30)

    def counting(number: int) -> Callable[[Subscription], Subscription]:
        return lambda one: replace(one, health=replace(one.health, delivered=number))

    await kit.subscriptions.change_all({row.id: counting(place) for place, row in enumerate(rows)})
    assert await delivered(kit.subscriptions, environment_id) == list(range(30))


async def test_one_of_many_that_was_removed_keeps_none_of_the_others_back(kit: Kit, environment_id: str) -> None:
    rows = await saved_rows(kit.subscriptions, environment_id, 120)
    for place in (0, 57, 119):
        await kit.subscriptions.remove(rows[place].id)
    await kit.subscriptions.change_all({row.id: one_more for row in rows})
    assert await delivered(kit.subscriptions, environment_id) == [1] * 117


async def test_of_many_changes_at_the_same_time_none_is_lost(kit: Kit, environment_id: str) -> None:
    rows = await saved_rows(kit.subscriptions, environment_id, 12)
    together = {row.id: one_more for row in rows}
    alone = [kit.subscriptions.change(row.id, one_more) for row in rows[:6]]
    await asyncio.gather(*(kit.subscriptions.change_all(together) for _ in range(3)), *alone)
    assert await delivered(kit.subscriptions, environment_id) == [4] * 6 + [3] * 6


async def test_changing_many_leaves_their_secrets(kit: Kit, environment_id: str) -> None:
    rows = [samples.full_subscription(environment_id, name) for name in ("one", "two")]
    for row in rows:
        await kit.subscriptions.save(row)
    await kit.subscriptions.change_all({row.id: suspended for row in rows})
    assert await kit.subscriptions.find_all([row.id for row in rows]) == {row.id: suspended(row) for row in rows}
