"""A clock that is set back, or is wrong: nothing waits for longer than it would have, or than a queue can hide it."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.deliveries import Answer
from shared.domain.health import LONGEST_OPEN
from shared.domain.retries import MAX_DELAY_SECONDS
from shared.domain.subscriptions import Health, SubscriptionState
from shared.ports import Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from tests.factories import START
from tests.services.awkward import Slow
from tests.services.delivering import OFF, batch_for, called, health, kept, later, order_for, waiting, work_off
from tests.services.stage import Stage, callback, standing_order
from tests.services.test_breaker import drain
from tests.services.virtual_time import in_virtual_time

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AHEAD = st.none() | st.sampled_from([HOUR, 5 * DAY, 30 * DAY]) | st.timedeltas(-HOUR, 60 * DAY)
PACES = [Pace(10), Pace(10, patient=True)]


@given(st.tuples(AHEAD, AHEAD, AHEAD, AHEAD), st.sampled_from(["active", "suspended"]), st.sampled_from(PACES))
def test_whatever_was_noted_by_a_clock_that_was_ahead_holds_events_up_for_a_day_at_most(
    ahead: tuple[timedelta | None, ...], state: str, pace: Pace
) -> None:
    """Breaker, try, slots and the last failure. Then the flow is well again, and was called once for each event."""

    async def story() -> None:
        stage = Stage()
        await order_for(stage, "one")
        open_until, probe_until, next_slot_at, failed_at = [None if one is None else START + one for one in ahead]
        noted = Health(5, 0, open_until, probe_until, next_slot_at, last_failure_at=failed_at)
        await stage.subscriptions.save(replace(standing_order("one", state=SubscriptionState(state)), health=noted))
        await deliver(stage.ports, batch_for("one", count=1), pace)
        await drain(stage)
        assert stage.now - START <= 1.1 * LONGEST_OPEN + HOUR
        assert called(stage, "one") == [0]
        stage.wait(minutes=24 * 60)
        await deliver(stage.ports, batch_for("one", count=2), pace)
        await drain(stage)
        assert called(stage, "one") == [0, 0, 1]
        assert (kept(stage, "one").state, health(stage, "one").failures) == (SubscriptionState.ACTIVE, 0)

    in_virtual_time(story())


@pytest.mark.parametrize("back", [HOUR, 5 * DAY, 30 * DAY], ids=str)
@pytest.mark.parametrize("answer", [Answer(503), Answer(429, retry_after_seconds=60), OFF], ids=str)
async def test_a_clock_that_is_set_back_during_a_rest_makes_it_no_longer_than_a_day(
    stage: Stage, back: timedelta, answer: Answer
) -> None:
    """In the worker that heard the flow ask for it, and in any other."""
    await order_for(stage, "one", *[answer] * 5)
    for _ in range(5):
        stage.now = max(stage.now, health(stage, "one").open_until or stage.now)
        await deliver(stage.ports, batch_for("one", count=1), PACES[0])
    await waiting(stage)
    stage.now -= back
    for ports in (stage.ports, stage.another_worker()):
        await deliver(ports, batch_for("one", count=1), PACES[0])
    assert all(delay <= 1.1 * LONGEST_OPEN.total_seconds() for *_, delay in await later(stage))
    stage.now += LONGEST_OPEN
    await work_off(stage.ports, await waiting(stage))
    assert called(stage, "one")[5:] != []


@pytest.mark.parametrize("pace", PACES)
def test_a_clock_that_is_set_back_during_a_turn_ends_the_turn(pace: Pace) -> None:
    """Nobody sleeps until it has caught up, and the rest follows."""

    async def story() -> tuple[Stage, float]:
        stage = Stage()
        await stage.subscriptions.save(standing_order("one"))
        stage.flows = Slow(stage, -3600)
        batches = [batch_for("one")]
        while batches:
            for batch in batches:
                await deliver(stage.ports, batch, pace)
            batches = await waiting(stage)
        return stage, asyncio.get_running_loop().time()

    stage, slept = in_virtual_time(story())
    assert called(stage, "one") == [0, 1, 2, 3]
    assert slept < 15


@given(
    st.lists(st.sampled_from([429, 503, 401, 400, 404]), min_size=1, max_size=6),
    st.none() | st.floats(0, 1e12) | st.just(float("inf")),
    st.sampled_from([timedelta(0), HOUR, 5 * DAY, 30 * DAY]),
)
async def test_no_message_is_hidden_for_longer_than_a_queue_can(
    statuses: list[int], asked: float | None, back: timedelta
) -> None:
    stage = Stage()
    await order_for(stage, "one")
    stage.flows.answers[callback("one")] = deque(
        Answer(status, "WorkflowTriggerIsNotEnabled", retry_after_seconds=asked) for status in statuses
    )
    for number in range(len(statuses)):
        await deliver(replace(stage.ports, jitter=lambda: 1.0), batch_for("one", count=2), PACES[number % 2])
        stage.now += timedelta(seconds=30) if number else -back
    assert all(0 <= delay <= MAX_DELAY_SECONDS for delay in stage.delays(Queue.REDELIVERIES))
