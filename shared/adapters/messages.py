"""What is on the queues: CloudEvents and the messages that carry them, as JSON that a person can read.

A queue message holds at most 48 KiB, because base64 makes 64 KiB of it (Azure Queue storage, Put Message). Deliveries
that are more are split: the calls of a flow in one message are made one after the other. Events are not, as far as they
fit when compressed: the fan-out of many costs hardly more than that of one.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import Event, iso
from shared.errors import MessageInvalid
from shared.ports import EventBatch, PollRequest
from shared.telemetry import is_traceparent

MAX_MESSAGE_BYTES = 48 * 1024
EVENTS_BYTES = 4 * 38 * 1024  # four messages for the fan-out to send, with room for pairs; compressed they are one
_ROOM_TO_GROW = 256  # what a retry adds must not split a list of events: it would be another list then
_ROOM_IN_HEAD = 96  # kept free by first attempts, trace or not, replayed or not: the same events, the same lists
VERSION = 1
# msgspec's own errors, and others: odd bytes, deep nesting, an exponent that no decimal has, a time before the year 1.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidOperation, OverflowError)

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # one without its offset compares with no other
_encoder = msgspec.json.Encoder(decimal_format="number")


class _CloudEvent(msgspec.Struct):
    """An event in structured mode (CloudEvents 1.0, JSON format)."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: _Moment
    datacontenttype: str
    data: msgspec.Raw

    def to_event(self) -> Event:
        """The event, its numbers to the last digit."""
        data = _data_decoder.decode(self.data)
        return Event(self.id, self.type, self.source, self.subject, self.time.astimezone(UTC), data)


class _Pair(msgspec.Struct, omit_defaults=True):
    subscription: str
    events: tuple[int, ...]
    attempt: int = 1
    since: _Moment | None = None
    slot: _Moment | None = None
    due: _Moment | None = None

    @classmethod
    def of(cls, pair: Pair) -> "_Pair":
        """As it is written."""
        return cls(pair.subscription_id, pair.events, pair.attempt, pair.since, pair.slot_at, pair.not_before)

    def to_pair(self) -> Pair:
        """As it is used."""
        return Pair(self.subscription, self.events, self.attempt, self.since, self.slot, self.due)


class _Message(msgspec.Struct, rename="camel", omit_defaults=True):
    """Any of our queue messages; which parts it has depends on the queue."""

    v: int
    environment_id: str = ""
    traceparent: str = ""
    replayed: bool = False
    events: tuple[_CloudEvent, ...] = ()
    deliveries: tuple[_Pair, ...] = ()
    environments: tuple[str, ...] = ()
    asked_at: _Moment | None = None
    hop: int = 0
    claim: str = ""
    packed: bytes = b""


_message_decoder = msgspec.json.Decoder(_Message)
_event_decoder = msgspec.json.Decoder(_CloudEvent)
_events_decoder = msgspec.json.Decoder(tuple[_CloudEvent, ...])
_data_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def encode_event(event: Event) -> bytes:
    """An event as structured-mode CloudEvents JSON."""
    return _encoder.encode(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "subject": event.subject,
            "time": iso(event.time),
            "datacontenttype": "application/json",
            "data": event.data,
        }
    )


def decode_event(body: bytes) -> Event:
    """The event that encode_event wrote, numbers to the last digit. Raises MessageInvalid."""
    try:
        return _event_decoder.decode(body).to_event()
    except UNREADABLE as error:
        raise MessageInvalid(f"This is not one of our events: {error}") from None


def encode_events_list(events: Sequence[Event]) -> bytes:
    """Events as a JSON array, each in structured mode."""
    return _array([encode_event(event) for event in events])


def decode_events_list(body: bytes) -> list[Event]:
    """The events of an array, each in structured mode. Raises UNREADABLE."""
    return [event.to_event() for event in _events_decoder.decode(body)]


def encode_polls(request: PollRequest) -> bytes:
    """A message for environment-polls."""
    message = _Message(
        VERSION,
        environments=request.environment_ids,
        asked_at=request.asked_at,
        hop=request.hop,
    )
    return _encoder.encode(message)


def encode_events(batch: EventBatch) -> Iterator[bytes]:
    """Messages for an events queue: as many events in each as fit, in order. One that is too big stays alone."""
    head = _head(batch.environment_id, batch.traceparent)
    packed: list[bytes] = []
    size = 0
    for body in map(encode_event, batch.events):
        if packed and size + len(body) > EVENTS_BYTES:
            yield head + _array(packed) + b"}"
            packed, size = [], 0
        packed.append(body)
        size += len(body) + 1
    if packed:
        yield head + _array(packed) + b"}"


def encode_deliveries(batch: DeliveryBatch) -> Iterator[bytes]:
    """Messages for a deliveries queue: halved, by events or by pairs, until each fits or halving no longer helps.

    Where they are halved hangs neither on whether there is a trace nor on whether it is a replay.
    """
    pairs = [_Pair.of(pair) for pair in batch.pairs if pair.events]
    events = [encode_event(event) for event in batch.events]
    head = _head(batch.environment_id, batch.traceparent, replayed=batch.replayed)
    spare = len(_head(batch.environment_id, "")) + _ROOM_IN_HEAD - len(head)
    return _delivery_messages(head, events, pairs, spare + _ROOM_TO_GROW)


def encode_packed(environment_id: str, content: bytes) -> bytes:
    """A message whose body is compressed. It is JSON too: a Functions host takes a message for text."""
    return _encoder.encode(_Message(VERSION, environment_id=environment_id, packed=content))


def encode_claim(environment_id: str, name: str) -> bytes:
    """A message whose body is in a blob."""
    return _encoder.encode(_Message(VERSION, environment_id=environment_id, claim=name))


def stand_in_of(body: bytes) -> tuple[str, bytes]:
    """What a message has instead of its body: the name of a blob, or what is compressed. Raises MessageInvalid."""
    message = _decode(body)
    return message.claim, message.packed


def decode_polls(body: bytes) -> PollRequest:
    """Read a message of environment-polls. Raises MessageInvalid."""
    message = _decode(body)
    if not message.environments:
        raise MessageInvalid("The message names no environment.")
    return PollRequest(message.environments, message.asked_at, message.hop)


def decode_events(body: bytes) -> EventBatch:
    """Read a message of an events queue. Raises MessageInvalid."""
    message = _decode(body)
    if not message.environment_id or not message.events:
        raise MessageInvalid("The message holds no events.")
    return EventBatch(message.environment_id, _events(message), _trace(message))


def decode_deliveries(body: bytes) -> DeliveryBatch:
    """Read a message of a deliveries queue. Raises MessageInvalid."""
    message = _decode(body)
    pairs = tuple(pair.to_pair() for pair in message.deliveries)
    if not message.environment_id or not pairs:
        raise MessageInvalid("The message holds no deliveries.")
    if any(place >= len(message.events) or place < 0 for pair in pairs for place in pair.events):
        raise MessageInvalid("The message speaks of an event that it does not hold.")
    return DeliveryBatch(message.environment_id, _events(message), pairs, _trace(message), message.replayed)


def _delivery_messages(head: bytes, events: list[bytes], pairs: list[_Pair], room: int) -> Iterator[bytes]:
    """First attempts leave so much `room`."""
    if not pairs:
        return
    events, pairs = _wanted(events, pairs)
    events_part, pairs_part = _array(events), _encoder.encode(pairs)
    message = head + events_part + b',"deliveries":' + pairs_part + b"}"
    most = MAX_MESSAGE_BYTES if all(pair.since for pair in pairs) else MAX_MESSAGE_BYTES - room
    if len(message) <= most or _stays_too_big(events_part, pairs_part, len(events), len(pairs)):
        yield message
    elif len(events) > 1 and (len(events_part) >= len(pairs_part) or len(pairs) == 1):
        for start, end in _halves(len(events)):
            chosen = [_within(pair, start, end) for pair in pairs]
            wanted = [pair for pair in chosen if pair.events]
            yield from _delivery_messages(head, events[start:end], wanted, room)
    else:
        for start, end in _halves(len(pairs)):
            yield from _delivery_messages(head, events, pairs[start:end], room)


def _wanted(events: list[bytes], pairs: list[_Pair]) -> tuple[list[bytes], list[_Pair]]:
    """Only the events that a pair speaks of."""
    used = sorted({place for pair in pairs for place in pair.events})
    if len(used) == len(events):
        return events, pairs
    place_of = {place: new for new, place in enumerate(used)}
    moved = [_with(pair, tuple(place_of[place] for place in pair.events), pair.attempt) for pair in pairs]
    return [events[place] for place in used], moved


def _stays_too_big(events_part: bytes, pairs_part: bytes, events: int, pairs: int) -> bool:
    """Whether halving no longer helps: a big event would be written once more for each few of its pairs."""
    big = len(events_part) > MAX_MESSAGE_BYTES // 2
    return events == 1 and (pairs == 1 or (big and len(pairs_part) <= MAX_MESSAGE_BYTES))


def _halves(count: int) -> tuple[tuple[int, int], tuple[int, int]]:
    middle = count // 2
    return (0, middle), (middle, count)


def _within(pair: _Pair, start: int, end: int) -> _Pair:
    """The part of a pair that speaks of events from start to end; only its first part has been tried before."""
    places = tuple(place - start for place in pair.events if start <= place < end)
    first = bool(pair.events) and start <= pair.events[0] < end
    return _with(pair, places, pair.attempt if first else 1)


def _with(pair: _Pair, places: tuple[int, ...], attempt: int) -> _Pair:
    return msgspec.structs.replace(pair, events=places, attempt=attempt)


def _head(environment_id: str, traceparent: str, *, replayed: bool = False) -> bytes:
    trace = b',"traceparent":' + _encoder.encode(traceparent) if traceparent else b""
    again = b',"replayed":true' if replayed else b""
    return b'{"v":1,"environmentId":' + _encoder.encode(environment_id) + trace + again + b',"events":'


def _array(items: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def _decode(body: bytes) -> _Message:
    try:
        message = _message_decoder.decode(body)
    except UNREADABLE as error:
        raise MessageInvalid(f"The message is not one of ours: {error}") from None
    if message.v != VERSION:
        raise MessageInvalid(f"The message is of version {message.v}; this app reads version {VERSION}.")
    return message


def _trace(message: _Message) -> str:
    """What is no traceparent is none: it spoils no message."""
    return message.traceparent if is_traceparent(message.traceparent) else ""


def _events(message: _Message) -> tuple[Event, ...]:
    try:
        return tuple(event.to_event() for event in message.events)
    except UNREADABLE as error:
        raise MessageInvalid(f"An event of the message cannot be read: {error}") from None
