"""At the borders of what storage takes: nothing is refused, nothing is lost, and the same bytes come back."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.messages import MAX_MESSAGE_BYTES, encode_deliveries, encode_event
from shared.domain.deliveries import DeadDelivery, DeliveryBatch, Pair
from shared.domain.events import Event, JsonValue, NumberedEvent
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Subscription, Trigger
from shared.errors import RequestInvalid
from shared.ports import EventBatch, Queue
from shared.stores import EventQuery
from tests.contracts import samples
from tests.contracts.kits import Kit
from tests.contracts.test_subscription_changes import delivered, one_more

MEGABYTE = 1_000_000
# What error texts are made of, each of another size in JSON, in UTF-8 and in UTF-16.
LETTERS = ("x", "\n", '"', "\\", "\x01", "æ", "漢", "🎉", "\u2028", "</script>")


def failed(environment_id: str, text: str) -> Event:
    return samples.event(environment_id, 1, errorMessage=text)


def ordered(environment_id: str, event: Event) -> DeliveryBatch:
    return DeliveryBatch(environment_id, (event,), (Pair(f"{environment_id}.one", (0,)),))


def longest(trigger: Trigger, letter: str) -> Mapping[str, JsonValue]:
    """The most that fields can say."""
    if trigger is Trigger.PROCESS_ENDED:
        words = [letter * 100 for _ in range(50)]
        return {"operationTypes": words, "outcomes": words}
    names = [f"{'D' * 127}{place}" for place in range(10)]
    texts = dict.fromkeys(("measureName", "alias"), letter * 512)
    return {**texts, "dimensions": dict.fromkeys(names, letter * 512), "threshold": "9" * 60}


def longer(value: JsonValue, letter: str) -> JsonValue:
    """The same with a character more."""
    if isinstance(value, Mapping):
        return {name: longer(text, letter) for name, text in value.items()}
    if isinstance(value, list):
        return [longer(text, letter) for text in value]
    return f"{value}{letter}"


def in_delivery_of(environment_id: str, size: int) -> Event:
    """An event that makes a deliveries message of exactly this size when it is alone."""
    (message,) = encode_deliveries(ordered(environment_id, samples.of_size(environment_id, 1000)))
    return samples.of_size(environment_id, size - len(message) + 1000)


@pytest.mark.parametrize("size", [49_151, 49_152, 49_153])
async def test_a_deliveries_message_of_any_size_arrives(kit: Kit, environment_id: str, size: int) -> None:
    """Up to 49,152 bytes as it is; a byte more, and it names where its body is."""
    batch = ordered(environment_id, in_delivery_of(environment_id, size))
    assert len(next(encode_deliveries(batch))) == size
    await kit.queues.send_deliveries(batch)
    await kit.queues.send_redeliveries(batch, delay_seconds=0)
    for queue in (Queue.DELIVERIES, Queue.REDELIVERIES):
        (body,) = await kit.mailbox.take(queue)
        assert (len(body) == size) is (size <= MAX_MESSAGE_BYTES)
        read = await kit.queues.read_deliveries(body)
        assert (samples.written(read.events), read.pairs) == (samples.written(batch.events), batch.pairs)


async def test_the_body_of_a_message_is_kept_for_as_long_as_it_may_be_named(kit: Kit, environment_id: str) -> None:
    batch = ordered(environment_id, samples.of_size(environment_id, MEGABYTE))
    await kit.queues.send_deliveries(batch)
    assert await kit.claims.forget(datetime.now(UTC) - timedelta(hours=1)) == 0
    (body,) = await kit.mailbox.take(Queue.DELIVERIES)
    assert samples.written((await kit.queues.read_deliveries(body)).events) == samples.written(batch.events)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # the SDK has it whole anyway
@pytest.mark.parametrize("letter", LETTERS, ids=ascii)
async def test_an_event_with_a_megabyte_of_error_text_gets_everywhere(
    kit: Kit, environment_id: str, letter: str
) -> None:
    """Outbox, event log, events queue, deliveries queues, dead deliveries."""
    event = failed(environment_id, letter * (MEGABYTE // len(letter)))
    expected = [encode_event(event)]
    assert len(expected[0]) > MEGABYTE
    await kit.checkpoints.write(environment_id, samples.state(environment_id, event), None)
    stored = await kit.other_checkpoints.read(environment_id)
    assert stored is not None
    await kit.log.append(environment_id, stored.state.outbox)
    logged = await kit.log.search(environment_id, EventQuery(types=(event.type,)), limit=5)
    assert samples.written(logged) == expected
    await kit.queues.send_events(EventBatch(environment_id, (logged[0].event,)))
    (body,) = await kit.mailbox.take(Queue.REFRESH_EVENTS)
    (sent,) = (await kit.queues.read_events(body)).events
    await kit.queues.send_deliveries(ordered(environment_id, sent))
    (body,) = await kit.mailbox.take(Queue.DELIVERIES)
    await kit.queues.send_redeliveries(await kit.queues.read_deliveries(body), delay_seconds=0)
    (body,) = await kit.mailbox.take(Queue.REDELIVERIES)
    (retried,) = (await kit.queues.read_deliveries(body)).events
    dead = DeadDelivery(environment_id, f"{environment_id}.one", retried, "timeout", 10, samples.NOON)
    await kit.dead.save(dead)
    kept = await kit.dead.find(dead.id)
    assert kept is not None
    assert samples.written([kept.event]) == expected


async def test_a_hundred_events_of_a_megabyte_between_small_ones_are_logged_in_one_append(
    kit: Kit, environment_id: str
) -> None:
    big = [samples.of_size(environment_id, MEGABYTE, place) for place in range(1, 11)]
    mixed = [one for event in big for one in (event, *samples.events(environment_id, 10))]
    await kit.log.append(environment_id, [NumberedEvent(place, one) for place, one in enumerate(mixed, start=1)])
    found = await kit.log.read(environment_id, after=0, limit=1000)
    assert samples.written(found) == samples.written(mixed)


@pytest.mark.parametrize("count", [100, 101])
async def test_rows_on_either_side_of_a_transactions_border_are_written_changed_and_forgotten(
    kit: Kit, environment_id: str, count: int
) -> None:
    """A transaction holds a hundred."""
    rows = [samples.subscription(environment_id, f"{place:03}") for place in range(count)]
    await asyncio.gather(*(kit.subscriptions.save(row) for row in rows))
    await kit.subscriptions.change_all({row.id: one_more for row in rows})
    assert await delivered(kit.subscriptions, environment_id) == [1] * count
    old = samples.NOON.replace(year=1999)
    events = [NumberedEvent(n, replace(samples.event(environment_id, n), time=old)) for n in range(1, count + 1)]
    await kit.log.append(environment_id, events)
    assert len(await kit.log.read(environment_id, after=0, limit=1000)) == count
    for one in events:
        await kit.dead.save(DeadDelivery(environment_id, f"{environment_id}.one", one.event, "timeout", 1, old))
    after = old.replace(year=2000)
    assert (await kit.log.forget(after), await kit.dead.forget(after)) == (count, count)
    assert await kit.log.read(environment_id, after=0, limit=1000) == []
    assert await kit.dead.page(environment_id=environment_id, subscription_id=None, after="", limit=10) == []


@pytest.mark.parametrize("letter", ["x", '"', "漢", "🎉"])
@pytest.mark.parametrize("trigger", [Trigger.PROCESS_ENDED, Trigger.MEASURE_CROSSED])
async def test_a_subscription_with_everything_as_long_as_it_may_be_is_kept(
    kit: Kit, environment_id: str, trigger: Trigger, letter: str
) -> None:
    """What subscribing lets through, storage takes; a character more is the caller's mistake."""
    asked: Subscription = replace(
        samples.subscription(environment_id, trigger=trigger, fields=longest(trigger, letter)),
        label=letter * 512,
        callback_url=samples.CALLBACK + "x" * (2048 - len(samples.CALLBACK)),
    )
    await kit.subscriptions.save(asked)
    assert await kit.subscriptions.find(asked.id) == asked
    for name, value in longest(trigger, letter).items():
        with pytest.raises(RequestInvalid):
            parse_filters(trigger, {**longest(trigger, letter), name: longer(value, letter)})
