"""The promises of every Queues: what is sent is read, whole, once and in order, in messages that a queue can hold."""

import json
from collections import defaultdict
from collections.abc import Iterable

import pytest

from shared.adapters.messages import MAX_MESSAGE_BYTES, encode_events
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import Event, EventType
from shared.errors import MessageInvalid
from shared.ports import EVENT_QUEUES, EventBatch, PollRequest, Queue
from tests.contracts import samples
from tests.contracts.kits import Kit

Attempts = dict[str, list[tuple[bytes, int]]]


async def take(kit: Kit, queue: Queue) -> list[bytes]:
    """All messages of a queue; each is JSON and no bigger than a queue takes after base64."""
    bodies = await kit.mailbox.take(queue)
    assert all(isinstance(json.loads(body), dict) for body in bodies)
    assert all(len(body) <= MAX_MESSAGE_BYTES for body in bodies)
    return bodies


async def taken_events(kit: Kit, queue: Queue) -> list[EventBatch]:
    return [await kit.queues.read_events(body) for body in await take(kit, queue)]


async def taken_deliveries(kit: Kit, queue: Queue = Queue.DELIVERIES) -> list[DeliveryBatch]:
    return [await kit.queues.read_deliveries(body) for body in await take(kit, queue)]


def attempts(batches: Iterable[DeliveryBatch]) -> Attempts:
    """What each subscription is to get, in order, with the number of the attempt of each event."""
    found: Attempts = defaultdict(list)
    for batch in batches:
        events = samples.written(batch.events)
        for pair in batch.pairs:
            for place, index in enumerate(pair.events):
                found[pair.subscription_id].append((events[index], pair.attempt if place == 0 else 1))
    return dict(found)


def everyone(events: tuple[Event, ...], subscriptions: int, attempt: int = 1) -> tuple[Pair, ...]:
    return tuple(
        Pair(f"environment.{number:032}", tuple(range(len(events))), attempt) for number in range(subscriptions)
    )


def in_message_of(environment_id: str, size: int) -> Event:
    """An event that makes an events message of exactly this size when it is alone."""
    (message,) = encode_events(EventBatch(environment_id, (samples.of_size(environment_id, 1000),)))
    return samples.of_size(environment_id, size - len(message) + 1000)


@pytest.mark.parametrize(
    "request_",
    [PollRequest(("one",)), PollRequest(("a", "b-2"), asked_at=samples.NOON), PollRequest(("æ",), hop=2)],
)
async def test_a_poll_is_asked_for_as_it_was_sent(kit: Kit, request_: PollRequest) -> None:
    await kit.queues.send_polls([request_])
    (body,) = await take(kit, Queue.POLLS)
    assert await kit.queues.read_polls(body) == request_


async def test_many_polls_are_a_message_each(kit: Kit) -> None:
    wanted = [PollRequest(tuple(f"{number}-{place}" for place in range(16))) for number in range(40)]
    await kit.queues.send_polls(wanted)
    found = [await kit.queues.read_polls(body) for body in await take(kit, Queue.POLLS)]
    assert sorted(found, key=str) == sorted(wanted, key=str)


async def test_asking_for_no_polls_sends_nothing(kit: Kit) -> None:
    await kit.queues.send_polls([])
    assert await kit.mailbox.waiting(Queue.POLLS) == 0


async def test_a_delayed_poll_waits(kit: Kit) -> None:
    await kit.queues.send_polls([PollRequest(("one",))], delay_seconds=300)
    assert await take(kit, Queue.POLLS) == []
    assert await kit.mailbox.waiting(Queue.POLLS) == 1


@pytest.mark.parametrize("event_type", list(EventType))
async def test_an_event_of_each_type_goes_to_the_queue_of_its_family(
    kit: Kit, environment_id: str, event_type: EventType
) -> None:
    sent = samples.event(environment_id, 1, event_type, value=samples.THIRTY_DIGITS)
    await kit.queues.send_events(EventBatch(environment_id, (sent,)))
    (batch,) = await taken_events(kit, EVENT_QUEUES[event_type])
    assert batch.environment_id == environment_id
    assert samples.written(batch.events) == samples.written([sent])
    assert [await kit.mailbox.waiting(queue) for queue in Queue] == [0] * len(Queue)


async def test_a_mixed_batch_is_parted_by_family_and_stays_in_order(kit: Kit, environment_id: str) -> None:
    types = [EventType.REFRESH_FAILED, EventType.SEGMENT_CROSSED, EventType.PROCESS_ENDED, EventType.MEASURE_CROSSED]
    sent = [samples.event(environment_id, place, types[place % 4]) for place in range(40)]
    await kit.queues.send_events(EventBatch(environment_id, tuple(sent)))
    for queue in (Queue.REFRESH_EVENTS, Queue.THRESHOLD_EVENTS, Queue.OPERATIONAL_EVENTS):
        (batch,) = await taken_events(kit, queue)
        expected = [event for event in sent if EVENT_QUEUES[EventType(event.type)] is queue]
        assert samples.written(batch.events) == samples.written(expected)


async def test_sending_no_events_sends_nothing(kit: Kit, environment_id: str) -> None:
    await kit.queues.send_events(EventBatch(environment_id, ()))
    assert [await kit.mailbox.waiting(queue) for queue in Queue] == [0] * len(Queue)


@pytest.mark.parametrize("count", [1, 2, 60, 1000])
async def test_events_are_packed_none_lost_none_twice_in_order(kit: Kit, environment_id: str, count: int) -> None:
    sent = samples.events(environment_id, count)
    await kit.queues.send_events(EventBatch(environment_id, sent))
    batches = await taken_events(kit, Queue.REFRESH_EVENTS)
    assert samples.written(event for batch in batches for event in batch.events) == samples.written(sent)
    assert len(batches) <= 1 + count // 80


async def test_hundreds_of_events_are_one_small_message(kit: Kit, environment_id: str) -> None:
    """Compressed: as JSON they would be five messages, or a blob."""
    sent = samples.events(environment_id, 400)
    await kit.queues.send_events(EventBatch(environment_id, sent))
    (body,) = await take(kit, Queue.REFRESH_EVENTS)
    assert set(json.loads(body)) == {"v", "environmentId", "packed"}
    assert len(body) <= MAX_MESSAGE_BYTES
    assert samples.written((await kit.queues.read_events(body)).events) == samples.written(sent)


async def test_a_compressed_message_that_somebody_cut_is_invalid(kit: Kit, environment_id: str) -> None:
    await kit.queues.send_events(EventBatch(environment_id, samples.events(environment_id, 400)))
    (body,) = await take(kit, Queue.REFRESH_EVENTS)
    message = json.loads(body)
    cut = json.dumps({**message, "packed": message["packed"][:4000]}).encode()
    with pytest.raises(MessageInvalid):
        await kit.queues.read_events(cut)


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES - 1, MAX_MESSAGE_BYTES])
async def test_a_message_that_just_fits_is_sent_as_it_is(kit: Kit, environment_id: str, size: int) -> None:
    sent = in_message_of(environment_id, size)
    await kit.queues.send_events(EventBatch(environment_id, (sent,)))
    (body,) = await take(kit, Queue.REFRESH_EVENTS)
    assert len(body) == size
    assert samples.written((await kit.queues.read_events(body)).events) == samples.written([sent])


async def test_a_byte_more_and_the_message_names_where_its_body_is(kit: Kit, environment_id: str) -> None:
    """It is noise, which hardly shrinks."""
    sent = in_message_of(environment_id, MAX_MESSAGE_BYTES + 1)
    await kit.queues.send_events(EventBatch(environment_id, (sent,)))
    (body,) = await take(kit, Queue.REFRESH_EVENTS)
    assert set(json.loads(body)) == {"v", "environmentId", "claim"}
    assert samples.written((await kit.queues.read_events(body)).events) == samples.written([sent])


async def test_an_event_of_a_megabyte_arrives_between_its_neighbours(kit: Kit, environment_id: str) -> None:
    sent = [samples.of_size(environment_id, size, place) for place, size in enumerate((500, 1_000_000, 600), start=1)]
    await kit.queues.send_events(EventBatch(environment_id, tuple(sent)))
    batches = await taken_events(kit, Queue.REFRESH_EVENTS)
    assert samples.written(event for batch in batches for event in batch.events) == samples.written(sent)


async def test_a_claim_can_be_read_again(kit: Kit, environment_id: str) -> None:
    """A function that failed gets its message once more."""
    sent = samples.of_size(environment_id, 100_000)
    await kit.queues.send_events(EventBatch(environment_id, (sent,)))
    (body,) = await take(kit, Queue.REFRESH_EVENTS)
    for _ in range(2):
        assert samples.written((await kit.queues.read_events(body)).events) == samples.written([sent])


@pytest.mark.parametrize("subscriptions", [1, 10, 1000])
@pytest.mark.parametrize("events", [1, 60])
async def test_every_subscription_gets_its_events_once_and_in_order(
    kit: Kit, environment_id: str, subscriptions: int, events: int
) -> None:
    sent = samples.events(environment_id, events)
    batch = DeliveryBatch(environment_id, sent, everyone(sent, subscriptions))
    await kit.queues.send_deliveries(batch)
    found = await taken_deliveries(kit)
    assert {one.environment_id for one in found} == {environment_id}
    assert attempts(found) == attempts([batch])


async def test_subscriptions_that_want_different_events_get_theirs(kit: Kit, environment_id: str) -> None:
    """Big events and many pairs, so that both have to be parted."""
    events = tuple(samples.of_size(environment_id, 20_000, place) for place in range(1, 7))
    pairs = tuple(Pair(f"environment.{number:040}", (number // 500,)) for number in range(3000))
    batch = DeliveryBatch(environment_id, events, pairs)
    await kit.queues.send_deliveries(batch)
    assert attempts(await taken_deliveries(kit)) == attempts([batch])


async def test_an_event_that_nobody_wants_does_not_travel(kit: Kit, environment_id: str) -> None:
    events = samples.events(environment_id, 10)
    batch = DeliveryBatch(environment_id, events, (Pair("environment.a", (2, 7)), Pair("environment.b", (7,))))
    await kit.queues.send_deliveries(batch)
    found = await taken_deliveries(kit)
    assert attempts(found) == attempts([batch])
    assert [len(one.events) for one in found] == [2]


async def test_a_big_event_for_many_subscriptions_is_kept_in_a_few_blobs(kit: Kit, environment_id: str) -> None:
    """A megabyte for each of a thousand subscriptions would be a gigabyte of writes."""
    sent = (samples.of_size(environment_id, 1_000_000),)
    batch = DeliveryBatch(environment_id, sent, everyone(sent, 1000))
    await kit.queues.send_deliveries(batch)
    found = await taken_deliveries(kit)
    assert len(found) <= 4
    assert attempts(found) == attempts([batch])


async def test_of_a_retry_that_is_parted_only_the_first_event_was_tried_before(kit: Kit, environment_id: str) -> None:
    events = tuple(samples.of_size(environment_id, 20_000, place) for place in range(1, 7))
    batch = DeliveryBatch(environment_id, events, everyone(events, 1, attempt=4))
    await kit.queues.send_redeliveries(batch, delay_seconds=0)
    found = await taken_deliveries(kit, Queue.REDELIVERIES)
    assert len(found) > 1
    assert attempts(found) == attempts([batch])
    assert [attempt for _, attempt in attempts(found)[batch.pairs[0].subscription_id]] == [4, 1, 1, 1, 1, 1]


async def test_a_retry_waits_its_delay_on_a_queue_of_its_own(kit: Kit, environment_id: str) -> None:
    events = samples.events(environment_id, 2)
    await kit.queues.send_redeliveries(DeliveryBatch(environment_id, events, everyone(events, 1, 2)), delay_seconds=600)
    assert await take(kit, Queue.REDELIVERIES) == []
    assert [await kit.mailbox.waiting(queue) for queue in (Queue.REDELIVERIES, Queue.DELIVERIES)] == [1, 0]


async def test_a_retry_can_wait_for_seven_days(kit: Kit, environment_id: str) -> None:
    """The longest delay of the schedule is also the longest of the service."""
    events = samples.events(environment_id, 1)
    batch = DeliveryBatch(environment_id, events, everyone(events, 1))
    await kit.queues.send_redeliveries(batch, delay_seconds=7 * 24 * 3600)
    assert await kit.mailbox.waiting(Queue.REDELIVERIES) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"v":1}',
        b'{"v":2,"environmentId":"e","environments":["e"]}',
        b'{"v":"1","environments":["e"]}',
        b'{"v":1,"environmentId":"e","events":[{"id":"only"}],"deliveries":[]}',
        b'{"v":1,"environmentId":"e","claim":"0000.json"}',
        b'{"v":1,"environmentId":"e","events":[],"deliveries":[{"subscription":"s","events":[0]}]}',
        b'{"v":1,"environmentId":"e","events":[],"deliveries":[{"subscription":"s","events":[-1]}]}',
        b"[" * 10_000,
    ],
)
async def test_a_message_that_is_not_ours_is_told_apart(kit: Kit, body: bytes) -> None:
    for read in (kit.queues.read_polls, kit.queues.read_events, kit.queues.read_deliveries):
        with pytest.raises(MessageInvalid):
            await read(body)
