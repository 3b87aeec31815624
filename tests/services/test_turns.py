"""A flow that has no room for a call keeps nobody waiting: its events come back in a while, without their slot."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.deliveries import Answer, FlowCall, Pair
from shared.domain.subscriptions import Health, Subscription, SubscriptionState
from shared.ports import Queue
from shared.services import serve_subscription as module
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.put_off import send_later
from shared.services.serve_subscription import Served
from tests.factories import START
from tests.services.awkward import Bug
from tests.services.delivering import EVENTS, PACE, PATIENT, batch_for, called, identity, later, order_for
from tests.services.stage import Stage, standing_order


async def delivered(stage: Stage) -> tuple[dict[str, int], Pair, int]:
    """What became of a pair that has a slot: the counts, and what waits for how long."""
    batch = batch_for("one", count=2)
    pair = replace(batch.pairs[0], slot_at=stage.now)
    ports = replace(stage.ports, jitter=lambda: 0.5)
    counts = await deliver(ports, replace(batch, pairs=(pair,)), PACE)
    ((body, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    (waiting,) = (await stage.queues.read_deliveries(body)).pairs
    return dict(counts), waiting, delay


@pytest.mark.parametrize(("is_slow", "delay"), [(True, 15), (False, 2)], ids=["slow", "busy"])
async def test_where_all_calls_are_under_way_the_events_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, is_slow: bool, delay: int
) -> None:
    """In ten seconds if the flow is slow, in one if it is only busy, and a little later by chance."""
    looks: list[float] = []

    async def sleep(seconds: float) -> None:
        looks.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await order_for(stage, "one")
    window = stage.windows.of(identity("one"))
    assert window.try_enter(stage.now)
    window.closed_until = stage.now - timedelta(seconds=1)  # a rest that is over says nothing more
    window.is_slow = is_slow
    assert await delivered(stage) == ({"postponed": 2}, Pair(identity("one"), (0, 1), since=stage.now), delay)
    assert called(stage, "one") == []
    assert looks == ([] if is_slow else [0.01] * 50)  # half a second; for a slow flow that is not worth its while


async def test_where_the_flow_wants_a_rest_they_come_back_after_it(stage: Stage) -> None:
    await order_for(stage, "one")
    stage.windows.of(identity("one")).rest_until(stage.now + timedelta(seconds=100), stage.now)
    assert await delivered(stage) == ({"postponed": 2}, Pair(identity("one"), (0, 1), since=stage.now), 105)


async def test_where_it_wants_a_rest_after_a_call_only_what_was_not_delivered_comes_back(stage: Stage) -> None:
    class Resting(MemoryFlows):
        async def call(self, call: FlowCall) -> Answer:
            stage.windows.of(identity("one")).rest_until(stage.now + timedelta(seconds=100), stage.now)
            return await super().call(call)

    stage.flows = Resting()
    await order_for(stage, "one")
    counts, _, _ = await delivered(stage)
    assert counts == {"delivered": 1, "postponed": 1}
    assert [events for events, _, _ in await later(stage)] == [[EVENTS[1]]]


async def test_after_a_fault_of_ours_they_come_back_as_a_second_attempt(stage: Stage) -> None:
    await order_for(stage, "one", Bug())
    again = Pair(identity("one"), (0, 1), attempt=2, since=stage.now)
    assert await delivered(stage) == ({"fault": 2}, again, 5)


class Timed(MemoryFlows):
    """A flow that takes its time, and during its first call something happens to its subscription."""

    def __init__(self, stage: Stage, seconds: float, **changes: object) -> None:
        super().__init__()
        self._stage, self._seconds, self._changes = stage, seconds, changes
        self.failures: list[int] = []

    async def call(self, call: FlowCall) -> Answer:
        self._stage.now += timedelta(seconds=self._seconds)
        rows = self._stage.subscriptions.rows
        self.failures.append(rows[identity("one")].health.failures)
        if self._changes and not self.taken:
            rows[identity("one")] = replace(rows[identity("one")], **self._changes)  # type: ignore[arg-type]
        return await super().call(call)


@pytest.mark.parametrize(("patient", "made"), [(False, 3), (True, 4)])
async def test_a_turn_is_over_after_its_time_and_the_rest_goes_to_the_end_of_the_queue(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, patient: bool, made: int
) -> None:
    """To the moment: a call that begins as the time is up is still made."""
    monkeypatch.setattr(module, "IMPATIENT_TURN", timedelta(seconds=1.8))
    stage.flows = Timed(stage, 0.9)
    await order_for(stage, "one")
    await deliver(stage.ports, batch_for("one"), Pace(patient=patient))
    assert called(stage, "one") == list(range(made))
    again = stage.queues.messages[Queue.REDELIVERIES]
    assert [delay for _, delay in again] == [0] * (made < 4)


@pytest.mark.parametrize(
    "change",
    [{"state": SubscriptionState.ENDED}, {"health": Health(failures=5, open_until=START + timedelta(hours=1))}],
    ids=["ended", "wants a rest"],
)
async def test_every_five_seconds_it_is_asked_whether_the_flow_is_still_to_be_called(
    stage: Stage, change: dict[str, object]
) -> None:
    stage.flows = Timed(stage, 5.0, **change)
    await order_for(stage, "one")
    await deliver(stage.ports, batch_for("one"), PATIENT)
    assert called(stage, "one") == [0]
    ((body, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    assert (len((await stage.queues.read_deliveries(body)).events), delay) == (3, 0)


async def test_it_is_asked_no_more_often(stage: Stage) -> None:
    asked: list[str] = []

    class Asked(MemorySubscriptions):
        async def show(self, subscription_id: str) -> Subscription | None:
            asked.append(subscription_id)
            return await super().show(subscription_id)

    stage.subscriptions = Asked()
    stage.flows = Timed(stage, 2.5)
    await order_for(stage, "one")
    await deliver(stage.ports, batch_for("one"), PATIENT)
    assert called(stage, "one") == [0, 1, 2, 3]
    assert asked == [identity("one")]  # before the third


async def test_a_flow_that_takes_an_event_again_is_well_at_once(stage: Stage) -> None:
    """Others wait for this."""
    stage.flows = flows = Timed(stage, 0.1)
    await stage.subscriptions.save(replace(standing_order("one"), health=Health(failures=2)))
    await deliver(stage.ports, batch_for("one", count=2), PACE)
    assert flows.failures == [2, 0]


@pytest.mark.parametrize(
    ("answer", "limit"), [(Answer(202), 2), (Answer(503), 1), (Bug(), 1)], ids=["well", "ill", "fault"]
)
async def test_how_a_call_went_is_how_many_the_flow_gets(stage: Stage, answer: Answer | Exception, limit: int) -> None:
    """A fault of ours says nothing of how slow it is."""
    await order_for(stage, "one", answer)
    await deliver(stage.ports, batch_for("one", count=1), PACE)
    window = stage.windows.of(identity("one"))
    assert (window.limit, window.calls, window.is_slow, window.moved_at) == (limit, 0, False, stage.now)


async def test_a_slow_flow_is_known_as_one(stage: Stage) -> None:
    stage.flows = Timed(stage, 1.0)
    await order_for(stage, "one")
    await deliver(stage.ports, batch_for("one", count=1), PACE)
    assert stage.windows.of(identity("one")).is_slow


def test_without_a_delivery_nothing_is_noted() -> None:
    order = standing_order("one")
    assert Served(delivered=0, delivered_at=START).noted(order) is order
    assert Served(delivered=1).noted(order) is order
    assert Served(delivered=1, delivered_at=START).noted(order).health.delivered == 1


@pytest.mark.parametrize(("seconds", "delay", "due"), [(900, 900, None), (901, 900, 901)])
async def test_a_long_wait_is_made_in_steps_of_a_quarter_of_an_hour(
    stage: Stage, seconds: int, delay: int, due: int | None
) -> None:
    batch = batch_for("one", count=1)
    await send_later(stage.ports, batch, batch.pairs[0], seconds=seconds)
    ((body, found),) = stage.queues.messages[Queue.REDELIVERIES]
    (pair,) = (await stage.queues.read_deliveries(body)).pairs
    assert (found, pair.not_before) == (delay, stage.now + timedelta(seconds=due) if due else None)
