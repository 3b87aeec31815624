"""The promises of every DeadDeliveryStore."""

from datetime import timedelta

import pytest

from shared.domain.deliveries import DeadDelivery
from shared.domain.events import Event
from tests.contracts import samples
from tests.contracts.kits import Kit


def dead(event: Event, name: str = "one", *, reason: str = "http_400", attempts: int = 10) -> DeadDelivery:
    environment_id = str(event.data["environmentId"])
    died_at = samples.NOON + timedelta(microseconds=654321)
    return DeadDelivery(environment_id, f"{environment_id}.{name}", event, reason, attempts, died_at)


def facts(found: list[DeadDelivery]) -> list[tuple[object, ...]]:
    return [
        (one.environment_id, one.subscription_id, one.reason, one.attempts, one.died_at, *samples.written([one.event]))
        for one in found
    ]


async def test_nothing_has_died_at_first(kit: Kit, environment_id: str) -> None:
    assert await kit.dead.of_environment(environment_id, limit=10) == []


async def test_a_dead_delivery_is_read_back_whole(kit: Kit, environment_id: str) -> None:
    kept = dead(samples.event(environment_id, value=samples.THIRTY_DIGITS))
    await kit.dead.save(kept)
    assert facts(await kit.dead.of_environment(environment_id, limit=10)) == facts([kept])


async def test_an_event_that_dies_twice_for_a_subscription_is_kept_once_as_it_died_last(
    kit: Kit, environment_id: str
) -> None:
    await kit.dead.save(dead(samples.event(environment_id), reason="timeout", attempts=1))
    last = dead(samples.event(environment_id), reason="flow_gone", attempts=2)
    await kit.dead.save(last)
    assert facts(await kit.dead.of_environment(environment_id, limit=10)) == facts([last])


async def test_each_event_and_each_subscription_dies_on_its_own(kit: Kit, environment_id: str) -> None:
    kept = [dead(event, name) for name in ("one", "two") for event in samples.events(environment_id, 3)]
    for one in kept:
        await kit.dead.save(one)
    found = await kit.dead.of_environment(environment_id, limit=10)
    assert sorted(facts(found), key=str) == sorted(facts(kept), key=str)


@pytest.mark.parametrize("limit", [0, 1, 99, 100, 101])
async def test_no_more_than_asked_for_are_read(kit: Kit, environment_id: str, limit: int) -> None:
    for event in samples.events(environment_id, 101):
        await kit.dead.save(dead(event))
    found = await kit.dead.of_environment(environment_id, limit=limit)
    assert len(found) == len({one.id for one in found}) == limit


@pytest.mark.parametrize("size", [61_440, 61_441, 1_000_000])
async def test_an_event_of_any_size_can_die(kit: Kit, environment_id: str, size: int) -> None:
    kept = dead(samples.of_size(environment_id, size))
    await kit.dead.save(kept)
    assert facts(await kit.dead.of_environment(environment_id, limit=1)) == facts([kept])


async def test_environments_have_dead_deliveries_of_their_own(kit: Kit, environment_id: str) -> None:
    await kit.dead.save(dead(samples.event(environment_id)))
    assert await kit.dead.of_environment(f"{environment_id}-2", limit=10) == []
    assert await kit.dead.of_environment("' or PartitionKey ne '", limit=10) == []
