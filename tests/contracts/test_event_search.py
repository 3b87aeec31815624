"""The promises of every EventLog about searching and forgetting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.memory import MemoryEventLog
from shared.domain.events import Event, EventType, NumberedEvent
from shared.stores import EventLog, EventQuery
from tests.contracts import samples
from tests.contracts.kits import Kit

TYPES = (EventType.REFRESH_FAILED, EventType.REFRESH_SUCCEEDED, EventType.GAP)
SUBJECTS = ("datasources/1", "datasources/O'Hara", "segments/Æ Ø", "segments/Æ")
LONG_AGO = datetime(2001, 3, 2, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)  # the emulator compares no finer
COUNT = 60


def at(environment_id: str, place: int, when: datetime) -> NumberedEvent:
    made = samples.event(environment_id, place, TYPES[place % len(TYPES)])
    return NumberedEvent(place, replace(made, time=when, subject=SUBJECTS[place % len(SUBJECTS)]))


def minutes(environment_id: str, count: int = COUNT) -> list[NumberedEvent]:
    """Events a minute apart, of every type and subject in turn."""
    return [at(environment_id, place, samples.NOON + timedelta(minutes=place)) for place in range(1, count + 1)]


async def found(log: EventLog, environment_id: str, query: EventQuery, limit: int = 1000) -> list[int]:
    return [one.sequence for one in await log.search(environment_id, query, limit=limit)]


def noon_and(count: float) -> datetime:
    return samples.NOON + timedelta(minutes=count)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (EventQuery(), range(1, 61)),
        (EventQuery(after=57), [58, 59, 60]),
        (EventQuery(since=noon_and(58)), [58, 59, 60]),
        (EventQuery(since=noon_and(58) + MILLISECOND), [59, 60]),
        (EventQuery(until=noon_and(3)), [1, 2]),
        (EventQuery(until=noon_and(3) + MILLISECOND), [1, 2, 3]),
        (EventQuery(since=noon_and(5), until=noon_and(5)), []),
        (EventQuery(since=noon_and(5), until=noon_and(8)), [5, 6, 7]),
        (EventQuery(after=6, since=noon_and(5), until=noon_and(9)), [7, 8]),
        (EventQuery(types=("environment.gap",), until=noon_and(9)), [2, 5, 8]),
        (EventQuery(types=("environment.gap", "datasource.refresh.failed"), until=noon_and(7)), [2, 3, 5, 6]),
        (EventQuery(types=tuple(EventType), until=noon_and(4)), [1, 2, 3]),
        (EventQuery(types=("no.such.type",)), []),
        (EventQuery(subject="datasources/O'Hara", until=noon_and(10)), [1, 5, 9]),
        (EventQuery(subject="segments/Æ", until=noon_and(8)), [3, 7]),
        (EventQuery(subject="' or '' eq '"), []),
        (EventQuery(subject="@after"), []),
        (EventQuery(10, noon_and(9), noon_and(40), ("environment.gap",), "datasources/1"), [20, 32]),
    ],
)
async def test_a_search_finds_what_it_asks_for_in_order(
    kit: Kit, environment_id: str, query: EventQuery, expected: list[int]
) -> None:
    await kit.log.append(environment_id, minutes(environment_id))
    assert await found(kit.log, environment_id, query) == list(expected)


@pytest.mark.parametrize("limit", [0, 1, 19, 20, 21])
async def test_a_search_finds_the_first_and_no_more_than_asked_for(kit: Kit, environment_id: str, limit: int) -> None:
    await kit.log.append(environment_id, minutes(environment_id))
    expected = [place for place in range(1, COUNT + 1) if place % 3 == 2][:limit]
    assert await found(kit.log, environment_id, EventQuery(types=("environment.gap",)), limit) == expected


async def test_a_search_reads_no_other_environment(kit: Kit, environment_id: str) -> None:
    await kit.log.append(environment_id, minutes(environment_id, 5))
    assert await found(kit.log, f"{environment_id}-2", EventQuery()) == []


async def test_a_time_may_have_any_offset(kit: Kit, environment_id: str) -> None:
    await kit.log.append(environment_id, minutes(environment_id, 9))
    since = datetime.fromisoformat("2026-03-02T18:05:00+06:00")
    assert await found(kit.log, environment_id, EventQuery(since=since)) == [5, 6, 7, 8, 9]


@settings(max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        EventQuery,
        after=st.integers(0, COUNT),
        since=st.none() | st.integers(0, COUNT).map(noon_and),
        until=st.none() | st.integers(0, COUNT).map(noon_and),
        types=st.lists(st.sampled_from(TYPES), max_size=3, unique=True).map(tuple),
        subject=st.sampled_from(("", *SUBJECTS)),
    ),
    st.integers(1, COUNT),
)
async def test_pages_of_a_search_are_the_search(kit: Kit, query: EventQuery, limit: int) -> None:
    """Whatever is asked for, and the same from every kind of log."""
    environment_id, memory = str(uuid4()), MemoryEventLog()
    for log in (kit.log, memory):
        await log.append(environment_id, minutes(environment_id))
    seen: list[int] = []
    asked = query
    while page := await found(kit.log, environment_id, asked, limit):
        seen += page
        asked = replace(query, after=page[-1])
    assert seen == await found(memory, environment_id, query)


async def test_events_of_before_a_time_are_forgotten(kit: Kit, environment_id: str) -> None:
    """In every environment; other tests have younger ones in the same table."""
    places = [environment_id, f"{environment_id}-2"]
    for place in places:
        long_ago = [at(place, number, LONG_AGO + number * MILLISECOND) for number in range(1, 251)]
        for together in (long_ago[:149], long_ago[149:], [at(place, 251, samples.NOON)]):
            await kit.log.append(place, together)
    assert await kit.log.forget(LONG_AGO + 150 * MILLISECOND) == 298
    for place in places:
        assert await found(kit.log, place, EventQuery()) == list(range(150, 252))
    assert await kit.log.forget(LONG_AGO + timedelta(days=1)) == 202
    assert await kit.log.forget(LONG_AGO + timedelta(days=1)) == 0
    assert [await kit.log.last_number(place) for place in places] == [251, 251]


async def test_none_is_forgotten_before_its_time(kit: Kit, environment_id: str) -> None:
    """Older ones that were appended with it may stay as long as it does."""
    days = [at(environment_id, number, LONG_AGO + timedelta(days=number)) for number in (1, 2, 3, 4)]
    await kit.log.append(environment_id, days)
    assert await kit.log.forget(LONG_AGO + timedelta(days=3)) in (0, 2)
    assert (await found(kit.log, environment_id, EventQuery()))[-2:] == [3, 4]
    await kit.log.forget(LONG_AGO + timedelta(days=5))
    assert await found(kit.log, environment_id, EventQuery()) == []


async def test_a_number_stays_free_after_its_event_was_forgotten(kit: Kit, environment_id: str) -> None:
    """A reader that was away for long goes on with what is left."""
    await kit.log.append(environment_id, [at(environment_id, number, LONG_AGO) for number in range(1, 4)])
    await kit.log.append(environment_id, [at(environment_id, 4, samples.NOON)])
    await kit.log.forget(LONG_AGO + timedelta(days=1))
    assert await found(kit.log, environment_id, EventQuery(after=1)) == [4]


@pytest.mark.parametrize("year", [1, 1600, 1601, 9999])
async def test_a_time_that_only_a_broken_clock_tells_is_kept(kit: Kit, environment_id: str, year: int) -> None:
    """Vendors write 0001-01-01 where they know none; a table takes no time before 1601."""
    odd: Event = replace(samples.event(environment_id), time=datetime(year, 12, 30, tzinfo=UTC))
    await kit.log.append(environment_id, [NumberedEvent(1, odd)])
    assert samples.written(await kit.log.read(environment_id, after=0, limit=1)) == samples.written([odd])
    if year < 2001:
        assert await kit.log.forget(LONG_AGO) == 1
