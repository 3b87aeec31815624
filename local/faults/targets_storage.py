"""Which bytes come from storage, where others may have put them: messages, claims, checkpoints, rows of tables?"""

import gzip
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any

from cryptography.fernet import Fernet

from local.faults.target import ENVIRONMENT, Target, promise, run, text_of
from shared.adapters import messages
from shared.adapters.cipher import Cipher
from shared.adapters.documents import decode_state, encode_state
from shared.adapters.event_pages import decode_page, pages
from shared.adapters.memory import MemoryQueues
from shared.adapters.packing import packed
from shared.adapters.queues import _poisoned
from shared.adapters.rows import environment_of
from shared.adapters.subscription_rows import UNREADABLE, to_row, with_secrets, without_secrets
from shared.domain.checkpoint import Checkpoint, EnvironmentState, JobMark, SeriesMark, SourceMark
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import Event, EventType, JsonValue, NumberedEvent, make_event
from shared.domain.shown import shown_message, shown_subscription
from shared.domain.signatures import SigningSecret, new_secret, sign
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Flow, Health, Subscription, Trigger
from shared.errors import MessageInvalid, StateInvalid
from shared.ports import EventBatch, PollRequest, Queue

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_LAST = 7
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def polls(body: bytes) -> None:
    """A message of environment-polls: what was read can be sent again, and is then the same."""
    found = messages.decode_polls(body)
    promise(messages.decode_polls(messages.encode_polls(found)) == found, "a poll is another one when written again")


def events(body: bytes) -> None:
    """A message of an events queue."""
    found = messages.decode_events(body)
    again = [one for text in messages.encode_events(found) for one in messages.decode_events(text).events]
    promise(_written(again) == _written(found.events), "events are others when written again")


def deliveries(body: bytes) -> None:
    """A message of a deliveries queue: no pair is lost on the way."""
    found = messages.decode_deliveries(body)
    again = [messages.decode_deliveries(text) for text in messages.encode_deliveries(found)]
    promise(_wanted(*again) == _wanted(found), "pairs are lost or doubled when written again")


def claim(body: bytes) -> None:
    """A message whose body is in a blob or compressed, and what that is."""
    for stand_in in (
        messages.encode_claim(ENVIRONMENT, "a blob"),
        messages.encode_packed(ENVIRONMENT, packed(body)),
        messages.encode_packed(ENVIRONMENT, body),
    ):
        with suppress(MessageInvalid):
            run(_Blobs(body).read_deliveries(stand_in))
    messages.stand_in_of(body)


def event(body: bytes) -> None:
    """The body of a dead delivery."""
    found = messages.decode_event(body)
    promise(_written([messages.decode_event(messages.encode_event(found))]) == _written([found]), "another event")


def page(body: bytes) -> None:
    """A row of the event log, which holds many events: they keep their order and their numbers."""
    found = decode_page(_LAST, body)
    promise([one.sequence for one in found] == list(range(_LAST - len(found) + 1, _LAST + 1)), "other numbers")
    again = [one for part in pages(found) for one in decode_page(part.last, part.body)]
    promise([one.sequence for one in again] == [one.sequence for one in found], "other numbers when written again")
    promise(_written([one.event for one in again]) == _written([one.event for one in found]), "other events")


def page_text(body: bytes) -> None:
    """The same, past its compression."""
    page(packed(body))


def poison(body: bytes) -> None:
    """A message that the host gave up: it can be shown, and is read once more."""
    came: Any = SimpleNamespace(content=body.decode("latin-1"), id="1", pop_receipt="r", inserted_on=NOON)
    shown_message(_poisoned(Queue.DELIVERIES, came))
    run(MemoryQueues().read_events(body))


def checkpoint(body: bytes) -> None:
    """A checkpoint's blob."""
    found = decode_state(body)
    again = decode_state(encode_state(found))
    promise(again == found or "NaN" in repr(found), "another state when written again")  # NaN is not even itself


def checkpoint_text(body: bytes) -> None:
    """The same, past its compression."""
    checkpoint(gzip.compress(body, 1))


def row(column: str) -> Callable[[bytes], None]:
    """A row of a subscription, one column of which is odd."""

    def read(body: bytes) -> None:
        shown_subscription(without_secrets({**_row(), column: text_of(body)}))

    return read


def secrets(body: bytes) -> None:
    """The encrypted column of a row, whoever encrypted it: what it holds can be signed with."""
    odd = _cipher().encrypt(body.decode())
    for one in with_secrets({**_row(), "Secrets": odd}, _cipher()).signing_secrets:
        sign([one.secret], "1", 1, b"{}")


def ciphertext(body: bytes) -> None:
    """The same column as somebody without the key would write it."""
    _cipher().decrypt(text_of(body))
    raise AssertionError("something was decrypted that nobody encrypted")


def row_key(body: bytes) -> None:
    """An id in a URL becomes a key of a row only if every character of it may be in one."""
    text = text_of(body)
    found = environment_of(text)
    promise(found is None or (text.isascii() and text.isprintable() and not set(text) & set("/\\#?'")), "an odd key")


def storage_targets() -> Sequence[Target]:
    """All of them."""
    message, state, unread = (MessageInvalid,), (StateInvalid,), UNREADABLE
    return (
        Target(
            "poll message", polls, message, lambda: [messages.encode_polls(PollRequest((ENVIRONMENT, "b"), NOON, 2))]
        ),
        Target("events message", events, message, lambda: [*messages.encode_events(_batch())]),
        Target("deliveries message", deliveries, message, _delivery_seeds),
        Target("claim", claim, message, _delivery_seeds),
        Target("event", event, message, lambda: [messages.encode_event(_event())]),
        Target("feed page", page, message, lambda: [packed(_page_text())]),
        Target("feed page text", page_text, message, lambda: [_page_text()]),
        Target("poison message", poison, message, lambda: [*messages.encode_events(_batch()), b"not JSON"]),
        Target("checkpoint", checkpoint, state, lambda: [encode_state(_state())]),
        Target("checkpoint text", checkpoint_text, state, lambda: [gzip.decompress(encode_state(_state()))]),
        *(
            Target(f"row, {name}", row(name), unread, _column(name))
            for name in ("Fields", "Health", "State", "Trigger")
        ),
        Target("row, secrets", secrets, unread, lambda: [_cipher().decrypt(_row()["Secrets"]).encode()]),
        Target("row, ciphertext", ciphertext, unread, lambda: [b"gAAAAABh", b"\x80" * 80]),
        Target("row key", row_key, (), lambda: [f"{ENVIRONMENT}.one".encode(), b"a.b", b"-poison"]),
    )


class _Blobs(MemoryQueues):
    """Queues whose claims are all the same."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    async def _kept(self, name: str) -> bytes:
        return self._body


def _written(found: Sequence[Event]) -> list[bytes]:
    return [messages.encode_event(one) for one in found]


def _wanted(*batches: DeliveryBatch) -> list[tuple[str, bytes]]:
    return sorted(
        (pair.subscription_id, messages.encode_event(batch.events[place]))
        for batch in batches
        for pair in batch.pairs
        for place in pair.events
    )


def _event(place: int = 1) -> Event:
    data: dict[str, JsonValue] = {
        "dataSourceName": "Ærø",
        "value": Decimal("1.50"),
        "rows": place,
        "errors": ["a", "b"],
        "summary": "It is.",
    }
    return make_event(
        ENVIRONMENT, EventType.REFRESH_FAILED, subject="datasources/1", occurrence=str(place), time=NOON, data=data
    )


def _page_text() -> bytes:
    return messages.encode_events_list([_event(1), _event(2)])


def _batch() -> EventBatch:
    return EventBatch(ENVIRONMENT, (_event(1), _event(2)), TRACE)


def _delivery_seeds() -> list[bytes]:
    pairs = (Pair("a.one", (0, 1), 3, NOON, NOON, NOON), Pair("a.two", (1,)))
    batch = DeliveryBatch(ENVIRONMENT, (_event(1), _event(2)), pairs, TRACE, replayed=True)
    whole = list(messages.encode_deliveries(batch))
    stand_ins = messages.encode_claim(ENVIRONMENT, "a" * 64), messages.encode_packed(ENVIRONMENT, packed(whole[0]))
    return [*whole, *stand_ins]


def _state() -> EnvironmentState:
    known = Checkpoint(
        ENVIRONMENT,
        NOON,
        jobs={"job-1": JobMark(NOON, frozenset({"a:failed"}), closed=False)},
        sources={"ds-1": SourceMark("Orders", NOON, fired=frozenset({"watch-1"}))},
        series={"segments\x1fS": SeriesMark(NOON, Decimal("12.5"))},
    )
    return EnvironmentState(known, (NumberedEvent(1, _event()),), sequence=1, polled_at=NOON)


@cache
def _cipher() -> Cipher:
    return Cipher([Fernet.generate_key().decode()])


@cache
def _row() -> Mapping[str, Any]:
    fields = {"segmentName": "Loyal", "threshold": 5, "direction": "both", "rearmAt": 4}
    return to_row(
        Subscription(
            id=f"{ENVIRONMENT}.one",
            environment_id=ENVIRONMENT,
            trigger=Trigger.SEGMENT_CROSSED,
            fields=fields,
            filters=parse_filters(Trigger.SEGMENT_CROSSED, {**fields, "threshold": 5}),
            callback_url="https://prod-01.westeurope.logic.azure.com/workflows/w?sig=secret",
            created_at=NOON,
            flow=Flow("flow", "environment", "step"),
            signing_secrets=(SigningSecret(new_secret()),),
            health=Health(1, 2, NOON, NOON, NOON, 3, 4, NOON, "run", NOON, "http_500"),
        ),
        _cipher(),
    )


def _column(name: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [str(_row()[name]).encode()]
