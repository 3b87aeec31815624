"""The promises of every SubscriptionStore about finding several: by their ids, by a key, by owner, page by page."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.stores import SubscriptionStore
from tests.contracts import samples
from tests.contracts.kits import Kit
from tests.contracts.test_subscriptions import ODD_IDS

LONG_AGO = samples.NOON - timedelta(days=365)
LATER = samples.NOON + timedelta(days=365)
# Ids as token_urlsafe makes them: these sort otherwise where capitals, dashes and underscores are not told apart.
NAMES = ("-a", "-z", "0", "9", "A", "Z", "_a", "_z", "a", "aa", "ab", "b", "z")


async def kept(store: SubscriptionStore, *subscriptions: Subscription) -> None:
    await asyncio.gather(*(store.save(one) for one in subscriptions))


def some(environment_id: str, count: int) -> list[Subscription]:
    return [samples.subscription(environment_id, f"{place:04}") for place in range(count)]


def keyed(environment_id: str, name: str, flow_key: str = "", callback_key: str = "") -> Subscription:
    return replace(samples.subscription(environment_id, name), flow_key=flow_key, callback_key=callback_key)


def ended(subscription: Subscription) -> Subscription:
    return replace(subscription, state=SubscriptionState.ENDED)


async def walked(
    store: SubscriptionStore, limit: int, *, owner: str | None = None, environment_id: str | None = None
) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    while True:
        after = found[-1] if found else ""
        page = await store.page(owner=owner, environment_id=environment_id, after=after, limit=limit)
        if not page:
            return found
        assert len(page) <= limit
        found += [one.id for one in page]


@pytest.mark.parametrize("count", [0, 1, 2, 14, 15, 28, 29, 40])
async def test_those_that_are_asked_for_are_found(kit: Kit, environment_id: str, count: int) -> None:
    """A query of the storage's has room for fifteen comparisons."""
    rows = some(environment_id, 45)
    await kept(kit.subscriptions, *rows)
    found = await kit.subscriptions.find_all({row.id for row in rows[:count]})
    assert found == {row.id: row for row in rows[:count]}


@pytest.mark.parametrize("count", [1, 13, 14, 15, 40])
async def test_unknown_and_removed_ones_leave_the_others_found(kit: Kit, environment_id: str, count: int) -> None:
    rows, removed = some(environment_id, count), samples.subscription(environment_id, "removed")
    await kept(kit.subscriptions, *rows, removed)
    await kit.subscriptions.remove(removed.id)
    asked = [f"{environment_id}.never", *(row.id for row in rows), removed.id]
    assert await kit.subscriptions.find_all(asked) == {row.id: row for row in rows}
    assert await kit.subscriptions.find_all([removed.id]) == {}


async def test_odd_ids_leave_the_others_found(kit: Kit, environment_id: str) -> None:
    """They come from a queue message."""
    rows = some(environment_id, 3)
    await kept(kit.subscriptions, *rows)
    asked = [*ODD_IDS, *(row.id for row in rows), *(row.id for row in rows)]
    assert await kit.subscriptions.find_all(asked) == {row.id: row for row in rows}


async def test_a_key_finds_its_subscriptions_in_every_environment(kit: Kit, environment_id: str) -> None:
    key, other = f"flow-{environment_id}", f"callback-{environment_id}"
    places = [f"{environment_id}{suffix}" for suffix in ("", "-2", "2", "-")]
    rows = [keyed(place, name, key, other) for place in places for name in ("one", "two")]
    strangers = [keyed(environment_id, "three", f"{key}x", f"x{other}"), keyed(environment_id, "four")]
    await kept(kit.subscriptions, *rows, *strangers)
    for asked in (key, other):
        found = await kit.subscriptions.with_key(asked)
        assert sorted(found, key=lambda one: one.id) == sorted(samples.listed(rows), key=lambda one: one.id)
    assert await kit.subscriptions.with_key(f"{key}-nobodys") == []


async def test_more_subscriptions_with_a_key_than_a_query_takes(kit: Kit, environment_id: str) -> None:
    rows = [replace(row, flow_key=f"flow-{environment_id}") for row in some(environment_id, 31)]
    await kept(kit.subscriptions, *rows)
    assert await kit.subscriptions.with_key(f"flow-{environment_id}") == samples.listed(rows)


async def test_the_key_of_a_removed_subscription_finds_nothing(kit: Kit, environment_id: str) -> None:
    one, two = (keyed(environment_id, name, f"flow-{environment_id}", f"callback-{name}") for name in ("one", "two"))
    await kept(kit.subscriptions, one, two)
    await kit.subscriptions.remove(one.id)
    assert await kit.subscriptions.with_key(one.flow_key) == samples.listed([two])
    assert await kit.subscriptions.with_key(one.callback_key) == []


async def test_a_subscription_that_was_given_another_key_is_not_found_by_the_old_one(
    kit: Kit, environment_id: str
) -> None:
    old, new = f"flow-{environment_id}-old", f"flow-{environment_id}-new"
    await kit.subscriptions.save(keyed(environment_id, "one", old))
    await kit.subscriptions.save(keyed(environment_id, "one", new))
    assert await kit.subscriptions.with_key(old) == []
    assert [one.id for one in await kit.subscriptions.with_key(new)] == [f"{environment_id}.one"]


async def test_an_ended_one_is_still_found_by_its_key(kit: Kit, environment_id: str) -> None:
    row = keyed(environment_id, "one", f"flow-{environment_id}")
    await kit.subscriptions.save(row)
    await kit.subscriptions.change(row.id, ended)
    assert await kit.subscriptions.with_key(row.flow_key) == samples.listed([ended(row)])


@pytest.mark.parametrize("limit", [1, 2, 5, 12, 13, 14, 1000])
async def test_pages_of_an_environment_give_each_once_and_in_order(kit: Kit, environment_id: str, limit: int) -> None:
    rows = [samples.subscription(environment_id, name) for name in NAMES]
    await kept(kit.subscriptions, *rows, samples.subscription(f"{environment_id}-2"))
    assert await walked(kit.subscriptions, limit, environment_id=environment_id) == sorted(row.id for row in rows)


async def test_pages_of_an_owner_give_theirs_of_every_environment(kit: Kit, environment_id: str) -> None:
    owner = f"owner' {environment_id}"
    places = [f"{environment_id}{suffix}" for suffix in ("", "-2", "2")]
    rows = [replace(samples.subscription(place, name), owner=owner) for place in places for name in NAMES]
    strangers = [samples.subscription(place, "other") for place in places]
    await kept(kit.subscriptions, *rows, *strangers)
    for limit in (1, 7, 100):
        found = await walked(kit.subscriptions, limit, owner=owner)
        assert sorted(found) == sorted(row.id for row in rows)
        assert len(set(found)) == len(found)
    assert await walked(kit.subscriptions, 4, owner=owner, environment_id=places[1]) == sorted(
        row.id for row in rows if row.environment_id == places[1]
    )
    assert await walked(kit.subscriptions, 4, owner=f"{owner}x") == []


async def test_all_subscriptions_are_in_the_pages_once(kit: Kit, environment_id: str) -> None:
    """Other tests may have theirs in the same table."""
    rows = [samples.subscription(f"{environment_id}{suffix}", name) for suffix in ("", "-2") for name in NAMES]
    await kept(kit.subscriptions, *rows)
    found = await walked(kit.subscriptions, 333)
    assert {row.id for row in rows} <= set(found)
    assert len(set(found)) == len(found)


async def test_a_page_begins_behind_an_id_that_is_gone(kit: Kit, environment_id: str) -> None:
    """It may be removed while somebody reads."""
    rows = some(environment_id, 5)
    await kept(kit.subscriptions, *rows)
    await kit.subscriptions.remove(rows[2].id)
    page = await kit.subscriptions.page(owner=None, environment_id=environment_id, after=rows[2].id, limit=10)
    assert page == samples.listed(rows[3:])


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_a_page_behind_an_odd_id_is_no_error(kit: Kit, environment_id: str, odd: str) -> None:
    """It comes from a URL that anybody can write."""
    page = await kit.subscriptions.page(owner="nobody", environment_id=environment_id, after=odd, limit=1)
    assert page == []


async def test_a_page_of_none_is_empty(kit: Kit, environment_id: str) -> None:
    await kept(kit.subscriptions, *some(environment_id, 2))
    assert await kit.subscriptions.page(owner=None, environment_id=environment_id, after="", limit=0) == []


async def listed_environments(kit: Kit, mine: Collection[str]) -> list[str]:
    return [one for one in await kit.subscriptions.environments() if one in mine]


async def test_an_environment_without_a_live_subscription_is_forgotten(kit: Kit, environment_id: str) -> None:
    """It is watched while it has one; a suspended one is live."""
    over, off, live = (f"{environment_id}-{name}" for name in ("over", "off", "live"))
    for place in (over, off, live):
        await kept(kit.subscriptions, *(samples.subscription(place, name) for name in ("one", "two")))
    for subscription_id in (f"{over}.one", f"{over}.two", f"{off}.one", f"{live}.two"):
        await kit.subscriptions.change(subscription_id, ended)
    await kit.subscriptions.change(f"{off}.two", lambda one: replace(one, state=SubscriptionState.SUSPENDED))
    await kit.subscriptions.forget_unused(LONG_AGO)
    assert await listed_environments(kit, (over, off, live)) == [live, off]
    await kit.subscriptions.save(samples.subscription(over, "three"))
    assert await listed_environments(kit, (over,)) == [over]


async def test_one_environment_is_forgotten_when_its_last_subscription_ended(kit: Kit, environment_id: str) -> None:
    await kept(kit.subscriptions, *some(environment_id, 2))
    for place, one in enumerate(some(environment_id, 2)):
        assert await listed_environments(kit, (environment_id,)) == [environment_id], place
        await kit.subscriptions.change(one.id, ended)
        await kit.subscriptions.forget_environment(environment_id)
    assert await listed_environments(kit, (environment_id,)) == []
    await kit.subscriptions.forget_environment("nowhere")


async def test_forgetting_what_is_unused_leaves_every_subscription_and_its_keys(kit: Kit, environment_id: str) -> None:
    rows = [keyed(environment_id, name, f"flow-{environment_id}", f"callback-{name}") for name in ("one", "two")]
    await kept(kit.subscriptions, *rows)
    await kit.subscriptions.change(rows[0].id, ended)
    await kit.subscriptions.forget_unused(LATER)
    (first, second) = samples.listed(rows)
    assert await kit.subscriptions.with_key(f"flow-{environment_id}") == [ended(first), second]
    assert await kit.subscriptions.of_environment(environment_id) == [ended(first), second]
