"""Does everything that goes onto a queue come off it again, and is every message small enough?"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.messages import (
    EVENTS_BYTES,
    MAX_MESSAGE_BYTES,
    decode_deliveries,
    decode_event,
    decode_events,
    decode_polls,
    encode_deliveries,
    encode_event,
    encode_events,
    encode_events_list,
    encode_polls,
)
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import Event
from shared.errors import MessageInvalid
from shared.ports import EventBatch, PollRequest

JSON = st.recursive(
    st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
EVENTS = st.builds(
    Event, id=st.text(), type=st.text(), source=st.text(), subject=st.text(), time=TIMES,
    data=st.dictionaries(st.text(), JSON, max_size=4),
)  # fmt: skip
SINCE = st.none() | st.sampled_from([datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 0, 1, tzinfo=UTC)])
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SIZES = st.sampled_from([0, 10, 300, 5_000, 20_000, 24_000, 40_000, 48_500, 60_000])
quick = settings(max_examples=60, deadline=None, derandomize=True)


def sized(sizes: Iterable[int]) -> tuple[Event, ...]:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    return tuple(
        Event(f"{place}", "t", "/e", "s", moment, {"text": "æ" * (size // 2)}) for place, size in enumerate(sizes)
    )


def alone(events: tuple[Event, ...]) -> DeliveryBatch:
    """All of them for one subscription, as a first attempt."""
    return DeliveryBatch("environment", events, (Pair("environment.one", tuple(range(len(events)))),))


def filled(sizes: Iterable[int], room: int) -> DeliveryBatch:
    """A list of events that makes a message with so much room; with some bytes too many, where that is below 0."""
    events = sized(sizes)
    bare = len(next(encode_deliveries(alone((*events, *sized([0]))))))
    return alone((*events, replace(sized([0])[0], data={"text": "x" * (MAX_MESSAGE_BYTES - bare - room)})))


@st.composite
def delivery_batches(draw: st.DrawFn) -> DeliveryBatch:
    """Events of any size, and many subscriptions with some of them each, in order."""
    events = sized(draw(st.lists(SIZES, min_size=1, max_size=8)))
    wanted = st.sets(st.integers(0, len(events) - 1)).map(lambda places: tuple(sorted(places)))
    kinds = draw(st.lists(st.tuples(wanted, st.integers(1, 10), SINCE, SINCE), min_size=1, max_size=6))
    each = [kind for kind in kinds for _ in range(draw(st.sampled_from([1, 3, 150])))]
    pairs = tuple(Pair(f"environment.{place:043}", *kind) for place, kind in enumerate(each))
    return DeliveryBatch("environment", events, pairs)


def handed_over(batches: Iterable[DeliveryBatch]) -> dict[str, list[tuple[str, int]]]:
    """By subscription: the ids of its events in order, and which attempt each is."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for batch in batches:
        for pair in batch.pairs:
            for place, index in enumerate(pair.events):
                found[pair.subscription_id].append((batch.events[index].id, pair.attempt if place == 0 else 1))
    return dict(found)


@quick
@given(EVENTS)
def test_an_event_survives_with_every_digit(event: Event) -> None:
    assert decode_event(encode_event(event)) == event


@quick
@given(EVENTS)
def test_an_event_is_written_the_same_after_it_was_read(event: Event) -> None:
    once = encode_event(decode_event(encode_event(event)))
    assert encode_event(decode_event(once)) == once


@quick
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_as_the_decimal_that_was_written(number: float) -> None:
    event = Event("1", "t", "/e", "s", datetime(2026, 3, 2, tzinfo=UTC), {"durationSeconds": number})
    assert float(str(decode_event(encode_event(event)).data["durationSeconds"])) == number


@quick
@given(st.lists(EVENTS, min_size=1, max_size=8))
def test_a_batch_of_events_survives_in_order(events: list[Event]) -> None:
    batches = [decode_events(body) for body in encode_events(EventBatch("ænvironment", tuple(events)))]
    assert [event for batch in batches for event in batch.events] == events
    assert {batch.environment_id for batch in batches} == {"ænvironment"}


@quick
@given(st.lists(SIZES, min_size=1, max_size=30))
def test_an_events_message_is_of_few_bytes_or_holds_one_event(sizes: list[int]) -> None:
    for body in encode_events(EventBatch("environment", sized(sizes))):
        assert len(body) <= EVENTS_BYTES + 1024 or len(decode_events(body).events) == 1


@quick
@given(delivery_batches())
def test_every_pair_survives_once_and_in_order(batch: DeliveryBatch) -> None:
    assert handed_over(map(decode_deliveries, encode_deliveries(batch))) == handed_over([batch])


@quick
@given(delivery_batches())
def test_every_part_of_a_pair_knows_since_when_it_waits_and_when_its_slot_is(batch: DeliveryBatch) -> None:
    known = {pair.subscription_id: (pair.since, pair.slot_at) for pair in batch.pairs}
    for body in encode_deliveries(batch):
        for pair in decode_deliveries(body).pairs:
            assert (pair.since, pair.slot_at) == known[pair.subscription_id]


@quick
@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=99),
    st.integers(-100, 500),
    TIMES,
    st.none() | TIMES,
    st.sampled_from(["", TRACE]),
    st.booleans(),
)
def test_a_list_that_fills_a_message_is_the_same_list_at_every_attempt(
    sizes: list[int], room: int, since: datetime, slot_at: datetime | None, trace: str, replayed: bool
) -> None:
    """Its id follows from its events: were it split at a retry, the flow would be told some of them twice."""
    first_attempt = replace(filled(sizes, room), traceparent=trace, replayed=replayed)
    lists = [decode_deliveries(body) for body in encode_deliveries(first_attempt)]
    for first in lists:
        (pair,) = first.pairs
        again = replace(first, pairs=(replace(pair, since=since, attempt=10, slot_at=slot_at),))
        (body,) = encode_deliveries(again)
        assert decode_deliveries(body) == again
        assert len(body) <= MAX_MESSAGE_BYTES or len(again.events) == 1  # which goes by claim


@quick
@given(delivery_batches())
def test_deliveries_are_parted_the_same_with_a_trace_and_without_and_when_replayed(batch: DeliveryBatch) -> None:
    """A fan-out that is made again, when telemetry was switched on meanwhile, makes the same lists."""
    batch = replace(batch, pairs=tuple(replace(pair, since=None) for pair in batch.pairs))
    without = [decode_deliveries(body) for body in encode_deliveries(batch)]
    for further in ({"traceparent": TRACE}, {"replayed": True}, {"traceparent": TRACE, "replayed": True}):
        within = [decode_deliveries(body) for body in encode_deliveries(replace(batch, **further))]
        assert within == [replace(one, **further) for one in without]


@quick
@given(st.lists(SIZES, min_size=1, max_size=30))
def test_events_are_parted_the_same_with_a_trace_and_without(sizes: list[int]) -> None:
    batch = EventBatch("environment", sized(sizes))
    without = [decode_events(body) for body in encode_events(batch)]
    within = [decode_events(body) for body in encode_events(replace(batch, traceparent=TRACE))]
    assert within == [replace(one, traceparent=TRACE) for one in without]


def test_a_message_without_a_trace_says_nothing_of_one_nor_of_a_replay() -> None:
    """As those that were written before there were any."""
    (body,) = encode_deliveries(alone(sized([0])))
    assert json.loads(body).keys() == {"v", "environmentId", "events", "deliveries"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        TRACE[:-1],
        TRACE + "0",
        TRACE.upper(),
        TRACE.replace("b7ad6b7169203331", "0" * 16),
        TRACE + "\n",
        "æ" * 55,
    ],
)
def test_what_is_no_traceparent_is_none_and_spoils_no_message(text: str) -> None:
    (body,) = encode_deliveries(replace(alone(sized([0])), traceparent=text))
    assert decode_deliveries(body) == alone(sized([0]))


def test_a_first_attempt_says_no_more_than_it_has_to() -> None:
    """Thousands of pairs share a message."""
    (body,) = encode_deliveries(DeliveryBatch("environment", sized([0]), (Pair("environment.one", (0,)),)))
    assert json.loads(body)["deliveries"] == [{"subscription": "environment.one", "events": [0]}]


@quick
@given(delivery_batches())
def test_a_deliveries_message_is_small_or_holds_one_event_and_only_what_is_wanted(batch: DeliveryBatch) -> None:
    for body in encode_deliveries(batch):
        found = decode_deliveries(body)
        assert len(body) <= MAX_MESSAGE_BYTES or len(found.events) == 1
        assert {place for pair in found.pairs for place in pair.events} == set(range(len(found.events)))


@quick
@given(st.lists(st.text(min_size=1), min_size=1).map(tuple), st.none() | TIMES, st.integers(0, 9))
def test_a_poll_request_survives(environments: tuple[str, ...], asked_at: datetime | None, hop: int) -> None:
    request = PollRequest(environments, asked_at, hop)
    assert decode_polls(encode_polls(request)) == request


@quick
@given(st.lists(EVENTS, max_size=5))
def test_a_list_of_events_is_an_array_of_each_as_it_is_written_alone(events: list[Event]) -> None:
    body = encode_events_list(events)
    assert json.loads(body) == [json.loads(encode_event(event)) for event in events]
    assert body == b"[" + b",".join(encode_event(event) for event in events) + b"]"


def test_an_event_is_written_as_cloudevents_says() -> None:
    event = Event("1", "t", "/e", "s", datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC), {"value": Decimal("10.50")})
    assert encode_event(event) == (
        b'{"specversion":"1.0","id":"1","source":"/e","type":"t","subject":"s","time":"2026-03-02T01:02:03Z",'
        b'"datacontenttype":"application/json","data":{"value":10.50}}'
    )


@quick
@given(EVENTS)
def test_a_message_can_be_read_by_anybodys_json_reader(event: Event) -> None:
    (body,) = encode_events(EventBatch("environment", (event,)))
    assert json.loads(body)["events"][0]["id"] == event.id


@quick
@given(st.binary())
def test_bytes_that_are_no_message_are_told_apart(body: bytes) -> None:
    for decode in (decode_polls, decode_events, decode_deliveries, decode_event):
        with pytest.raises(MessageInvalid):
            decode(body)
