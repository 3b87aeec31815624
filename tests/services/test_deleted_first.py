"""A flow that ends its subscription before it makes the next one: nothing that was on its way is lost in silence."""

from collections import deque

import pytest

from shared.domain.deliveries import Answer
from shared.domain.subscriptions import SubscriptionState
from shared.errors import NotFound
from shared.ports import Queue
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.replay_delivery import replay_delivery
from shared.services.rotate_secret import rotate_secret
from shared.services.sweep import sweep
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT
from tests.services.delivering import PATIENT, dead, waiting, work_off
from tests.services.stage import ADMINISTRATOR, Stage, callback, failed_refresh, types_of
from tests.services.test_replacement import FLOW, live, save
from tests.services.test_saving import BATCH, EVENTS, work


async def first_attempts(stage: Stage) -> None:
    """Make those that wait, and no later ones."""
    body = stage.queues.take(Queue.DELIVERIES)
    assert body is not None
    await deliver(stage.ports, await stage.queues.read_deliveries(body), PATIENT)


def called(stage: Stage, number: int) -> list[int]:
    """The places of the events that reached the flow's callback of that number."""
    return [EVENTS.index(event) for url, event in stage.flows.calls if url == callback(f"w-{number}")]


async def test_events_between_the_two_calls_reach_the_new_subscription(stage: Stage) -> None:
    first = await save(stage, 1)
    await fan_out(stage.ports, BATCH)
    await unsubscribe(stage.ports, first.id, FLOW)
    await first_attempts(stage)
    stage.wait(seconds=10)
    await save(stage, 2)
    await work(stage)
    assert (called(stage, 1), called(stage, 2), dead(stage)) == ([], [0, 1, 2, 3], [])


async def test_events_that_are_fanned_out_between_the_two_calls_reach_it(stage: Stage) -> None:
    first = await save(stage, 1)
    await unsubscribe(stage.ports, first.id, FLOW)
    await fan_out(stage.ports, BATCH)
    await first_attempts(stage)
    stage.wait(seconds=10)
    await save(stage, 2)
    await work(stage)
    assert (called(stage, 1), called(stage, 2)) == ([], [0, 1, 2, 3])


async def test_what_happened_just_before_it_was_saved_is_still_told(stage: Stage) -> None:
    """Also of the only flow of an environment: what is known of it is not forgotten in between."""
    first = await save(stage, 1)
    await stage.poll()
    stage.wait(minutes=1)
    stage.insights.listed = (failed_refresh(),)
    await unsubscribe(stage.ports, first.id, FLOW)
    stage.wait(seconds=1)
    await save(stage, 2)
    await stage.poll(full=True)
    assert "datasource.refresh.failed" in types_of(await stage.logged())


async def test_events_find_the_end_of_a_line_whose_last_is_just_being_saved(stage: Stage) -> None:
    first = await save(stage, 1)
    await fan_out(stage.ports, BATCH)
    second = await save(stage, 2)
    await unsubscribe(stage.ports, second.id, FLOW)
    await first_attempts(stage)
    await save(stage, 3)
    await work(stage)
    assert (live(stage) == [first.id], called(stage, 3), dead(stage)) == (False, [0, 1, 2, 3], [])


@pytest.mark.parametrize("later_minutes", [0, 1, 600])
async def test_what_waits_for_a_retry_reaches_it_too(stage: Stage, later_minutes: float) -> None:
    first = await save(stage, 1)
    stage.flows.answers[callback("w-1")] = deque([Answer(503, retry_after_seconds=86_000)])
    await fan_out(stage.ports, BATCH)
    await first_attempts(stage)
    await unsubscribe(stage.ports, first.id, FLOW)
    stage.wait(minutes=later_minutes)
    await save(stage, 2)
    await work(stage)
    assert (called(stage, 1), called(stage, 2), dead(stage)) == ([0], [0, 1, 2, 3], [])


async def test_where_no_new_one_comes_they_are_dead_and_find_one_that_comes_later(stage: Stage) -> None:
    first = await save(stage, 1)
    stage.flows.answers[callback("w-1")] = deque([Answer(503)])
    await fan_out(stage.ports, BATCH)
    await first_attempts(stage)
    await unsubscribe(stage.ports, first.id, FLOW)
    stage.wait(minutes=3)
    await work_off(stage.ports, await waiting(stage))
    assert [reason for reason, *_ in dead(stage)] == 4 * ["unsubscribed"]
    second = await save(stage, 2)
    for one in list(stage.dead.rows.values()):
        await replay_delivery(stage.ports, one.id, ADMINISTRATOR)
    await work(stage)
    assert (live(stage), sorted(called(stage, 2)), dead(stage)) == ([second.id], [0, 1, 2, 3], [])


async def test_a_flow_that_was_gone_and_is_back_gets_its_dead_deliveries_by_their_old_ids(stage: Stage) -> None:
    """An old version's URL answers 404 while its flow is being saved."""
    await save(stage, 1)
    stage.flows.answers[callback("w-1")] = deque([Answer(404)])
    await fan_out(stage.ports, BATCH)
    await work(stage)
    assert [reason for reason, *_ in dead(stage)] == 4 * ["flow_gone"]
    await save(stage, 2)
    for one in list(stage.dead.rows.values()):
        await replay_delivery(stage.ports, one.id, FLOW)
    await work(stage)
    assert sorted(called(stage, 2)) == [0, 1, 2, 3]


async def test_an_unsubscribed_one_is_not_there_any_more_and_goes_after_a_week(stage: Stage) -> None:
    first = await save(stage, 1)
    await unsubscribe(stage.ports, first.id, FLOW)
    with pytest.raises(NotFound):
        await rotate_secret(stage.ports, first.id, FLOW)
    assert await stage.subscriptions.environments() == []
    assert stage.subscriptions.rows[first.id].state is SubscriptionState.UNSUBSCRIBED
    stage.wait(minutes=2)
    await fan_out(stage.ports, BATCH)
    assert stage.queues.take(Queue.DELIVERIES) is None
    stage.wait(minutes=8 * 24 * 60)
    await sweep(stage.ports, suspended_days=14)
    assert [one for one in stage.subscriptions.rows.values() if one.environment_id == ENVIRONMENT] == []
