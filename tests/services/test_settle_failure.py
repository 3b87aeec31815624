"""What becomes of the events of an attempt that failed, and of those behind them? No slot of theirs is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.deliveries import Attempt, Pair, Verdict
from shared.domain.subscriptions import Health, Subscription, SubscriptionState
from shared.ports import Queue
from shared.services.settle_failure import settle_failure
from tests.factories import START
from tests.services.delivering import EVENTS, LAST_ATTEMPT, batch_for, dead
from tests.services.stage import Stage, standing_order

ORDER = replace(standing_order("one"), label="Tell sales")
LATER = START + timedelta(seconds=100)
RESTING = replace(ORDER, health=Health(open_until=LATER))
OFF = replace(RESTING, state=SubscriptionState.SUSPENDED)
SENT_BEFORE = START - timedelta(hours=1)
Waiting = list[tuple[Pair, int]]


def rest_of(*places: int, attempt: int = 1) -> Pair:
    """What is left of a pair that waited before, and has a slot."""
    return Pair(ORDER.id, places, attempt, since=SENT_BEFORE, slot_at=START)


def waits(*places: int, attempt: int = 1) -> Pair:
    """What waits on the retry queue."""
    return replace(rest_of(*places, attempt=attempt), slot_at=None)


async def settled(
    stage: Stage,
    rest: Pair,
    verdict: Verdict,
    *,
    subscription: Subscription = ORDER,
    tried: int = 1,
    retry_after_seconds: float | None = None,
) -> tuple[bool, Waiting]:
    """Whether the next call has its turn, and what waits for how long."""
    stage_ports = replace(stage.ports, jitter=lambda: 0.0)
    attempt = Attempt(verdict, "http_400", retry_after_seconds=retry_after_seconds)
    goes_on = await settle_failure(stage_ports, batch_for("one"), subscription, rest, attempt, tried=tried)
    found: Waiting = []
    for body, delay in stage.queues.messages[Queue.REDELIVERIES]:
        (pair,) = (batch := await stage.queues.read_deliveries(body)).pairs
        found.append((replace(pair, events=tuple(EVENTS.index(batch.events[place]) for place in pair.events)), delay))
    return goes_on, found


async def test_a_list_that_is_refused_is_halved_and_the_next_call_has_its_turn(stage: Stage) -> None:
    assert await settled(stage, rest_of(0, 1, 2, 3), Verdict.REFUSED, tried=3) == (
        True,
        [(waits(0), 0), (waits(1, 2), 0)],
    )
    assert dead(stage) == []


@pytest.mark.parametrize("subscription", [ORDER, RESTING], ids=["well", "resting"])
async def test_what_is_given_up_is_dead_and_the_next_has_its_turn_if_the_flow_may_be_called(
    stage: Stage, subscription: Subscription
) -> None:
    """Otherwise those behind it wait until it may."""
    goes_on, waiting = await settled(stage, rest_of(0, 1, 2), Verdict.REFUSED, subscription=subscription)
    assert dead(stage) == [("http_400", EVENTS[0], 1)]
    assert (goes_on, waiting) == ((True, []) if subscription is ORDER else (False, [(waits(1, 2), 100)]))


async def test_a_rest_that_is_over_holds_nothing_up(stage: Stage) -> None:
    over = replace(RESTING, health=Health(open_until=START - timedelta(seconds=1)))
    assert await settled(stage, rest_of(0, 1), Verdict.REFUSED, subscription=over) == (True, [])


async def test_a_flow_that_says_when_to_come_again_is_heard(stage: Stage) -> None:
    found = await settled(stage, rest_of(0), Verdict.RETRY, retry_after_seconds=99.0)
    assert found == (False, [(waits(0, attempt=2), 99)])


async def test_with_nothing_behind_it_nothing_waits(stage: Stage) -> None:
    assert await settled(stage, rest_of(0), Verdict.REFUSED, subscription=RESTING) == (False, [])


async def test_the_last_attempt_is_counted_for_all_that_were_in_the_call(stage: Stage) -> None:
    rest = rest_of(0, 1, 2, attempt=LAST_ATTEMPT)
    assert await settled(stage, rest, Verdict.RETRY, tried=2) == (True, [])
    assert dead(stage) == [("http_400", EVENTS[place], LAST_ATTEMPT) for place in (0, 1)]


@pytest.mark.parametrize(("subscription", "delay"), [(ORDER, 30), (RESTING, 100)], ids=["well", "resting"])
async def test_what_is_tried_again_waits_for_its_step_and_for_the_flow(
    stage: Stage, subscription: Subscription, delay: int
) -> None:
    found = await settled(stage, rest_of(0, 1, attempt=2), Verdict.RETRY, subscription=subscription)
    assert found == (False, [(waits(0, 1, attempt=3), delay)])


async def test_while_a_flow_is_off_no_attempt_is_used_up(stage: Stage) -> None:
    found = await settled(stage, rest_of(0, 1, attempt=2), Verdict.OFF, subscription=OFF)
    assert found == (False, [(waits(0, 1, attempt=2), 100)])


async def test_off_for_no_time_that_is_known_is_soon_tried_again(stage: Stage) -> None:
    off = replace(OFF, health=Health())
    assert await settled(stage, rest_of(0), Verdict.OFF, subscription=off) == (False, [(waits(0), 1)])


async def test_of_a_flow_that_is_gone_all_are_dead(stage: Stage) -> None:
    assert await settled(stage, rest_of(0, 1, 2, attempt=4), Verdict.GONE, tried=2) == (False, [])
    assert dead(stage) == [("flow_gone", EVENTS[place], attempts) for place, attempts in ((0, 4), (1, 4), (2, 0))]
    rows = stage.dead.rows.values()
    assert {(row.environment_id, row.subscription_id, row.died_at) for row in rows} == {
        (ORDER.environment_id, ORDER.id, stage.now)
    }


@pytest.mark.parametrize("state", [SubscriptionState.REPLACED, SubscriptionState.UNSUBSCRIBED])
async def test_what_an_old_url_refused_waits_for_the_new_one(stage: Stage, state: SubscriptionState) -> None:
    old = replace(ORDER, state=state)
    assert await settled(stage, rest_of(0, 1), Verdict.GONE, subscription=old) == (
        False,
        [(waits(0, 1, attempt=2), 0)],
    )


async def test_an_operator_is_told_which_flow_failed_how(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for order in (ORDER, replace(ORDER, label="")):
        await settled(stage, rest_of(0, attempt=3), Verdict.RETRY, subscription=order)
    labelled, bare = caplog.records
    said = f"http_400 (retry, attempt 3, subscription {ORDER.id})"
    assert labelled.getMessage() == f"Flow 'Tell sales': {said}"
    assert bare.getMessage() == f"Flow 'data-source-refresh-failed': {said}"
    told = {
        "action": "delivery_failed",
        "subscription_id": ORDER.id,
        "label": "Tell sales",
        "verdict": "retry",
        "reason": "http_400",
        "attempt": 3,
    }
    assert told.items() <= labelled.__dict__.items()
