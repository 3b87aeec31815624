"""What is made of a call: what the flow said, how long it took, and what a trace shows of it."""

from collections import Counter, deque
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.deliveries import (
    EVENTS_IN_A_CALL,
    LONGEST_WAIT,
    Answer,
    Attempt,
    DeliveryBatch,
    FlowCall,
    Pair,
    Verdict,
)
from shared.domain.metrics import DELIVERIES, DELIVERY_OUTCOMES
from shared.domain.signatures import SigningSecret
from shared.domain.subscriptions import Health, Subscription
from shared.errors import CallbackRejected, DeliveryFailed
from shared.ports import Queue
from shared.services.admit_pair import Pace
from shared.services.attempt_delivery import attempt_delivery
from shared.services.deliver import deliver
from shared.services.serve_subscription import Served, serve_subscription
from shared.telemetry import SpanName
from tests.factories import ENVIRONMENT
from tests.services.delivering import EVENTS, PACE, batch_for, dead
from tests.services.stage import Stage, standing_order
from tests.services.test_fan_out import refresh

TOOK = timedelta(seconds=0.3)
ORDER = standing_order("one")


class Timed(MemoryFlows):
    """A flow that takes a third of a second."""

    def __init__(self, stage: Stage, answer: Answer | Exception) -> None:
        super().__init__()
        self._stage, self._answer = stage, answer

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        self._stage.now += TOOK
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(202), Attempt(Verdict.DELIVERED, "http_202", TOOK)),
        (Answer(202, run_id="run"), Attempt(Verdict.DELIVERED, "http_202", TOOK, run_id="run")),
        (Answer(503, "", 7.0), Attempt(Verdict.RETRY, "http_503", TOOK, 7.0)),
        (Answer(429), Attempt(Verdict.RETRY, "http_429", TOOK, 30)),
        (Answer(429, "", 5.0), Attempt(Verdict.RETRY, "http_429", TOOK, 5.0)),
        (Answer(401, "Expired"), Attempt(Verdict.RETRY, "Expired", TOOK, None, refused_token=True)),
        (Answer(403), Attempt(Verdict.RETRY, "http_403", TOOK, None, refused_token=True)),
        (DeliveryFailed(reason="timeout"), Attempt(Verdict.RETRY, "timeout", TOOK)),
        (CallbackRejected(reason="port"), Attempt(Verdict.REFUSED, "port", TOOK)),
    ],
)
async def test_an_attempt_says_what_came_of_it(stage: Stage, answer: Answer | Exception, expected: Attempt) -> None:
    stage.flows = Timed(stage, answer)
    assert await attempt_delivery(stage.ports, ORDER, EVENTS[:2]) == expected
    (span,) = stage.telemetry.spans
    assert (span.name, span.attributes) == (SpanName.FLOW_CALL, {"subscription": ORDER.id, "events": 2})
    if isinstance(answer, Answer):
        assert (span.status, span.reason) == (answer.status, "")
    else:
        assert (span.status, span.reason) == (None, expected.reason)


async def test_a_call_is_signed_with_the_secrets_that_count_now(stage: Stage) -> None:
    secrets = (SigningSecret("new"), SigningSecret("old", stage.now + TOOK), SigningSecret("gone", stage.now))
    for batch in (True, False):
        order = replace(ORDER, signing_secrets=secrets, batch=batch)
        await attempt_delivery(stage.ports, order, EVENTS[:1])
        assert stage.flows.taken[-1] == FlowCall(ORDER.callback_url, EVENTS[:1], batch, ("new", "old"))


async def test_a_delivery_is_a_step_of_the_trace_that_brought_it(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """And all its subscriptions are read at once: a second look is for faults."""

    class Once(MemorySubscriptions):
        async def find(self, subscription_id: str) -> Subscription | None:
            raise AssertionError(subscription_id)

    stage.subscriptions = Once()
    await stage.subscriptions.save(ORDER)
    before = f"00-{'a' * 32}-{'c' * 16}-01"
    await deliver(stage.ports, replace(batch_for("one"), traceparent=before), PACE)
    span = stage.telemetry.spans[0]
    assert (span.name, span.parent) == (SpanName.DELIVER, before)
    assert span.attributes == {"environment": ENVIRONMENT, "pairs": 1}
    assert caplog.records == []


@pytest.mark.parametrize(("health", "reason"), [(Health(), "waited_too_long"), (Health(last_reason="off"), "off")])
async def test_what_waited_too_long_is_dead_with_the_attempts_that_were_made(
    stage: Stage, health: Health, reason: str
) -> None:
    pair = Pair(ORDER.id, (0, 1), attempt=4, since=stage.now - LONGEST_WAIT - TOOK)
    served = Served(Counter({"dead": 10}))
    await serve_subscription(stage.ports, batch_for("one"), pair, replace(ORDER, health=health), PACE, served)
    assert dead(stage) == [(reason, EVENTS[0], 3), (reason, EVENTS[1], 0)]
    assert served.counts == {"dead": 12}


async def test_what_is_not_due_yet_waits_on_and_what_is_due_goes(stage: Stage) -> None:
    await stage.subscriptions.save(ORDER)
    for ahead, counts in ((60, {"postponed": 12}), (-1, {"postponed": 10, "delivered": 2})):
        pair = Pair(ORDER.id, (0, 1), attempt=2, not_before=stage.now + timedelta(seconds=ahead))
        served = Served(Counter({"postponed": 10}))
        await serve_subscription(stage.ports, batch_for("one"), pair, ORDER, PACE, served)
        assert served.counts == counts
    ((_, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    assert delay == 60


async def test_a_list_takes_a_slot_for_each_hundred_begun(stage: Stage) -> None:
    events = tuple(refresh(number) for number in range(EVENTS_IN_A_CALL + 1))
    busy = replace(ORDER, batch=True, health=Health(next_slot_at=stage.now + timedelta(seconds=60)))
    await stage.subscriptions.save(busy)
    pair = Pair(ORDER.id, tuple(range(len(events))))
    served = Served(Counter({"postponed": 10}))
    batch = DeliveryBatch(ENVIRONMENT, events, (pair,))
    await serve_subscription(stage.ports, batch, pair, busy, Pace(rate=10), served)
    assert stage.subscriptions.rows[ORDER.id].health.next_slot_at == stage.now + timedelta(seconds=60.2)
    assert served.counts == {"postponed": 10 + len(events)}


async def test_each_end_of_a_delivery_is_counted_once(stage: Stage) -> None:
    stage.flows.answers[ORDER.callback_url] = deque([Answer(202), Answer(410)])
    await stage.subscriptions.save(ORDER)
    assert await deliver(stage.ports, batch_for("one"), PACE) == {"delivered": 1, "gone": 1}
    told = {outcome: stage.telemetry.amounts(DELIVERIES, outcome=outcome) for outcome in DELIVERY_OUTCOMES}
    assert {outcome: amounts for outcome, amounts in told.items() if amounts} == {
        "delivered": [1],
        "gone": [1],
        "dead": [1, 1, 1],
    }


async def test_each_event_that_a_flow_refuses_in_one_turn_is_counted(stage: Stage) -> None:
    stage.flows.answers[ORDER.callback_url] = deque([Answer(400, "Odd")] * 3)
    await stage.subscriptions.save(ORDER)
    assert await deliver(stage.ports, batch_for("one"), PACE) == {"refused": 3, "delivered": 1}


async def test_the_dead_are_counted_where_they_are_kept_and_not_once_more(stage: Stage) -> None:
    await stage.subscriptions.save(ORDER)
    old = Pair(ORDER.id, (0, 1), attempt=4, since=stage.now - LONGEST_WAIT - TOOK)
    assert await deliver(stage.ports, replace(batch_for("one"), pairs=(old,)), PACE) == {"dead": 2}
    assert stage.telemetry.amounts(DELIVERIES) == [1, 1]
