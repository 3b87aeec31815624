"""Flows that take lists: what is in a call, what becomes of a list that fails, and of one that is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters import messages
from shared.adapters.memory import MemoryFlows
from shared.domain.deliveries import EVENTS_IN_A_CALL, Answer, DeliveryBatch, FlowCall, Pair
from shared.domain.events import Event
from shared.errors import DeliveryFailed
from shared.ports import Queue
from shared.services.deliver import deliver
from tests.factories import ENVIRONMENT
from tests.services.delivering import PACE, PATIENT, dead, identity, order_for, waiting, work_off
from tests.services.stage import Stage
from tests.services.test_fan_out import refresh

MANY = tuple(refresh(number) for number in range(2 * EVENTS_IN_A_CALL + 50))


def many(name: str, count: int = len(MANY)) -> DeliveryBatch:
    """More events than go into a list."""
    return DeliveryBatch(ENVIRONMENT, MANY[:count], (Pair(identity(name), tuple(range(count))),))


async def test_a_flow_that_takes_lists_gets_up_to_a_hundred_events_in_a_call(stage: Stage) -> None:
    await order_for(stage, "lists", batch=True)
    counts = await deliver(stage.ports, many("lists"), PACE)
    assert [len(call.events) for call in stage.flows.taken] == [100, 100, 50]
    assert all(call.as_list for call in stage.flows.taken)
    assert [event for call in stage.flows.taken for event in call.events] == [*MANY]
    assert counts == {"delivered": 250}


async def test_a_list_that_failed_is_sent_again_as_it_was_under_its_id(stage: Stage) -> None:
    await order_for(stage, "lists", Answer(503), Answer(503), batch=True)
    await deliver(stage.ports, many("lists", 130), PACE)
    for _ in range(2):
        stage.wait(minutes=10)
        for batch in await waiting(stage):
            await deliver(stage.ports, batch, PATIENT)
    *tries, last = stage.flows.taken
    assert [(call.id, len(call.events)) for call in tries] == [(tries[0].id, 100)] * 3
    assert (len(last.events), last.id != tries[0].id) == (30, True)


class Choosy(MemoryFlows):
    """A flow that refuses every list with one of these events in it."""

    def __init__(self, *bad: Event) -> None:
        super().__init__()
        self._bad = {event.id for event in bad}
        self.got: list[Event] = []

    async def call(self, call: FlowCall) -> Answer:
        self.taken.append(call)
        if any(event.id in self._bad for event in call.events):
            return Answer(400, "TriggerInputSchemaMismatch")
        self.got += call.events
        return Answer(202)


async def offered(count: int, *bad: int) -> tuple[Stage, Choosy]:
    """Deliver so many events, of which the flow cannot take some, until nothing waits."""
    stage = Stage()
    stage.flows = flow = Choosy(*(MANY[place] for place in bad))
    await order_for(stage, "lists", batch=True)
    batches = [many("lists", count)]
    for _ in range(20):
        for batch in batches:
            await deliver(stage.ports, batch, PATIENT)
        batches = await waiting(stage)
    assert batches == []
    return stage, flow


@given(st.integers(1, 100), st.data())
async def test_a_refused_list_is_halved_until_the_one_bad_event_is_dead_and_the_others_are_delivered(
    count: int, data: st.DataObject
) -> None:
    """In few calls: two for each halving."""
    bad = data.draw(st.integers(0, count - 1))
    stage, flow = await offered(count, bad)
    assert [(reason, event) for reason, event, _ in dead(stage)] == [("TriggerInputSchemaMismatch", MANY[bad])]
    assert sorted(event.id for event in flow.got) == sorted(one.id for one in MANY[:count] if one != MANY[bad])
    assert len(flow.taken) <= 1 + 2 * (count - 1).bit_length()


@given(st.sets(st.integers(0, 149), max_size=6))
async def test_each_bad_event_is_dead_once_and_every_other_one_is_taken_once(bad: set[int]) -> None:
    stage, flow = await offered(150, *bad)
    assert sorted(event.id for _, event, _ in dead(stage)) == sorted(MANY[place].id for place in bad)
    assert sorted(event.id for event in flow.got) == sorted(
        one.id for place, one in enumerate(MANY[:150]) if place not in bad
    )


async def test_the_next_list_does_not_wait_for_the_halves_of_a_refused_one(stage: Stage) -> None:
    await order_for(stage, "lists", Answer(400, "TriggerInputSchemaMismatch"), batch=True)
    counts = await deliver(stage.ports, many("lists"), PACE)
    assert counts == {"refused": 100, "delivered": 150}
    assert [len(batch.events) for batch in await waiting(stage)] == [50, 50]
    assert dead(stage) == []


def filling(count: int, room: int) -> DeliveryBatch:
    """A list of events that fills a message but for so many bytes."""
    bare = many("lists", count)

    def with_text(size: int) -> DeliveryBatch:
        last = replace(MANY[count - 1], data={**MANY[count - 1].data, "summary": "x" * size})
        return replace(bare, events=(*MANY[: count - 1], last))

    empty = sum(map(len, messages.encode_deliveries(with_text(0))))
    return with_text(messages.MAX_MESSAGE_BYTES - room - empty)


@pytest.mark.parametrize("room", [0, 1, 40, 60, 80, 100, 255, 256, 257])
async def test_a_list_that_fills_a_message_keeps_its_id_at_every_retry(stage: Stage, room: int) -> None:
    """A retry adds to the message: when and how often it was tried. That must not split it."""
    await order_for(stage, "lists", *[DeliveryFailed(reason="timeout")] * 4, batch=True)
    await stage.queues.send_deliveries(filling(75, room))
    while (body := stage.queues.take(Queue.DELIVERIES)) is not None:
        await deliver(stage.ports, await stage.queues.read_deliveries(body), PACE)
    for _ in range(6):
        stage.wait(minutes=60)
        await work_off(stage.ports, await waiting(stage))
    lists = {call.id: len(call.events) for call in stage.flows.taken}
    assert sum(lists.values()) == 75
    assert len(stage.flows.taken) == 4 + len(lists)
