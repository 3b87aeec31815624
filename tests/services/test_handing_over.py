"""What becomes of events that were on their way when their flow subscribed again: its new subscription gets them."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import Answer, FlowCall, Pair
from shared.domain.subscriptions import Filters, Subscription, SubscriptionState, Trigger, replaced, unsubscribed
from shared.ports import Queue
from shared.services.deliver import deliver
from shared.services.leave_subscription import leave_subscription
from shared.services.successor import last_in_line, live_successor
from shared.services.unsubscribe import unsubscribe
from tests.services.delivering import (
    EVENTS,
    OFF,
    PACE,
    batch_for,
    called,
    dead,
    kept,
    order_for,
    waiting,
    work_off,
)
from tests.services.stage import MAKER, Stage, standing_order
from tests.services.test_fan_out import refresh

OLD, NEW = standing_order("old"), standing_order("new")


async def replace_by(stage: Stage, older: Subscription, newer: Subscription) -> None:
    """What subscribing again leaves."""
    await stage.subscriptions.save(newer)
    await stage.subscriptions.save(replaced(older, by=newer.id, now=stage.now))


async def test_events_under_way_reach_the_new_subscription_in_order(stage: Stage) -> None:
    await replace_by(stage, OLD, NEW)
    counts = await deliver(stage.ports, batch_for("old"), PACE)
    await work_off(stage.ports, await waiting(stage))
    assert (called(stage, "old"), called(stage, "new")) == ([], [0, 1, 2, 3])
    assert counts == {"postponed": 4}


async def test_they_begin_anew_there(stage: Stage) -> None:
    """The failures of the old one are not the new one's, but their age is theirs."""
    await replace_by(stage, OLD, NEW)
    batch = batch_for("old", attempt=9)
    before = replace(batch.pairs[0], since=stage.now, slot_at=stage.now)
    stage.wait(minutes=1)
    await deliver(stage.ports, replace(batch, pairs=(before,)), PACE)
    ((pair,),) = [one.pairs for one in await waiting(stage)]
    assert pair == Pair(NEW.id, (0, 1, 2, 3), attempt=1, since=before.since)


async def test_a_flow_that_was_saved_several_times_is_followed_to_its_last(stage: Stage) -> None:
    between = standing_order("between")
    await replace_by(stage, OLD, between)
    await replace_by(stage, between, NEW)
    await deliver(stage.ports, batch_for("old"), PACE)
    await work_off(stage.ports, await waiting(stage))
    assert called(stage, "new") == [0, 1, 2, 3]


async def test_what_the_new_subscription_does_not_want_is_left_out(stage: Stage) -> None:
    await replace_by(stage, OLD, replace(NEW, filters=Filters(data_source_id="ds-customers")))
    batch = replace(batch_for("old", count=2), events=(EVENTS[0], refresh(7, "ds-customers")))
    counts = await deliver(stage.ports, batch, PACE)
    await work_off(stage.ports, await waiting(stage))
    assert [event for _, event in stage.flows.calls] == [batch.events[1]]
    assert counts == {"postponed": 1, "unsubscribed": 1}


@pytest.mark.parametrize(
    "newer", [replace(NEW, trigger=Trigger.PROCESS_ENDED), standing_order("new", environment_id="another")]
)
async def test_a_new_subscription_about_something_else_gets_none_of_them(stage: Stage, newer: Subscription) -> None:
    await replace_by(stage, OLD, newer)
    counts = await deliver(stage.ports, batch_for("old"), PACE)
    assert (await waiting(stage), stage.flows.calls, counts["unsubscribed"]) == ([], [], 4)


async def test_when_the_new_subscription_is_gone_nobody_gets_them(stage: Stage) -> None:
    """Once it is clear that the flow was not just being saved again."""
    await replace_by(stage, OLD, NEW)
    await unsubscribe(stage.ports, NEW.id, MAKER)
    stage.wait(minutes=2)
    counts = await deliver(stage.ports, batch_for("old"), PACE)
    assert (await waiting(stage), dead(stage), counts["unsubscribed"]) == ([], [], 4)


class SavedMeanwhile(MemoryFlows):
    """A flow that is saved while its old URL is called, which then answers what a test says."""

    def __init__(self, stage: Stage, answer: Answer) -> None:
        super().__init__()
        self._stage, self._answer = stage, answer

    async def call(self, call: FlowCall) -> Answer:
        if call.callback_url != OLD.callback_url:
            return await super().call(call)
        await replace_by(self._stage, OLD, NEW)
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, "WorkflowTriggerVersionNotFound"),
        Answer(410),
        OFF,
        Answer(503),
        Answer(401),
        Answer(429),
        Answer(400, "TriggerInputSchemaMismatch"),
    ],
)
async def test_an_old_url_that_fails_while_its_flow_is_saved_loses_nothing(stage: Stage, answer: Answer) -> None:
    """Neither does its answer bring the old subscription back."""
    await order_for(stage, "old")
    stage.flows = SavedMeanwhile(stage, answer)
    await deliver(stage.ports, batch_for("old"), PACE)
    assert kept(stage, "old").state is SubscriptionState.REPLACED
    for _ in range(2):
        await work_off(stage.ports, await waiting(stage))
    assert (called(stage, "new"), dead(stage)) == ([0, 1, 2, 3], [])


async def test_what_is_handed_over_is_counted_with_what_went_before(stage: Stage) -> None:
    """And waits for nothing that its old subscription had to wait for."""
    new = standing_order("new")
    await stage.subscriptions.save(new)
    old = replaced(standing_order("old"), by=new.id, now=stage.now)
    counts = Counter({"postponed": 10, "unsubscribed": 20})
    soon = stage.now + timedelta(hours=1)
    batch = batch_for("old", count=3)
    pair = replace(batch.pairs[0], not_before=soon, slot_at=soon, attempt=3)
    await leave_subscription(stage.ports, batch, pair, old, counts)
    assert counts == {"postponed": 13, "unsubscribed": 20}
    ((handed,),) = [one.pairs for one in await waiting(stage)]
    assert handed == Pair(new.id, (0, 1, 2), since=handed.since)
    elsewhere = replace(new, environment_id="elsewhere")
    await stage.subscriptions.save(elsewhere)
    await leave_subscription(stage.ports, batch, pair, old, counts)
    assert counts == {"postponed": 13, "unsubscribed": 23}


@pytest.mark.parametrize(
    ("old", "tried", "reason"),
    [
        (replace(OLD, state=SubscriptionState.ENDED), False, "flow_gone"),
        (replace(OLD, state=SubscriptionState.REPLACED, problem="unreadable"), False, "flow_gone"),
        (replace(OLD, problem="unreadable"), True, "flow_gone"),
        (replace(OLD, state=SubscriptionState.UNSUBSCRIBED), True, "unsubscribed"),
        (replace(OLD, state=SubscriptionState.UNSUBSCRIBED), False, ""),
        (None, True, "unsubscribed"),
        (None, False, "unsubscribed"),
    ],
    ids=["gone", "unclear and replaced", "unclear", "tried", "untried", "removed and tried", "removed"],
)
async def test_where_no_new_one_comes_what_was_wanted_is_kept_as_dead(
    stage: Stage, old: Subscription | None, tried: bool, reason: str
) -> None:
    """Why, after how many attempts of the first; what was never tried, and is not wanted any more, goes."""
    batch = batch_for("old", count=2, attempt=3)
    pair = replace(batch.pairs[0], since=stage.now if tried else None)
    counts = Counter({"dead": 10, "unsubscribed": 20})
    await leave_subscription(stage.ports, batch, pair, old, counts)
    expected = [(reason, event, attempts) for event, attempts in zip(EVENTS[:2], (2, 0), strict=True)]
    assert dead(stage) == (expected if reason else [])
    assert counts == ({"dead": 12, "unsubscribed": 20} if reason else {"dead": 10, "unsubscribed": 22})


async def test_what_waits_for_a_flow_that_is_being_saved_waits_alone(stage: Stage) -> None:
    """The others of its batch had their turn; no slot of the old one is kept."""
    batch = batch_for("old", "other", count=2)
    pair = replace(batch.pairs[0], slot_at=stage.now)
    counts = Counter({"postponed": 10})
    await leave_subscription(stage.ports, batch, pair, unsubscribed(OLD, now=stage.now), counts)
    ((body, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    assert (await stage.queues.read_deliveries(body)).pairs == (Pair(OLD.id, (0, 1)),)
    assert (delay, counts) == (15, {"postponed": 12})


async def test_a_circle_of_successors_leads_to_nobody(stage: Stage) -> None:
    """Nothing makes one; a row that was restored could."""
    await stage.subscriptions.save(replaced(OLD, by=NEW.id, now=stage.now))
    await stage.subscriptions.save(replaced(NEW, by=OLD.id, now=stage.now))
    async with asyncio.timeout(30):
        assert await live_successor(stage.ports, stage.subscriptions.rows[OLD.id]) is None
    removed = replaced(OLD, by="removed", now=stage.now)
    assert await last_in_line(stage.ports, removed) is removed
    ended = replace(NEW, state=SubscriptionState.ENDED)
    assert await last_in_line(stage.ports, ended) is ended
    assert await last_in_line(stage.ports, replace(NEW, replaced_by=OLD.id)) == replace(NEW, replaced_by=OLD.id)
