"""A fault of ours, or of storage, in the middle of a delivery: what was delivered stays so, and nothing is lost."""

import asyncio
from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory import MemoryFlows, MemoryQueues
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.deliveries import Answer, DeliveryBatch, FlowCall
from shared.domain.subscriptions import Subscription
from shared.ports import Queue
from shared.services.deliver import deliver
from tests.services.awkward import Bug
from tests.services.delivering import (
    EVENTS,
    PACE,
    batch_for,
    called,
    dead,
    health,
    identity,
    later,
    order_for,
    waiting,
    work_off,
)
from tests.services.stage import Stage, callback


class Patient(MemoryFlows):
    """Flows one of which answers when the others have long been done."""

    async def call(self, call: FlowCall) -> Answer:
        for _ in range(100 if call.callback_url == callback("well") else 0):
            await asyncio.sleep(0)
        return await super().call(call)


async def test_a_fault_of_ours_at_one_flow_is_tried_again_for_that_one_alone(stage: Stage) -> None:
    """The host would repeat the whole message, and every other flow would be called again."""
    stage.flows = Patient()
    await order_for(stage, "broken", Bug())
    await order_for(stage, "well")
    counts = await deliver(stage.ports, batch_for("broken", "well"), PACE)
    assert called(stage, "well") == [0, 1, 2, 3]
    assert counts == {"delivered": 4, "fault": 4}
    ((body, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    (pair,) = (await stage.queues.read_deliveries(body)).pairs
    assert (pair.subscription_id, pair.attempt, delay) == (identity("broken"), 2, 5)


async def test_a_fault_that_lasts_ends_as_dead_deliveries(stage: Stage) -> None:
    await order_for(stage, "broken", Bug())
    (pair,) = batch_for("broken").pairs
    batch = replace(batch_for("broken"), pairs=(replace(pair, attempt=10),))
    assert await deliver(stage.ports, batch, PACE) == {"dead": 4}
    assert {(dead.reason, dead.attempts) for dead in stage.dead.rows.values()} == {("fault", 10), ("fault", 0)}
    assert not stage.queues.messages[Queue.REDELIVERIES]


async def test_a_fault_that_cannot_even_be_noted_is_raised_for_the_host(stage: Stage) -> None:
    class Broken(MemoryQueues):
        async def send_redeliveries(self, batch: DeliveryBatch, *, delay_seconds: int) -> None:
            raise Bug

    stage.flows = Patient()
    await order_for(stage, "broken", Bug())
    await order_for(stage, "well")
    with pytest.raises(Bug):
        await deliver(replace(stage.ports, queues=Broken()), batch_for("broken", "well"), PACE)
    assert called(stage, "well") == [0, 1, 2, 3]


class Unreadable(MemorySubscriptions):
    """A store that cannot be read together, and not one by one either where a test says so."""

    alone_too = False

    async def find_all(self, subscription_ids: Collection[str]) -> dict[str, Subscription]:
        raise Bug

    async def find(self, subscription_id: str) -> Subscription | None:
        if self.alone_too:
            raise Bug
        return await super().find(subscription_id)


async def test_during_an_outage_of_storage_every_pair_waits_on_the_retry_queue(stage: Stage) -> None:
    """Nothing is raised, so the host does not count the message down; afterwards every event is delivered once."""
    stage.subscriptions = outage = Unreadable()
    outage.alone_too = True
    names = [f"flow-{number}" for number in range(5)]
    for name in names:
        await order_for(stage, name)
    assert await deliver(stage.ports, batch_for(*names), PACE) == {"fault": 20}
    assert await later(stage) == [([*EVENTS], 2, 5)] * 5
    outage.alone_too = False
    await work_off(stage.ports, await waiting(stage))
    assert [called(stage, name) for name in names] == [[0, 1, 2, 3]] * 5


async def test_subscriptions_that_cannot_be_read_together_are_read_one_by_one(stage: Stage) -> None:
    stage.subscriptions = Unreadable()
    await order_for(stage, "one")
    counts = await deliver(stage.ports, batch_for("one", "removed"), PACE)
    assert counts == {"delivered": 4, "dead": 4}


class BrokenOnce(MemoryQueues):
    """The retry queue takes nothing the first time."""

    failed = False

    async def send_redeliveries(self, batch: DeliveryBatch, *, delay_seconds: int) -> None:
        if not self.failed:
            self.failed = True
            raise Bug
        await super().send_redeliveries(batch, delay_seconds=delay_seconds)


@given(st.integers(0, 3), st.sampled_from([Answer(503), Bug()]))
async def test_what_was_delivered_before_a_fault_is_not_delivered_again(place: int, what: Answer | Exception) -> None:
    """The fault is at the flow, or when its failure is put off. What was delivered is noted too."""
    stage = Stage()
    stage.queues = BrokenOnce() if isinstance(what, Answer) else MemoryQueues()
    await order_for(stage, "one", *[Answer(202)] * place, what)
    assert await deliver(stage.ports, batch_for("one"), PACE) is not None
    assert health(stage, "one").delivered == place
    assert [(events, attempt) for events, attempt, _ in await later(stage)] == [([*EVENTS[place:]], 2)]
    await work_off(stage.ports, await waiting(stage))
    assert called(stage, "one") == [*range(place + 1), *range(place, 4)]
    assert health(stage, "one").delivered == 4


async def test_an_event_that_is_dead_is_not_tried_again_after_a_fault_at_the_next(stage: Stage) -> None:
    await order_for(stage, "one", Answer(202), Answer(400, "TriggerInputSchemaMismatch"), Bug())
    await deliver(stage.ports, batch_for("one"), PACE)
    await work_off(stage.ports, await waiting(stage))
    assert called(stage, "one") == [0, 1, 2, 2, 3]
    assert dead(stage) == [("TriggerInputSchemaMismatch", EVENTS[1], 1)]
