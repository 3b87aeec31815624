"""The promises of every SubscriptionStore."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.domain.subscriptions import SubscriptionState, Trigger
from tests.contracts import samples
from tests.contracts.kits import Kit

ODD_IDS = [
    "",
    ".",
    "..",
    "no-dot",
    "a/b.c",
    "../x.y",
    "a\\b.c",
    "a#b.c",
    "a?b.c",
    "a%2Fb.c",
    "a b.c",
    "æ.ø",
    "a'b.c'd",
    "x') or (1 eq 1.y",
    "a\nb.c",
    "a\tb.c",
    "a\x00b.c",
    "a\x7fb.c",
    "🎉.🎉",
    "e." + "x" * 2000,
    "e" * 2000 + ".x",
]
FIELDS: Mapping[Trigger, Mapping[str, object]] = {
    Trigger.REFRESH_FAILED: {"dataSourceId": "ds-1", "submission": "scheduled"},
    Trigger.REFRESH_SUCCEEDED: {},
    Trigger.SEGMENT_CROSSED: {"segmentName": "Æ S", "threshold": 1000, "direction": "both", "rearmAt": 900.5},
    Trigger.MEASURE_CROSSED: {
        "measureName": "Revenue",
        "alias": "Total",
        "dimensions": {"Country": "NO"},
        "threshold": "123456789012345678.901234567891",
    },
    Trigger.FULL_REFRESH_COMPLETED: {"submission": "onDemand"},
    Trigger.UNIFICATION_COMPLETED: {"submission": "any"},
    Trigger.PROCESS_ENDED: {"operationTypes": ["export", "search"], "outcomes": ["skipped"]},
    Trigger.OVERDUE: {"dataSourceId": "ds-1", "withinHours": 1.5},
    Trigger.UNREACHABLE: {},
}


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_a_subscription_of_each_trigger_is_found_as_it_was_saved(
    kit: Kit, environment_id: str, trigger: Trigger
) -> None:
    saved = samples.subscription(environment_id, trigger=trigger, fields=FIELDS[trigger])
    await kit.subscriptions.save(saved)
    assert await kit.subscriptions.find(saved.id) == saved


@pytest.mark.parametrize("state", list(SubscriptionState))
async def test_every_state_is_kept(kit: Kit, environment_id: str, state: SubscriptionState) -> None:
    saved = replace(samples.subscription(environment_id), state=state)
    await kit.subscriptions.save(saved)
    assert await kit.subscriptions.find(saved.id) == saved


async def test_every_field_survives(kit: Kit, environment_id: str) -> None:
    saved = samples.full_subscription(environment_id)
    await kit.subscriptions.save(saved)
    assert await kit.subscriptions.find(saved.id) == saved


async def test_only_who_calls_the_flow_is_given_its_secrets(kit: Kit, environment_id: str) -> None:
    saved = samples.full_subscription(environment_id)
    await kit.subscriptions.save(saved)
    (listed,) = samples.listed([saved])
    assert await kit.subscriptions.show(saved.id) == listed
    assert await kit.subscriptions.of_environment(environment_id) == [listed]
    assert await kit.subscriptions.with_key(saved.flow_key) == [listed]
    page = await kit.subscriptions.page(owner=None, environment_id=environment_id, after="", limit=5)
    assert page == [listed]
    assert await kit.subscriptions.find_all([saved.id]) == {saved.id: saved}


async def test_an_unknown_subscription_is_not_found(kit: Kit, environment_id: str) -> None:
    await kit.subscriptions.save(samples.subscription(environment_id))
    assert await kit.subscriptions.find(f"{environment_id}.other") is None
    assert await kit.subscriptions.find("nowhere.one") is None
    assert await kit.subscriptions.show(f"{environment_id}.other") is None


async def test_saving_again_replaces(kit: Kit, environment_id: str) -> None:
    first = samples.subscription(environment_id, fields={"dataSourceId": "ds-1"})
    again = samples.subscription(environment_id, trigger=Trigger.PROCESS_ENDED, fields={"outcomes": ["failed"]})
    await kit.subscriptions.save(first)
    await kit.subscriptions.save(again)
    assert await kit.subscriptions.of_environment(environment_id) == samples.listed([again])


async def test_a_removed_subscription_is_gone_and_removing_it_again_is_no_error(kit: Kit, environment_id: str) -> None:
    one, two = (samples.subscription(environment_id, name) for name in ("one", "two"))
    await kit.subscriptions.save(one)
    await kit.subscriptions.save(two)
    for _ in range(2):
        await kit.subscriptions.remove(one.id)
    assert await kit.subscriptions.find(one.id) is None
    assert await kit.subscriptions.of_environment(environment_id) == samples.listed([two])


async def test_the_subscriptions_of_an_environment_are_its_own(kit: Kit, environment_id: str) -> None:
    neighbour = f"{environment_id}-2"
    mine = [samples.subscription(environment_id, f"{place:02}") for place in range(30)]
    for one in (*mine, samples.subscription(neighbour)):
        await kit.subscriptions.save(one)
    assert await kit.subscriptions.of_environment(environment_id) == samples.listed(mine)
    assert await kit.subscriptions.of_environment(neighbour) == samples.listed([samples.subscription(neighbour)])
    assert await kit.subscriptions.of_environment(environment_id[:-1]) == []


async def test_more_than_a_page_of_subscriptions_is_read(kit: Kit, environment_id: str) -> None:
    """A page of the storage's is 1,000 rows."""
    many = [samples.subscription(environment_id, f"{place:04}") for place in range(1001)]
    await asyncio.gather(*(kit.subscriptions.save(one) for one in many))
    assert await kit.subscriptions.of_environment(environment_id) == samples.listed(many)


async def test_an_environment_with_a_subscription_is_listed_once(kit: Kit, environment_id: str) -> None:
    assert environment_id not in await kit.subscriptions.environments()
    for name in ("one", "two"):
        await kit.subscriptions.save(samples.subscription(environment_id, name))
    assert (await kit.subscriptions.environments()).count(environment_id) == 1


async def test_an_environment_is_listed_until_its_last_subscription_is_removed(kit: Kit, environment_id: str) -> None:
    """It is watched while it has one."""
    one, two = (samples.subscription(environment_id, name) for name in ("one", "two"))
    for subscription in (one, two):
        await kit.subscriptions.save(subscription)
    await kit.subscriptions.remove(one.id)
    assert environment_id in await kit.subscriptions.environments()
    await kit.subscriptions.remove(two.id)
    assert environment_id not in await kit.subscriptions.environments()
    await kit.subscriptions.save(one)
    assert environment_id in await kit.subscriptions.environments()


async def test_environments_are_listed_in_order(kit: Kit, environment_id: str) -> None:
    names = [f"{environment_id}-{letter}" for letter in "cab"]
    for name in names:
        await kit.subscriptions.save(samples.subscription(name))
    listed = await kit.subscriptions.environments()
    assert [name for name in listed if name.startswith(environment_id)] == sorted(names)


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_an_odd_id_is_unknown_and_breaks_nothing(kit: Kit, environment_id: str, odd: str) -> None:
    """It comes from a URL that anybody can write."""
    kept = samples.subscription(environment_id)
    await kit.subscriptions.save(kept)
    assert await kit.subscriptions.find(odd) is None
    assert await kit.subscriptions.show(odd) is None
    assert await kit.subscriptions.find_all([odd]) == {}
    await kit.subscriptions.remove(odd)
    assert await kit.subscriptions.change(odd, lambda one: one) is None
    await kit.subscriptions.change_all({odd: lambda one: one})
    assert await kit.subscriptions.of_environment(environment_id) == samples.listed([kept])


@pytest.mark.parametrize("odd", ["' or PartitionKey ne '", "x' or '1' eq '1", "@environment", "a/b", "../.."])
async def test_an_odd_environment_id_has_no_subscriptions(kit: Kit, environment_id: str, odd: str) -> None:
    await kit.subscriptions.save(samples.subscription(environment_id))
    assert await kit.subscriptions.of_environment(odd) == []


async def test_an_id_with_another_environment_in_front_finds_nothing(kit: Kit, environment_id: str) -> None:
    """The environment in an id decides what it can reach."""
    saved = samples.subscription(environment_id)
    await kit.subscriptions.save(saved)
    for stranger in (f"x{saved.id}", f"{environment_id}-2.one", f".{saved.id}", saved.id.upper()):
        assert await kit.subscriptions.find(stranger) is None
        await kit.subscriptions.remove(stranger)
    assert await kit.subscriptions.find(saved.id) == saved
