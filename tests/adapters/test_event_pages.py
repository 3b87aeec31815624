"""A feed in pages: whatever the events are, all of them come back, in order, and a page fits its row."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.adapters.event_pages import decode_page, pages
from shared.adapters.packing import packed
from shared.adapters.rows import MAX_ROW_BYTES
from shared.domain.events import NumberedEvent
from shared.errors import MessageInvalid
from tests.contracts import samples
from tests.factories import ENVIRONMENT, noise

OFTEN = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
_SIZES = (0, 0, 300, 5_000, 20_000, 40_000, 60_000, 70_000)
_runs = st.lists(st.tuples(st.sampled_from((1, 1, 1, 1, 2, 1000)), st.sampled_from(_SIZES), st.booleans()), max_size=40)
Kind = tuple[int, int, bool]  # steps to the next number, characters, whether they compress


def numbered(kinds: Sequence[Kind], first: int = 0) -> list[NumberedEvent]:
    """Events of these kinds with rising numbers."""
    found: list[NumberedEvent] = []
    number = first
    for step, size, compresses in kinds:
        number += step
        text = size * "x" if compresses else noise(size, number)
        found.append(NumberedEvent(number, samples.event(ENVIRONMENT, number, text=text)))
    return found


def read(events: Sequence[NumberedEvent]) -> list[NumberedEvent]:
    """What their pages hold."""
    return [one for page in pages(events) for one in decode_page(page.last, page.body)]


@example([(1, 300, True)] * 5000)
@example([(1, 40_000, True)] * 30)
@example([(1, 70_000, False)] * 3)
@OFTEN
@given(_runs)
def test_every_event_comes_back_with_its_number_once_and_in_order(kinds: list[Kind]) -> None:
    events = numbered(kinds)
    found = read(events)
    assert [one.sequence for one in found] == [one.sequence for one in events]
    assert samples.written(found) == samples.written(events)


@OFTEN
@given(_runs)
def test_a_page_fits_its_row_unless_it_is_one_event(kinds: list[Kind]) -> None:
    events = numbered(kinds)
    for page in pages(events):
        assert len(page.body) <= MAX_ROW_BYTES or len(page.events) == 1
        assert [one.sequence for one in decode_page(page.last, page.body)][-1] == page.last
        assert samples.written(one.event for one in decode_page(page.last, page.body)) == [
            samples.written([NumberedEvent(0, one)])[0] for one in page.events
        ]


@OFTEN
@given(_runs)
def test_the_same_events_make_the_same_pages(kinds: list[Kind]) -> None:
    """Whoever takes a relay over writes over the rows that were written, and adds none."""
    assert list(pages(numbered(kinds))) == list(pages(numbered(kinds)))


def test_many_small_events_are_a_page_or_a_few() -> None:
    assert len(list(pages(samples.numbered(ENVIRONMENT, 500)))) == 1
    assert len(list(pages(samples.numbered(ENVIRONMENT, 5000)))) <= 10


def test_no_event_makes_no_page() -> None:
    assert list(pages([])) == []


def test_a_number_that_is_left_out_begins_a_page() -> None:
    """A page tells the number of its last event only."""
    events = samples.numbered(ENVIRONMENT, 3)
    assert [page.last for page in pages([events[0], replace(events[2], sequence=3)])] == [1, 3]


@pytest.mark.parametrize("body", [b"", b"[]", packed(b"{}"), packed(b'[{"id":"1"}]'), packed(b"[")])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(MessageInvalid):
        decode_page(1, body)
