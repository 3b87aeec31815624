"""What a flow in trouble can rely on: it is left alone, tried by one caller, and gets its events when it is well."""

import asyncio
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import Answer
from shared.domain.health import FAILURES_TO_OPEN, PROBE
from shared.domain.subscriptions import SubscriptionState
from shared.errors import DeliveryFailed
from shared.services.deliver import deliver
from tests.services.awkward import Hanging, Together
from tests.services.delivering import (
    EVENTS,
    OFF,
    PACE,
    batch_for,
    called,
    dead,
    health,
    kept,
    later,
    order_for,
    waiting,
    work_off,
)
from tests.services.stage import Stage


async def drain(stage: Stage, *, most: int = 500) -> None:
    """Let time pass to each retry, until none waits."""
    for _ in range(most):
        delays = [delay for *_, delay in await later(stage)]
        if not delays:
            return
        stage.wait(seconds=min(delays))
        await work_off(stage.ports, await waiting(stage))
    raise AssertionError("some retries never end")


async def test_five_failures_in_a_row_keep_everybody_away_for_a_while(stage: Stage) -> None:
    await order_for(stage, "one", *[DeliveryFailed(reason="timeout")] * FAILURES_TO_OPEN)
    for number in range(1, FAILURES_TO_OPEN + 1):
        assert health(stage, "one").open_until is None
        await deliver(stage.ports, batch_for("one", count=1), PACE)
        assert health(stage, "one").failures == number
    assert health(stage, "one").open_until == stage.now + timedelta(seconds=30)
    await deliver(stage.another_worker(), batch_for("one", count=1), PACE)
    assert len(called(stage, "one")) == FAILURES_TO_OPEN


async def test_calls_that_fail_together_count_as_one_trouble(stage: Stage) -> None:
    """Twenty workers that fail at once are no reason for an hour's silence."""
    await order_for(stage, "one")
    stage.flows = Together(*[Answer(503)] * 20)
    workers = [stage.another_worker() for _ in range(20)]
    await asyncio.gather(*(deliver(ports, batch_for("one", count=1), PACE) for ports in workers))
    assert health(stage, "one").open_until == stage.now + timedelta(seconds=30)
    assert (health(stage, "one").failures, health(stage, "one").failed) == (FAILURES_TO_OPEN, 20)


async def test_an_answer_in_between_begins_the_count_anew(stage: Stage) -> None:
    await order_for(stage, "one", *[Answer(503)] * 4, Answer(202), Answer(503))
    for _ in range(6):
        await deliver(stage.ports, batch_for("one", count=1), PACE)
    assert (health(stage, "one").failures, health(stage, "one").open_until) == (1, None)


async def opened(stage: Stage, *answers: Answer) -> None:
    """A flow that failed five times, and whose rest is over; then it answers these."""
    await order_for(stage, "one", *[Answer(503)] * FAILURES_TO_OPEN, *answers)
    for _ in range(FAILURES_TO_OPEN):
        await deliver(stage.ports, batch_for("one", count=1), PACE)
    await waiting(stage)
    stage.flows.taken.clear()
    stage.wait(seconds=31)


async def test_after_the_rest_exactly_one_of_many_workers_tries(stage: Stage) -> None:
    await opened(stage)
    flows = Hanging()
    flows.taken, stage.flows = stage.flows.taken, flows
    workers = [stage.another_worker() for _ in range(10)]
    all_of_them = asyncio.gather(*(deliver(ports, batch_for("one"), PACE) for ports in workers))
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(await later(stage)) == 9
    flows.go.set()
    await all_of_them
    assert called(stage, "one") == [0, 1, 2, 3]
    assert {delay for *_, delay in await later(stage)} == {5}


async def test_a_success_lets_everybody_in_again_at_once(stage: Stage) -> None:
    await opened(stage)
    await deliver(stage.ports, batch_for("one", count=1), PACE)
    after = health(stage, "one")
    assert (after.failures, after.open_until, after.probe_until) == (0, None, None)
    await deliver(stage.another_worker(), batch_for("one", count=3), PACE)
    assert called(stage, "one") == [0, 0, 1, 2]


async def test_a_failed_try_makes_the_rest_longer(stage: Stage) -> None:
    await opened(stage, *[Answer(503)] * 5)
    for rest in (120, 600, 3600, 3600):
        await deliver(stage.ports, batch_for("one", count=1), PACE)
        assert health(stage, "one").open_until == stage.now + timedelta(seconds=rest)
        stage.wait(seconds=rest)
    assert len(called(stage, "one")) == 4


async def test_a_worker_that_dies_while_it_tries_does_not_keep_the_others_away_for_long(stage: Stage) -> None:
    await opened(stage)
    stage.flows = Hanging()
    dying = asyncio.create_task(deliver(stage.ports, batch_for("one"), PACE))
    for _ in range(10):
        await asyncio.sleep(0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    stage.flows = MemoryFlows()
    stage.wait(seconds=PROBE.total_seconds())
    await deliver(stage.another_worker(), batch_for("one"), PACE)
    assert called(stage, "one") == [0, 1, 2, 3]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_flow_that_refuses_us_five_times_is_suspended(stage: Stage, status: int) -> None:
    await order_for(stage, "one", *[Answer(status)] * 5)
    for number in range(5):
        assert kept(stage, "one").state is SubscriptionState.ACTIVE, number
        await deliver(stage.ports, batch_for("one", count=1), PACE)
    assert (kept(stage, "one").state, kept(stage, "one").state_since) == (SubscriptionState.SUSPENDED, stage.now)
    assert health(stage, "one").open_until == stage.now + timedelta(minutes=10)


async def test_refusals_in_between_other_answers_do_not_suspend(stage: Stage) -> None:
    await order_for(stage, "one", *[Answer(401), Answer(202)] * 10)
    for _ in range(20):
        await deliver(stage.ports, batch_for("one", count=1), PACE)
    assert kept(stage, "one").state is SubscriptionState.ACTIVE


async def test_a_flow_that_is_off_is_suspended_and_its_events_wait(stage: Stage) -> None:
    await order_for(stage, "one", OFF)
    await deliver(stage.ports, batch_for("one", count=2), PACE)
    assert kept(stage, "one").state is SubscriptionState.SUSPENDED
    assert await later(stage) == [([*EVENTS[:2]], 1, 600)]
    assert dead(stage) == []


async def test_a_suspended_flow_that_is_on_again_gets_its_events_in_order(stage: Stage) -> None:
    await order_for(stage, "one", *[OFF] * 4)
    await deliver(stage.ports, batch_for("one"), PACE)
    await drain(stage)
    assert called(stage, "one") == [0] * 4 + [0, 1, 2, 3]
    assert (kept(stage, "one").state, dead(stage)) == (SubscriptionState.ACTIVE, [])


async def test_a_flow_that_stays_off_is_tried_ever_more_seldom_and_after_three_days_its_events_are_dead(
    stage: Stage,
) -> None:
    await order_for(stage, "one", *[OFF] * 99)
    await deliver(stage.ports, batch_for("one"), PACE)
    began = stage.now
    await drain(stage)
    assert timedelta(days=3) < stage.now - began < timedelta(days=4)
    assert 5 <= len(called(stage, "one")) <= 8
    assert [(reason, event) for reason, event, _ in dead(stage)] == [("WorkflowTriggerIsNotEnabled", e) for e in EVENTS]
    assert kept(stage, "one").state is SubscriptionState.SUSPENDED


async def test_new_events_of_a_flow_that_is_off_wait_without_a_call(stage: Stage) -> None:
    await order_for(stage, "one", OFF)
    await deliver(stage.ports, batch_for("one", count=1), PACE)
    counts = await deliver(stage.another_worker(), batch_for("one"), PACE)
    assert (called(stage, "one"), counts) == ([0], {"postponed": 4})
