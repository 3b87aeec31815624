"""What do many fan-outs, deliveries, subscribers and unsubscribers do at the same time? What one of them does."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from cryptography.fernet import Fernet

from shared.adapters.storage import StorageAccount
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.subscriptions import Subscription, SubscriptionState, Trigger
from shared.errors import SubscriptionBusy
from shared.ports import EventBatch, Ports, Queue
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe
from tests.adapters.own_storage import own_storage
from tests.factories import ENVIRONMENT
from tests.faults.profile import pick
from tests.faults.workers import quick_or_stalled, slowed, stored
from tests.services.delivering import PACE
from tests.services.hosting import Host, TimedFlows, TimedQueues
from tests.services.stage import MAKER, Stage, callback, standing_order
from tests.services.test_fan_out import refresh
from tests.services.test_replacement import FLOW
from tests.services.test_subscribe import PARSE, body
from tests.services.virtual_time import in_virtual_time
from tests.tally import Tally

AT_ONCE = pick(12, 50)
SEEDS = range(pick(3, 30))
FLOWS = [f"flow-{number}" for number in range(7)]
EVENTS = tuple(refresh(number) for number in range(5))
EVERYTHING = {(callback(name), event.id) for name in FLOWS for event in EVENTS}
IN_MEMORY_SECONDS = 5.5  # how long another worker may go by what it read of a subscription, and half a second for it


async def _subscribed(stage: Stage, ports: Ports, names: Iterable[str] = FLOWS) -> None:
    for name in names:
        await ports.subscriptions.save(standing_order(name))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_message_that_many_handle_at_once_reaches_whom_it_would_have_reached(seed: int, tally: Tally) -> None:
    """As often as the message is there, but never a flow or an event that is not in it."""
    in_virtual_time(_handle_at_once(seed))
    tally.figure("workers at once", AT_ONCE)


async def _handle_at_once(seed: int) -> None:
    stage, queues = Stage(), TimedQueues()
    stage.flows = TimedFlows(0.05)
    await _subscribed(stage, stage.ports)
    workers = [
        slowed(replace(stage.another_worker(), queues=queues), quick_or_stalled(seed + number, stalls=0.05))
        for number in range(AT_ONCE)
    ]
    await asyncio.gather(*(fan_out(ports, EventBatch(ENVIRONMENT, EVENTS)) for ports in workers))
    assert len(queues.hidden[Queue.DELIVERIES]) == AT_ONCE
    hosts = [Host(stage, queues) for _ in range(3)]
    await asyncio.gather(*(host.run(40) for host in hosts))
    assert await queues.left() == []
    assert {(url, event.id) for url, event in stage.flows.calls} == EVERYTHING
    assert len(stage.flows.calls) == AT_ONCE * len(EVERYTHING)
    assert not stage.dead.rows
    assert all(row.state is SubscriptionState.ACTIVE for row in stage.subscriptions.rows.values())
    assert not any(host.ports.windows.of(row).calls for host in hosts for row in stage.subscriptions.rows)


@pytest.fixture
async def account(azurite: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StorageAccount]:
    own_storage(monkeypatch)
    made = StorageAccount.from_connection_string(azurite)
    yield made
    await made.close()


def _on_tables(stage: Stage, account: StorageAccount) -> list[Ports]:
    """As many workers, which meet at the tables; messages are handed to them."""
    key = Fernet.generate_key().decode()
    return [replace(stored(stage, account, key), queues=stage.queues) for _ in range(AT_ONCE)]


async def test_on_storage_it_reaches_whom_it_would_have_reached(account: StorageAccount, tally: Tally) -> None:
    """All workers note their successes in the same rows at the same time."""
    stage = Stage()
    workers = _on_tables(stage, account)
    await _subscribed(stage, workers[0])
    await asyncio.gather(*(fan_out(ports, EventBatch(ENVIRONMENT, EVENTS)) for ports in workers))
    batches = [await stage.queues.read_deliveries(body) for body, _ in stage.queues.messages[Queue.DELIVERIES]]
    await asyncio.gather(*(deliver(ports, one, PACE) for ports, one in zip(workers, batches, strict=True)))
    while (body := stage.queues.take(Queue.REDELIVERIES)) is not None:
        await deliver(workers[0], await stage.queues.read_deliveries(body), PACE)
    assert {(url, event.id) for url, event in stage.flows.calls} == EVERYTHING
    assert len(stage.flows.calls) == AT_ONCE * len(EVERYTHING)
    kept = await workers[0].subscriptions.of_environment(ENVIRONMENT)
    assert all(one.state is SubscriptionState.ACTIVE for one in kept)
    assert await workers[0].dead.page(environment_id=ENVIRONMENT, subscription_id=None, after="", limit=10) == []
    tally.figure("workers at once", AT_ONCE)


async def _save_flow(ports: Ports, version: int) -> Subscription:
    """What a flow sends when it is saved, again where it is told to."""
    sent = body(Trigger.REFRESH_FAILED, callbackUrl=callback(f"w-{version}"))
    while True:
        with suppress(SubscriptionBusy):
            return await subscribe(ports, Trigger.REFRESH_FAILED, sent, FLOW, PARSE)


async def _require_one_live(ports: Ports, answered: Sequence[Subscription]) -> None:
    """The newest one, to which every other one leads."""
    kept = await ports.subscriptions.of_environment(ENVIRONMENT)
    live = [one for one in kept if one.is_live]
    assert len(live) == 1
    assert {one.id for one in kept} >= {one.id for one in answered}
    assert live[0].created_at == max(one.created_at for one in kept)
    assert all(one.replaced_by for one in kept if not one.is_live)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flow_that_is_saved_many_times_at_once_has_one_live_subscription(seed: int, tally: Tally) -> None:
    in_virtual_time(_save_at_once(seed))
    tally.figure("workers at once", AT_ONCE)


async def _save_at_once(seed: int) -> None:
    stage = Stage()
    workers = [
        slowed(stage.another_worker(), quick_or_stalled(seed + number, stalls=0.05)) for number in range(AT_ONCE)
    ]
    answered = await asyncio.gather(*(_save_flow(ports, number) for number, ports in enumerate(workers)))
    await _require_one_live(stage.ports, answered)


async def test_on_storage_a_flow_saved_many_times_at_once_has_one_live_subscription(
    account: StorageAccount, tally: Tally
) -> None:
    workers = _on_tables(Stage(), account)
    answered = await asyncio.gather(*(_save_flow(ports, number) for number, ports in enumerate(workers)))
    await _require_one_live(workers[0], answered)
    tally.figure("workers at once", AT_ONCE)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_unsubscribed_amid_deliveries_gets_no_more(seed: int) -> None:
    """Where it was unsubscribed nothing begins after that; elsewhere for as long as a read subscription is believed."""
    in_virtual_time(_unsubscribe_amid(seed))


async def _unsubscribe_amid(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 - to be played again
    stage, queues = Stage(), TimedQueues()
    flows = [TimedFlows(0.3), TimedFlows(0.3)]  # so long that a message of thirty takes nine seconds
    hosts = [Host(stage, queues) for _ in flows]
    for host, one in zip(hosts, flows, strict=True):
        host.ports = replace(host.ports, flows=one)
    await _subscribed(stage, stage.ports, ["leaves", "stays"])
    leaving = standing_order("leaves")
    many = tuple(refresh(number) for number in range(600))
    for start in range(0, 600, 30):
        pairs = tuple(Pair(standing_order(name).id, tuple(range(30))) for name in ("leaves", "stays"))
        await queues.send_deliveries(DeliveryBatch(ENVIRONMENT, many[start : start + 30], pairs))
    left_at = 0.0

    async def leave() -> None:
        nonlocal left_at
        await asyncio.sleep(draw.uniform(0.1, 3))
        await unsubscribe(hosts[0].ports, leaving.id, MAKER)
        left_at = asyncio.get_running_loop().time()

    await asyncio.gather(leave(), *(host.run(40) for host in hosts))
    here, elsewhere = (one.began[callback("leaves")] for one in flows)
    assert here + elsewhere, "the flow has to be called before"
    assert max(here, default=0) <= left_at
    assert max(elsewhere, default=0) <= left_at + IN_MEMORY_SECONDS
    assert len({event.id for one in flows for url, event in one.calls if url == callback("stays")}) == 600
