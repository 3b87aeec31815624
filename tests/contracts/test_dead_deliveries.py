"""The promises of every DeadDeliveryStore."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.deliveries import DeadDelivery
from shared.domain.events import Event
from tests.contracts import samples
from tests.contracts.kits import Kit
from tests.contracts.test_subscriptions import ODD_IDS


def dead(event: Event, name: str = "one", *, reason: str = "http_400", attempts: int = 10) -> DeadDelivery:
    environment_id = str(event.data["environmentId"])
    died_at = samples.NOON + timedelta(microseconds=654321)
    return DeadDelivery(environment_id, f"{environment_id}.{name}", event, reason, attempts, died_at)


def facts(found: list[DeadDelivery]) -> list[tuple[object, ...]]:
    return [
        (one.environment_id, one.subscription_id, one.reason, one.attempts, one.died_at, *samples.written([one.event]))
        for one in found
    ]


async def page(
    kit: Kit, environment_id: str | None, *, limit: int = 1000, after: str = "", subscription_id: str | None = None
) -> list[DeadDelivery]:
    return await kit.dead.page(environment_id=environment_id, subscription_id=subscription_id, after=after, limit=limit)


async def test_nothing_has_died_at_first(kit: Kit, environment_id: str) -> None:
    assert await page(kit, environment_id, limit=10) == []


async def test_a_dead_delivery_is_read_back_whole(kit: Kit, environment_id: str) -> None:
    kept = dead(samples.event(environment_id, value=samples.THIRTY_DIGITS))
    await kit.dead.save(kept)
    assert facts(await page(kit, environment_id, limit=10)) == facts([kept])


async def test_an_event_that_dies_twice_for_a_subscription_is_kept_once_as_it_died_last(
    kit: Kit, environment_id: str
) -> None:
    await kit.dead.save(dead(samples.event(environment_id), reason="timeout", attempts=1))
    last = dead(samples.event(environment_id), reason="flow_gone", attempts=2)
    await kit.dead.save(last)
    assert facts(await page(kit, environment_id, limit=10)) == facts([last])


async def test_each_event_and_each_subscription_dies_on_its_own(kit: Kit, environment_id: str) -> None:
    kept = [dead(event, name) for name in ("one", "two") for event in samples.events(environment_id, 3)]
    for one in kept:
        await kit.dead.save(one)
    found = await page(kit, environment_id, limit=10)
    assert sorted(facts(found), key=str) == sorted(facts(kept), key=str)


@pytest.mark.parametrize("limit", [0, 1, 99, 100, 101])
async def test_no_more_than_asked_for_are_read(kit: Kit, environment_id: str, limit: int) -> None:
    for event in samples.events(environment_id, 101):
        await kit.dead.save(dead(event))
    found = await page(kit, environment_id, limit=limit)
    assert len(found) == len({one.id for one in found}) == limit


@pytest.mark.parametrize("size", [61_440, 61_441, 1_000_000])
async def test_an_event_of_any_size_can_die(kit: Kit, environment_id: str, size: int) -> None:
    kept = dead(samples.of_size(environment_id, size))
    await kit.dead.save(kept)
    assert facts(await page(kit, environment_id, limit=1)) == facts([kept])


async def test_environments_have_dead_deliveries_of_their_own(kit: Kit, environment_id: str) -> None:
    await kit.dead.save(dead(samples.event(environment_id)))
    assert await page(kit, f"{environment_id}-2", limit=10) == []
    assert await page(kit, "' or PartitionKey ne '", limit=10) == []


async def test_one_is_found_by_its_id(kit: Kit, environment_id: str) -> None:
    kept = [dead(event, "one") for event in samples.events(environment_id, 2)]
    for one in kept:
        await kit.dead.save(one)
    found = await kit.dead.find(kept[1].id)
    assert found is not None
    assert facts([found]) == facts(kept[1:])
    assert await kit.dead.find(dead(samples.event(environment_id), "two").id) is None


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_an_odd_id_is_unknown_and_breaks_nothing(kit: Kit, environment_id: str, odd: str) -> None:
    """It comes from a URL that anybody can write."""
    kept = dead(samples.event(environment_id))
    await kit.dead.save(kept)
    assert await kit.dead.find(odd) is None
    assert await kit.dead.find_message(odd) is None
    await kit.dead.remove_message(odd)
    assert await page(kit, "nobodys", after=odd) == []
    assert facts(await page(kit, environment_id)) == facts([kept])


@pytest.mark.parametrize("limit", [1, 3, 9, 10, 1000])
async def test_pages_give_each_once_in_the_order_of_the_ids(kit: Kit, environment_id: str, limit: int) -> None:
    events = samples.events(environment_id, 3)
    kept = [dead(event, name) for name in ("A", "_a", "-a") for event in events]
    for one in (*kept, dead(samples.event(f"{environment_id}-2"))):
        await kit.dead.save(one)
    found: list[str] = []
    while part := await page(kit, environment_id, limit=limit, after=found[-1] if found else ""):
        found += [one.id for one in part]
    assert found == sorted(one.id for one in kept)


async def test_pages_of_a_subscription_hold_its_own(kit: Kit, environment_id: str) -> None:
    events = samples.events(environment_id, 5)
    kept = {name: [dead(event, name) for event in events] for name in ("one", "one2", "two")}
    for one in (dead for name in kept for dead in kept[name]):
        await kit.dead.save(one)
    own = sorted(kept["one"], key=lambda one: one.id)
    first = await page(kit, None, subscription_id=f"{environment_id}.one", limit=3)
    rest = await page(kit, environment_id, subscription_id=f"{environment_id}.one", after=first[-1].id, limit=3)
    assert facts([*first, *rest]) == facts(own)
    assert await page(kit, f"{environment_id}-2", subscription_id=f"{environment_id}.one") == []


async def test_one_that_is_taken_away_is_gone_and_taking_it_again_is_no_error(kit: Kit, environment_id: str) -> None:
    one, two = (dead(samples.event(environment_id), name) for name in ("one", "two"))
    await kit.dead.save(one)
    await kit.dead.save(two)
    for _ in range(2):
        await kit.dead.remove(one)
    assert await kit.dead.find(one.id) is None
    assert facts(await page(kit, environment_id)) == facts([two])


async def test_one_that_died_again_is_not_taken_away(kit: Kit, environment_id: str) -> None:
    """It was sent again and failed again while somebody took its first death away."""
    first = dead(samples.event(environment_id))
    again = replace(first, died_at=first.died_at + timedelta(microseconds=1), reason="timeout")
    await kit.dead.save(first)
    await kit.dead.save(again)
    await kit.dead.remove(first)
    assert facts(await page(kit, environment_id)) == facts([again])
    await kit.dead.remove(again)
    assert await page(kit, environment_id) == []
