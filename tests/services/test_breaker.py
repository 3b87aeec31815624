"""What a flow in trouble can rely on: it is left alone, tried by one caller, and gets its events when it is well."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.health import FAILURES_TO_OPEN, PROBE
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import DeliveryFailed
from shared.services.deliver import deliver
from shared.stores import Change
from tests.services.delivering import (
    EVENTS,
    OFF,
    PACE,
    PATIENT,
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

ASKED = 90


async def drain(stage: Stage, *, most: int = 100) -> None:
    """Let time pass to each retry, until none waits."""
    for _ in range(most):
        delays = [delay for *_, delay in await later(stage)]
        if not delays:
            return
        stage.wait(seconds=min(delays))
        await work_off(stage.ports, await waiting(stage))
    raise AssertionError("some retries never end")


class SlowToNote(MemorySubscriptions):
    """A store that takes its time to write."""

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        await asyncio.sleep(0.05)
        return await super().change(subscription_id, change)


async def test_nobody_slips_in_while_the_wish_for_a_rest_is_being_noted(stage: Stage) -> None:
    """Several messages at once, in one worker."""
    stage.subscriptions = SlowToNote()
    await order_for(stage, "one", Answer(429, retry_after_seconds=ASKED))
    await asyncio.gather(*(deliver(stage.ports, batch_for("one"), PACE) for _ in range(5)))
    assert called(stage, "one") == [0]


async def test_a_flow_that_asks_for_a_rest_is_left_alone_until_then_for_all_its_events(stage: Stage) -> None:
    """By every message on both queues, and by other workers."""
    await order_for(stage, "one", Answer(429, retry_after_seconds=ASKED))
    await deliver(stage.ports, batch_for("one"), PACE)
    for pace in (PACE, PATIENT):
        for ports in (stage.ports, stage.another_worker()):
            stage.wait(seconds=1)
            counts = await deliver(ports, batch_for("one"), pace)
            assert counts == {"postponed": 4}
    assert called(stage, "one") == [0]
    assert min(delay for *_, delay in await later(stage)) >= ASKED - 4
    stage.wait(seconds=ASKED)
    await work_off(stage.ports, await waiting(stage))
    assert called(stage, "one") == [0] + 5 * [0, 1, 2, 3]


@pytest.mark.parametrize(
    "late", [Answer(202), Answer(503), Answer(400, "TriggerInputSchemaMismatch"), Answer(429), OFF], ids=str
)
async def test_a_call_that_was_out_when_the_flow_asked_for_a_rest_does_not_end_the_rest(
    stage: Stage, late: Answer
) -> None:
    await order_for(stage, "one")
    stage.flows = Together(Answer(429, retry_after_seconds=ASKED), late)
    ports = stage.ports, stage.another_worker()
    await asyncio.gather(*(deliver(one, batch_for("one", count=1), PACE) for one in ports))
    open_until = health(stage, "one").open_until
    assert open_until is not None
    assert open_until >= stage.now + timedelta(seconds=ASKED)


class Together(MemoryFlows):
    """A flow that answers when it was called as often as it has answers, in their order."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self._answers = deque(answers)
        self._all = asyncio.Barrier(len(answers))

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        place = len(self.taken)
        await self._all.wait()
        for _ in range(10 * place):
            await asyncio.sleep(0)
        return self._answers.popleft()


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


class Hanging(MemoryFlows):
    """A flow that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def call(self, call: FlowCall) -> Answer:
        await self.go.wait()
        return await super().call(call)


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
    assert await later(stage) == [([*EVENTS[:2]], 2, 600)]
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
