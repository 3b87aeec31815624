"""What delivery promises: order within a subscription, our own retries, and an end for every event."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.retries import SCHEDULE_SECONDS
from shared.domain.subscriptions import SubscriptionState
from shared.errors import CallbackRejected, DeliveryFailed
from shared.ports import Queue
from shared.services.deliver import deliver
from shared.services.put_off import STEP_SECONDS
from shared.services.unsubscribe import unsubscribe
from tests.factories import START
from tests.services.awkward import Slow
from tests.services.delivering import (
    EVENTS,
    LAST_ATTEMPT,
    PACE,
    PATIENT,
    batch_for,
    called,
    dead,
    identity,
    kept,
    later,
    order_for,
    waiting,
    work_off,
)
from tests.services.stage import MAKER, Stage, standing_order


async def test_a_flow_gets_its_events_in_order(stage: Stage) -> None:
    await order_for(stage, "one")
    counts = await deliver(stage.ports, batch_for("one"), PACE)
    assert (called(stage, "one"), counts["delivered"]) == ([0, 1, 2, 3], 4)
    assert (await later(stage), dead(stage)) == ([], [])


@pytest.mark.parametrize(
    "answer",
    [Answer(425), Answer(408), Answer(500), Answer(503), DeliveryFailed(reason="timeout"), DeliveryFailed()],
)
async def test_a_failed_attempt_puts_off_that_event_and_those_behind_it(
    stage: Stage, answer: Answer | Exception
) -> None:
    """What was delivered is not delivered again."""
    await order_for(stage, "one", Answer(202), answer)
    await deliver(stage.ports, batch_for("one"), PACE)
    assert called(stage, "one") == [0, 1]
    assert await later(stage) == [([*EVENTS[1:]], 2, SCHEDULE_SECONDS[0])]


async def test_each_retry_waits_as_long_as_the_schedule_says(stage: Stage) -> None:
    await order_for(stage, "one", *[Answer(503)] * len(SCHEDULE_SECONDS))
    waits = []
    for attempt, seconds in enumerate(SCHEDULE_SECONDS, start=1):
        await deliver(stage.ports, batch_for("one", count=1, attempt=attempt), PACE)
        waits.append((await later(stage))[-1][1:])
        stage.wait(seconds=seconds)
    assert waits == [(place + 2, seconds) for place, seconds in enumerate(SCHEDULE_SECONDS)]


async def test_a_long_wait_is_made_in_steps_without_a_call_or_an_attempt(stage: Stage) -> None:
    await order_for(stage, "one", Answer(503))
    await deliver(stage.ports, batch_for("one", count=1, attempt=5), PACE)
    steps = 0
    while stage.now < START + timedelta(seconds=SCHEDULE_SECONDS[4]):
        assert (called(stage, "one"), stage.delays(Queue.REDELIVERIES)) == ([0], [STEP_SECONDS])
        stage.wait(seconds=STEP_SECONDS)
        await work_off(stage.ports, await waiting(stage))
        steps += 1
    assert (called(stage, "one"), steps) == ([0, 0], SCHEDULE_SECONDS[4] // STEP_SECONDS)


async def test_jitter_makes_a_herd_spread_out_and_never_hurries(stage: Stage) -> None:
    await order_for(stage, "one", Answer(503))
    await deliver(replace(stage.ports, jitter=lambda: 1.0), batch_for("one", count=1, attempt=3), PACE)
    ((_, attempt, delay),) = await later(stage)
    assert attempt == 4
    assert SCHEDULE_SECONDS[2] < delay <= SCHEDULE_SECONDS[2] * 1.2


async def test_a_flow_that_asks_for_more_time_gets_it(stage: Stage) -> None:
    await order_for(stage, "one", Answer(429, retry_after_seconds=77))
    await deliver(stage.ports, batch_for("one"), PACE)
    assert [delay for _, _, delay in await later(stage)] == [77]


async def test_a_shorter_wish_does_not_shorten_the_schedule(stage: Stage) -> None:
    await order_for(stage, "one", Answer(503, retry_after_seconds=1))
    await deliver(stage.ports, batch_for("one", attempt=3), PACE)
    assert [delay for _, _, delay in await later(stage)] == [SCHEDULE_SECONDS[2]]


async def test_after_the_last_attempt_an_event_is_dead_and_the_next_one_starts_anew(stage: Stage) -> None:
    await order_for(stage, "one", Answer(503), Answer(202), Answer(503))
    await deliver(stage.ports, batch_for("one", attempt=LAST_ATTEMPT), PACE)
    assert called(stage, "one") == [0, 1, 2]
    assert dead(stage) == [("http_503", EVENTS[0], LAST_ATTEMPT)]
    assert await later(stage) == [([*EVENTS[2:]], 2, SCHEDULE_SECONDS[0])]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_flow_that_is_gone_ends_its_subscription_and_its_events_are_kept(stage: Stage, status: int) -> None:
    await order_for(stage, "one", Answer(202), Answer(status))
    await deliver(stage.ports, batch_for("one"), PACE)
    assert kept(stage, "one").state is SubscriptionState.ENDED
    assert [(reason, event) for reason, event, _ in dead(stage)] == [("flow_gone", event) for event in EVENTS[1:]]
    await deliver(stage.ports, batch_for("one"), PACE)
    assert called(stage, "one") == [0, 1]


async def test_an_event_that_a_flow_cannot_take_is_dead_and_the_next_one_goes_on(stage: Stage) -> None:
    await order_for(stage, "one", Answer(400, "TriggerInputSchemaMismatch"))
    await deliver(stage.ports, batch_for("one"), PACE)
    assert called(stage, "one") == [0, 1, 2, 3]
    assert dead(stage) == [("TriggerInputSchemaMismatch", EVENTS[0], 1)]


async def test_a_callback_url_that_is_no_longer_allowed_is_dead_with_its_reason(stage: Stage) -> None:
    """The settings may have changed since the subscription was made."""
    await order_for(stage, "one", CallbackRejected("must be on an allowed host", reason="host_not_allowed"))
    await deliver(stage.ports, batch_for("one", count=1), PACE)
    assert dead(stage) == [("host_not_allowed", EVENTS[0], 1)]


async def test_a_removed_subscription_gets_nothing_and_leaves_nothing(stage: Stage) -> None:
    """Not before it is clear that its flow was not just being saved."""
    await order_for(stage, "one")
    await unsubscribe(stage.ports, identity("one"), MAKER)
    assert await deliver(stage.ports, batch_for("one"), PACE) == {"postponed": 4}
    stage.wait(minutes=2)
    (counts,) = await work_off(stage.ports, await waiting(stage))
    assert (stage.flows.calls, dead(stage), counts) == ([], [], {"unsubscribed": 4})


async def test_what_a_removed_subscription_still_waited_for_is_kept_as_dead(stage: Stage) -> None:
    await order_for(stage, "one", Answer(503))
    await deliver(stage.ports, batch_for("one"), PACE)
    await unsubscribe(stage.ports, identity("one"), MAKER)
    stage.wait(minutes=2)
    await work_off(stage.ports, await waiting(stage))
    assert dead(stage) == [("unsubscribed", event, 1 if place == 0 else 0) for place, event in enumerate(EVENTS)]


class Unsubscribing(MemoryFlows):
    """A flow whose owner unsubscribes while it is called, and which is then gone."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    async def call(self, call: FlowCall) -> Answer:
        await unsubscribe(self._stage.ports, identity("one"), MAKER)
        return Answer(404)


async def test_a_subscription_that_is_removed_during_a_call_stays_removed(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("one"))
    stage.flows = Unsubscribing(stage)
    await deliver(stage.ports, batch_for("one"), PACE)
    assert kept(stage, "one").state is SubscriptionState.UNSUBSCRIBED


async def test_a_slow_flow_gives_its_place_back_after_a_minute(stage: Stage) -> None:
    """Its later events follow at once, in order, as first attempts; the message does not grow old under it."""
    await stage.subscriptions.save(standing_order("one"))
    stage.flows = Slow(stage, 31)
    counts = await deliver(stage.ports, batch_for("one"), PATIENT)
    assert (called(stage, "one"), counts["postponed"]) == ([0, 1], 2)
    assert await later(stage) == [([*EVENTS[2:]], 1, 0)]


async def test_a_first_attempt_at_a_slow_flow_is_one_call(stage: Stage) -> None:
    """The rest goes on among the retries, where nobody new waits behind it."""
    await stage.subscriptions.save(standing_order("one"))
    stage.flows = Slow(stage, 2)
    await deliver(stage.ports, batch_for("one"), PACE)
    assert called(stage, "one") == [0]
    assert await later(stage) == [([*EVENTS[1:]], 1, 0)]


async def test_a_slow_flow_gets_at_least_one_event_each_time(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("one"))
    stage.flows = Slow(stage, 3600)
    await deliver(stage.ports, batch_for("one", count=2), PATIENT)
    assert called(stage, "one") == [0]
    assert await later(stage) == [([EVENTS[1]], 1, 0)]


async def test_a_turn_may_be_broken_off_as_often_as_it_takes(stage: Stage) -> None:
    """Each event once, in order."""
    await stage.subscriptions.save(standing_order("one"))
    stage.flows = Slow(stage, 31)
    batches = [batch_for("one")]
    while batches:
        await deliver(stage.ports, batches.pop(), PATIENT)
        batches += await waiting(stage)
    assert called(stage, "one") == [0, 1, 2, 3]


async def test_events_that_waited_for_three_days_are_dead_with_the_last_reason(stage: Stage) -> None:
    await order_for(stage, "one", Answer(503))
    await deliver(stage.ports, batch_for("one"), PACE)
    (batch,) = await waiting(stage)
    stage.now += timedelta(days=3, seconds=1)
    await deliver(stage.ports, batch, PATIENT)
    assert called(stage, "one") == [0]
    assert [(reason, event) for reason, event, _ in dead(stage)] == [("http_503", event) for event in EVENTS]


async def test_a_failing_subscription_does_not_keep_the_others_from_their_events(stage: Stage) -> None:
    await order_for(stage, "broken", Answer(503))
    await order_for(stage, "gone", Answer(410))
    await order_for(stage, "well")
    await deliver(stage.ports, batch_for("broken", "gone", "well"), PACE)
    assert called(stage, "well") == [0, 1, 2, 3]
    assert await later(stage) == [([*EVENTS], 2, SCHEDULE_SECONDS[0])]
