"""What must hold for any history and any rhythm of polls."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.detection import Detection, detect
from shared.domain.events import Event
from shared.domain.looks import EVERYTHING
from shared.domain.watches import Watches
from tests.domain.world import END, World, polled, rules, worlds
from tests.factories import at

POLLS = st.lists(st.integers(1, int(END) - 1), max_size=12, unique=True).map(sorted)
PATIENT = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def _events(detections: list[Detection]) -> list[Event]:
    return [event for detection in detections for event in detection.events]


def _ids(detections: list[Detection]) -> set[str]:
    return {event.id for event in _events(detections)}


def _told(events: list[Event]) -> dict[str, str]:
    """For a readable failure: what each id stands for."""
    return {event.id: f"{event.type} {event.subject} {event.time:%H:%M}" for event in events}


@PATIENT
@given(worlds(), rules(), POLLS, st.booleans())
def test_the_events_do_not_depend_on_when_the_polls_were(
    world: World, watches: Watches, minutes: list[int], economical: bool
) -> None:
    once = polled(world, watches, [0, END], economical=False)
    often = polled(world, watches, [0, *minutes, END], economical=economical)
    assert _told(_events(often)) == _told(_events(once))


@PATIENT
@given(worlds(), rules(), POLLS)
def test_an_event_is_never_told_twice(world: World, watches: Watches, minutes: list[int]) -> None:
    twice = sorted([0, *minutes, *minutes, END, END])
    ids = [event.id for event in _events(polled(world, watches, twice, economical=True))]
    assert len(ids) == len(set(ids))


@PATIENT
@given(worlds(), rules(), POLLS)
def test_the_same_history_gives_the_same_events(world: World, watches: Watches, minutes: list[int]) -> None:
    polls = [0, *minutes, END]
    assert polled(world, watches, polls, economical=True) == polled(world, watches, polls, economical=True)


@PATIENT
@given(worlds(), rules(), st.integers(1, int(END)))
def test_looking_again_at_the_same_thing_changes_nothing(world: World, watches: Watches, minute: int) -> None:
    checkpoint = polled(world, watches, [0, minute], economical=False)[-1].checkpoint
    again = detect(checkpoint, world.look(minute, world.jobs_at(minute, 100), EVERYTHING), watches)
    assert again.events == ()
    assert again.checkpoint == checkpoint


@PATIENT
@given(worlds(), rules(), POLLS)
def test_an_answer_in_another_order_gives_the_same_events(world: World, watches: Watches, minutes: list[int]) -> None:
    reversed_world = replace(
        world,
        segments={name: history[::-1] for name, history in reversed(world.segments.items())},
        jobs=tuple(replace(one, tasks=one.tasks[::-1]) for one in reversed(world.jobs)),
    )
    polls = [0, *minutes, END]
    forwards, backwards = (polled(one, watches, polls, economical=False) for one in (world, reversed_world))
    assert _ids(forwards) == _ids(backwards)


@PATIENT
@given(worlds(), rules(), POLLS)
def test_every_event_is_dated_by_the_source_and_told_oldest_first(
    world: World, watches: Watches, minutes: list[int]
) -> None:
    withins = [watch.within for watch in watches.freshness]
    overdue = {moment + within for moment in {*world.times, at(-300)} for within in withins}
    for detection in polled(world, watches, [0, *minutes, END], economical=True):
        times = [event.time for event in detection.events]
        assert times == sorted(times)
        assert set(times) <= world.times | overdue
        assert all(moment.utcoffset() == timedelta(0) for moment in times)


@PATIENT
@given(worlds(), rules(), POLLS)
def test_the_data_of_every_event_can_be_sent_and_holds_no_null(
    world: World, watches: Watches, minutes: list[int]
) -> None:
    for event in _events(polled(world, watches, [0, *minutes, END], economical=True)):
        assert None not in list(_leaves(event.data))
        json.dumps(event.data, default=_decimal)
        assert str(event.data["summary"]).strip()
        assert "\n" not in str(event.data["summary"])


@PATIENT
@given(worlds(), rules())
def test_the_first_sight_is_a_baseline_whatever_it_shows(world: World, watches: Watches) -> None:
    (detection,) = polled(world, watches, [END], economical=False)
    assert detection.events == ()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _decimal(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)
