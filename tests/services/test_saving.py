"""Saving a flow while clocks differ, events are fanned out, or a worker dies: its newest subscription gets them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import EventType
from shared.domain.subscriptions import Subscription, SubscriptionState, age
from shared.errors import SubscriptionBusy
from shared.ports import EventBatch, Queue
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.rotate_secret import rotate_secret
from shared.services.subscribe import subscribe
from shared.services.sweep import sweep
from shared.services.unsubscribe import unsubscribe
from shared.stores import Change
from tests.factories import ENVIRONMENT
from tests.feed import happened
from tests.services.delivering import PACE
from tests.services.stage import MAKER, Stage, callback
from tests.services.test_replacement import FLOW, TRIGGER, live, save
from tests.services.test_subscribe import PARSE, body

SECONDS, HOUR = timedelta(seconds=2), timedelta(hours=1)
EVENTS = tuple(
    happened(place, EventType.REFRESH_FAILED, dataSourceId="ds-orders", submission="scheduled") for place in range(4)
)
BATCH = EventBatch(ENVIRONMENT, EVENTS)


async def work(stage: Stage) -> list[str]:
    """Make all deliveries that wait: the URLs that were called, in order."""
    for _ in range(10):
        for queue in (Queue.DELIVERIES, Queue.REDELIVERIES):
            for message in [stage.queues.take(queue) for _ in list(stage.queues.messages[queue])]:
                assert message is not None
                await deliver(stage.ports, await stage.queues.read_deliveries(message), PACE)
    return [url for url, _ in stage.flows.calls]


@pytest.mark.parametrize("behind", [timedelta(0), SECONDS, HOUR, -HOUR], ids=str)
async def test_the_newer_call_wins_whatever_its_workers_clock_says(stage: Stage, behind: timedelta) -> None:
    """So does the DELETE that the platform sends for the older one, and then for the newer one."""
    first = await save(stage, 1)
    stage.now -= behind
    second = await save(stage, 2)
    assert live(stage) == [second.id]
    await unsubscribe(stage.ports, first.id, FLOW)
    assert live(stage) == [second.id]
    await fan_out(stage.ports, BATCH)
    assert set(await work(stage)) == {callback("w-2")}
    await unsubscribe(stage.ports, second.id, FLOW)
    assert live(stage) == []


@given(st.lists(st.timedeltas(-2 * HOUR, 2 * HOUR), min_size=2, max_size=8))
@example([timedelta(0), -HOUR, -2 * HOUR, HOUR])
async def test_the_last_of_many_calls_wins_in_each_order_of_clocks(clocks: list[timedelta]) -> None:
    stage = Stage()
    began = stage.now
    made = []
    for version, clock in enumerate(clocks):
        stage.now = began + clock
        made.append(await save(stage, version))
        assert live(stage) == [made[-1].id]
    assert max(stage.subscriptions.rows.values(), key=age).id == made[-1].id


class FannedOut(MemorySubscriptions):
    """Events are fanned out right after each save, before the older subscription gives way."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    async def save(self, subscription: Subscription) -> None:
        await super().save(subscription)
        assert await fan_out(self._stage.ports, BATCH) == len(EVENTS)


async def test_events_that_are_fanned_out_while_a_flow_is_saved_reach_it_once(stage: Stage) -> None:
    stage.subscriptions = FannedOut(stage)
    await save(stage, 1)
    assert await work(stage) == [callback("w-1")] * len(EVENTS)
    stage.flows.taken.clear()
    await save(stage, 2)
    assert await work(stage) == [callback("w-2")] * len(EVENTS)


class Dying(MemorySubscriptions):
    """The worker dies when it has saved the new one."""

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        raise SubscriptionBusy


async def saved_by_a_dying_worker(stage: Stage, version: int) -> None:
    """Leave one more live subscription of the flow."""
    dying = Dying()
    dying.rows = stage.subscriptions.rows
    stage.wait(seconds=1)
    sent = body(TRIGGER, callbackUrl=callback(f"w-{version}"))
    with pytest.raises(SubscriptionBusy):
        await subscribe(replace(stage.ports, subscriptions=dying), TRIGGER, sent, FLOW, PARSE)


async def test_of_two_that_a_crash_left_the_newest_is_called_and_the_sweep_ends_the_older(stage: Stage) -> None:
    first = await save(stage, 1)
    await saved_by_a_dying_worker(stage, 2)
    assert len(live(stage)) == 2
    assert await fan_out(stage.ports, BATCH) == len(EVENTS)
    assert set(await work(stage)) == {callback("w-2")}
    assert (await sweep(stage.ports, suspended_days=14))["doubles"] == 1
    (left,) = live(stage)
    older = stage.subscriptions.rows[first.id]
    assert (older.state, older.replaced_by, older.state_since) == (SubscriptionState.REPLACED, left, stage.now)
    assert (await sweep(stage.ports, suspended_days=14))["doubles"] == 0


@given(st.permutations(range(4)))
async def test_of_several_that_crashes_left_the_sweep_leaves_the_newest(order: list[int]) -> None:
    """In whatever order their ids are; what is on its way to any of them gets there."""
    stage = Stage()
    await save(stage, 0)
    for version in range(1, 4):
        await saved_by_a_dying_worker(stage, version)
    made = list(stage.subscriptions.rows.values())
    stage.subscriptions.rows.clear()
    for one, place in zip(made, order, strict=True):
        stage.subscriptions.rows[f"{ENVIRONMENT}.{place}"] = replace(one, id=f"{ENVIRONMENT}.{place}")
    newest = f"{ENVIRONMENT}.{order[-1]}"
    assert (await sweep(stage.ports, suspended_days=14))["doubles"] == 3
    assert live(stage) == [newest]
    pairs = tuple(Pair(one, (0,)) for one in stage.subscriptions.rows)
    await stage.queues.send_deliveries(DeliveryBatch(ENVIRONMENT, EVENTS[:1], pairs))
    assert await work(stage) == [callback("w-3")] * 4


class MissesTheNewest(MemorySubscriptions):
    """A listing that had passed the place of the new one before it was there, and came to the old one afterwards."""

    async def of_environment(self, environment_id: str) -> list[Subscription]:
        return [one for one in await super().of_environment(environment_id) if not one.is_live]


@pytest.mark.parametrize("saves", [2, 3])
async def test_an_event_that_is_fanned_out_by_a_listing_without_the_new_one_reaches_it_once(
    stage: Stage, saves: int
) -> None:
    stage.subscriptions = MissesTheNewest()
    for version in range(saves):
        await save(stage, version)
    assert await fan_out(stage.ports, BATCH) == len(EVENTS)
    assert await work(stage) == [callback(f"w-{saves - 1}")] * len(EVENTS)


async def test_a_flow_that_was_unsubscribed_gets_nothing_through_what_it_replaced(stage: Stage) -> None:
    await save(stage, 1)
    await unsubscribe(stage.ports, (await save(stage, 2)).id, FLOW)
    await fan_out(stage.ports, BATCH)
    assert await work(stage) == []


async def test_events_reach_the_last_of_thirty_saves_in_a_row(stage: Stage) -> None:
    made = [await save(stage, version) for version in range(30)]
    batch = DeliveryBatch(ENVIRONMENT, EVENTS, (Pair(made[0].id, (0, 1, 2, 3)),))
    await stage.queues.send_deliveries(batch)
    assert await work(stage) == [callback("w-29")] * 4
    assert [event for _, event in stage.flows.calls] == [*EVENTS]


async def test_a_receiver_goes_on_knowing_us_when_its_flow_is_saved(stage: Stage) -> None:
    """The new subscription has the signing secrets of the one it replaces, a renewed one among them."""
    first = await save(stage, 1)
    secret = await rotate_secret(stage.ports, first.id, MAKER)
    before = stage.subscriptions.rows[first.id].signing_secrets
    second = await save(stage, 2)
    third = await save(stage, 3)
    assert (second.signing_secrets, third.signing_secrets) == (before, before)
    assert before[0].secret == secret
    assert secret.startswith("whsec_")
    assert stage.subscriptions.rows[third.id].signing_secrets == before


async def test_another_flow_has_secrets_of_its_own_and_one_that_begins_anew_has_its_own_again(stage: Stage) -> None:
    first = await save(stage, 1)
    await unsubscribe(stage.ports, first.id, FLOW)
    others = [await save(stage, 2), await save(stage, 3, replace(FLOW, flow=replace(FLOW.flow, name="other")))]
    assert [one.signing_secrets == first.signing_secrets for one in others] == [True, False]
