"""How is the feed written in rows? A page at a time: events with numbers in a row, as a compressed JSON array.

A row for each event would cost a storage operation for each, and a refresh of everything brings thousands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.adapters.messages import UNREADABLE, decode_events_list, encode_event
from shared.adapters.packing import packed, unpacked
from shared.adapters.rows import MAX_ROW_BYTES
from shared.domain.events import Event, NumberedEvent
from shared.errors import MessageInvalid

_PAGE_BYTES = 192 * 1024  # of JSON: compressed it nearly always fits a row


@dataclass(frozen=True, slots=True)
class Page:
    """Some events of a feed, the number of the last of them, and how they are written."""

    last: int
    events: tuple[Event, ...]
    body: bytes


def pages(numbered: Sequence[NumberedEvent]) -> Iterator[Page]:
    """The pages for events that are in order; the same events always make the same pages.

    A body is larger than a row takes only where a single event is.
    """
    run: list[tuple[NumberedEvent, bytes]] = []
    size = 0
    for one in numbered:
        body = encode_event(one.event)
        if run and (one.sequence != run[-1][0].sequence + 1 or size + len(body) > _PAGE_BYTES):
            yield from _fitting(run)
            run, size = [], 0
        run.append((one, body))
        size += len(body) + 1
    if run:
        yield from _fitting(run)


def decode_page(last: int, body: bytes) -> list[NumberedEvent]:
    """The events of a page with their numbers. Raises MessageInvalid."""
    try:
        events = decode_events_list(unpacked(body))
    except UNREADABLE as error:
        raise MessageInvalid(f"This is not a page of our events: {error}") from None
    return [NumberedEvent(number, event) for number, event in enumerate(events, start=last - len(events) + 1)]


def _fitting(run: list[tuple[NumberedEvent, bytes]]) -> Iterator[Page]:
    body = packed(b"[" + b",".join(encoded for _, encoded in run) + b"]")
    if len(body) <= MAX_ROW_BYTES or len(run) == 1:
        yield Page(run[-1][0].sequence, tuple(one.event for one, _ in run), body)
        return
    middle = len(run) // 2
    yield from _fitting(run[:middle])
    yield from _fitting(run[middle:])
