"""A flow that asks for a rest gets it, from every worker; and a note takes nothing back that others have noted."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import Answer, Attempt, FlowCall, Verdict
from shared.domain.health import FAILURES_TO_OPEN, after_failure
from shared.domain.subscriptions import Health, SubscriptionState
from shared.domain.windows import Windows
from shared.errors import DeliveryFailed
from shared.ports import Ports
from shared.services.deliver import deliver
from tests.services.awkward import SlowToNote, Together
from tests.services.delivering import (
    EVENTS,
    LAST_ATTEMPT,
    OFF,
    PACE,
    PATIENT,
    batch_for,
    called,
    dead,
    health,
    identity,
    kept,
    later,
    order_for,
    waiting,
    work_off,
)
from tests.services.hosting import virtual_now
from tests.services.stage import Stage, standing_order
from tests.services.virtual_time import in_virtual_time

ASKED = 90
REST = Answer(429, retry_after_seconds=ASKED)


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


class AnswersLate(MemoryFlows):
    """A flow whose calls are answered after so many seconds each, later ones at once with 202."""

    def __init__(self, *answers: tuple[float, Answer]) -> None:
        super().__init__()
        self._answers = deque(answers)
        self.began: list[float] = []

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        self.began.append(asyncio.get_running_loop().time())
        seconds, answer = self._answers.popleft() if self._answers else (0, Answer(202))
        await asyncio.sleep(seconds)
        return answer


async def calls_after(seconds: float, failures: int, first: Ports, second: Ports, knocks_at: float) -> list[float]:
    """Two calls, and from a moment on more of them all the time: those that began after the flow asked for a rest."""
    await first.subscriptions.save(replace(standing_order("one"), health=Health(failures=failures)))
    first.windows.of(identity("one")).limit = 2
    underway = [asyncio.create_task(deliver(ports, batch_for("one"), PACE)) for ports in (first, second)]
    await asyncio.sleep(knocks_at)
    while asyncio.get_running_loop().time() < ASKED + 2:
        underway += [asyncio.create_task(deliver(ports, batch_for("one"), PATIENT)) for ports in (first, second)]
        await asyncio.sleep(0.01 if asyncio.get_running_loop().time() < 1 else 1)
    await asyncio.gather(*underway)
    assert isinstance(first.flows, AnswersLate)
    return [began for began in first.flows.began if began > seconds]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("late", [Answer(202), Answer(500), Answer(400), OFF], ids=str)
@pytest.mark.parametrize("failures", [0, 2, 4])
def test_after_a_wish_for_a_rest_nobody_calls_whatever_another_call_says_then(
    late: Answer, failures: int, workers: int
) -> None:
    """The store is slow to note either. Another worker knows once it is noted, and keeps to it from then on."""
    stage, store = Stage(), SlowToNote()
    flow = AnswersLate((0.02, REST), (0.03, late))
    first = replace(stage.ports, subscriptions=store, flows=flow, clock=virtual_now)
    second = first if workers == 1 else replace(first, windows=Windows())
    story = calls_after(0.02, failures, first, second, 0.025 if workers == 1 else 0.15)
    after = in_virtual_time(story)
    assert [began for began in after if began < ASKED and (workers == 1 or began > 0.15)] == []
    assert bool(after) == (late is not OFF)


@pytest.mark.parametrize("failures", [0, 2, 4])
def test_a_success_before_the_wish_for_a_rest_does_not_shorten_it(failures: int) -> None:
    flow = AnswersLate((0.03, REST), (0.02, Answer(202)), (5, Answer(202)))
    ports = replace(Stage().ports, subscriptions=SlowToNote(), flows=flow, clock=virtual_now)
    after = in_virtual_time(calls_after(0.03, failures, ports, ports, 0.04))
    assert min(after) >= ASKED


@pytest.mark.parametrize("attempt", [1, 2, 3])
async def test_too_many_calls_is_a_wish_for_half_a_minute_where_the_flow_does_not_say(
    stage: Stage, attempt: int
) -> None:
    """A 503 that does not say so asks for nothing."""
    await order_for(stage, "one", Answer(429))
    await order_for(stage, "two", Answer(503))
    await deliver(stage.ports, batch_for("one", "two", count=1, attempt=attempt), PACE)
    assert health(stage, "one").open_until == stage.now + timedelta(seconds=30)
    assert health(stage, "two").open_until is None
    delays = [delay for *_, delay in await later(stage)]
    assert delays == {1: [30, 5], 2: [30, 30], 3: [120, 120]}[attempt]


class FailingElsewhere(MemoryFlows):
    """It takes one event and fails at the next; between the two, four calls of other workers fail."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        self._stage.wait(seconds=1)
        if len(self.taken) == 1:
            return Answer(202)
        failure = Attempt(Verdict.RETRY, "http_503")
        for _ in range(FAILURES_TO_OPEN - 1):
            now = self._stage.now
            await self._stage.subscriptions.change(identity("one"), lambda one: after_failure(one, now, failure))  # noqa: B023
        self._stage.wait(seconds=1)
        return Answer(503)


async def test_a_success_that_is_noted_with_a_later_failure_does_not_hide_those_of_others(stage: Stage) -> None:
    await order_for(stage, "one")
    stage.flows = FailingElsewhere(stage)
    await deliver(stage.ports, batch_for("one", count=2), PACE)
    after = health(stage, "one")
    assert (after.failures, after.failed, after.delivered) == (FAILURES_TO_OPEN, FAILURES_TO_OPEN, 1)
    assert after.open_until is not None


@pytest.mark.parametrize("answer", [OFF, Answer(503), Answer(401), DeliveryFailed(reason="timeout")], ids=str)
async def test_attempts_while_a_flow_is_off_are_not_taken_from_those_for_when_it_is_on(
    stage: Stage, answer: Answer | Exception
) -> None:
    """Not even the last one makes an event dead; when it is on again it gets them."""
    await order_for(stage, "one", OFF, *[answer] * 4)
    await deliver(stage.ports, batch_for("one", count=2, attempt=LAST_ATTEMPT - 1), PACE)
    for _ in range(4):
        assert [(events, attempt) for events, attempt, _ in await later(stage)] == [([*EVENTS[:2]], LAST_ATTEMPT - 1)]
        stage.now = max(stage.now, health(stage, "one").open_until or stage.now)
        await work_off(stage.ports, await waiting(stage))
    assert (kept(stage, "one").state, dead(stage)) == (SubscriptionState.SUSPENDED, [])
    stage.now += timedelta(hours=12)
    await work_off(stage.ports, await waiting(stage))
    assert (kept(stage, "one").state, called(stage, "one")) == (SubscriptionState.ACTIVE, [0] * 6 + [1])
    assert dead(stage) == []
