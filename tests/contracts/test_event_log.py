"""The promises of every EventLog."""

import pytest

from shared.domain.events import NumberedEvent
from shared.stores import EventLog
from tests.contracts import samples
from tests.contracts.kits import Kit


async def numbers(log: EventLog, environment_id: str, *, after: int = 0, limit: int = 5000) -> list[int]:
    return [one.sequence for one in await log.read(environment_id, after=after, limit=limit)]


async def test_a_feed_that_nobody_wrote_to_is_empty(kit: Kit, environment_id: str) -> None:
    assert await numbers(kit.log, environment_id) == []


async def test_appending_nothing_is_no_error(kit: Kit, environment_id: str) -> None:
    await kit.log.append(environment_id, [])
    assert await numbers(kit.log, environment_id) == []


async def test_events_are_read_back_as_they_were_written(kit: Kit, environment_id: str) -> None:
    written = samples.numbered(environment_id, 3)
    await kit.log.append(environment_id, written)
    found = await kit.log.read(environment_id, after=0, limit=10)
    assert [one.sequence for one in found] == [1, 2, 3]
    assert samples.written(found) == samples.written(written)


async def test_appending_again_changes_nothing(kit: Kit, environment_id: str) -> None:
    """A relay that crashed repeats its work, whole or in part."""
    written = samples.numbered(environment_id, 150)
    await kit.log.append(environment_id, written[:70])
    for _ in range(2):
        await kit.log.append(environment_id, written)
    found = await kit.log.read(environment_id, after=0, limit=1000)
    assert samples.written(found) == samples.written(written)


async def test_the_order_is_that_of_the_numbers_whenever_they_came(kit: Kit, environment_id: str) -> None:
    for first in (1000, 9, 99_999, 100, 1):
        await kit.log.append(environment_id, samples.numbered(environment_id, 2, first))
    assert await numbers(kit.log, environment_id) == [1, 2, 9, 10, 100, 101, 1000, 1001, 99_999, 100_000]


async def test_numbers_of_eighteen_digits_keep_their_order(kit: Kit, environment_id: str) -> None:
    huge = 10**18
    await kit.log.append(environment_id, samples.numbered(environment_id, 2, huge))
    await kit.log.append(environment_id, samples.numbered(environment_id, 1, 5))
    assert await numbers(kit.log, environment_id) == [5, huge, huge + 1]
    assert await numbers(kit.log, environment_id, after=huge) == [huge + 1]


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [
        (0, 5, [1, 2, 3, 4, 5]),
        (0, 1, [1]),
        (4, 2, [5, 6]),
        (9, 5, [10]),
        (10, 5, []),
        (999, 5, []),
        (-1, 2, [1, 2]),
        (3, 0, []),
        (0, 10, list(range(1, 11))),
        (0, 11, list(range(1, 11))),
    ],
)
async def test_a_reader_goes_on_after_a_number_and_gets_no_more_than_asked(
    kit: Kit, environment_id: str, after: int, limit: int, expected: list[int]
) -> None:
    await kit.log.append(environment_id, samples.numbered(environment_id, 10))
    assert await numbers(kit.log, environment_id, after=after, limit=limit) == expected


@pytest.mark.parametrize("count", [99, 100, 101, 200, 201])
async def test_all_of_an_append_is_there_on_either_side_of_a_transactions_border(
    kit: Kit, environment_id: str, count: int
) -> None:
    await kit.log.append(environment_id, samples.numbered(environment_id, count))
    assert await numbers(kit.log, environment_id) == list(range(1, count + 1))


async def test_pages_have_no_seam_at_a_hundred_or_a_thousand(kit: Kit, environment_id: str) -> None:
    written = samples.numbered(environment_id, 2002)
    await kit.log.append(environment_id, written)
    for limit in (99, 100, 101, 999, 1000, 1001, 2001, 2002, 2003):
        found = await kit.log.read(environment_id, after=0, limit=limit)
        assert [one.sequence for one in found] == list(range(1, min(limit, 2002) + 1))
    assert await numbers(kit.log, environment_id, after=1000, limit=1001) == list(range(1001, 2002))


async def test_a_reader_with_a_cursor_sees_everything_once(kit: Kit, environment_id: str) -> None:
    await kit.log.append(environment_id, samples.numbered(environment_id, 250))
    seen: list[int] = []
    while page := await numbers(kit.log, environment_id, after=seen[-1] if seen else 0, limit=60):
        seen += page
    assert seen == list(range(1, 251))


@pytest.mark.parametrize("size", [61_439, 61_440, 61_441, 65_536, 1_000_000])
async def test_an_event_of_any_size_is_read_back(kit: Kit, environment_id: str, size: int) -> None:
    big = samples.of_size(environment_id, size)
    await kit.log.append(environment_id, [NumberedEvent(1, big), *samples.numbered(environment_id, 1, 2)])
    found = await kit.log.read(environment_id, after=0, limit=5)
    assert samples.written(found) == samples.written([big, samples.event(environment_id, 2)])


async def test_a_hundred_events_that_just_fit_a_row_go_in_one_append(kit: Kit, environment_id: str) -> None:
    """Together they are more than one transaction may hold."""
    written = [NumberedEvent(place, samples.of_size(environment_id, 61_440, place)) for place in range(1, 101)]
    await kit.log.append(environment_id, written)
    found = await kit.log.read(environment_id, after=0, limit=100)
    assert samples.written(found) == samples.written(written)


async def test_numbers_keep_all_their_digits(kit: Kit, environment_id: str) -> None:
    tiny = samples.THIRTY_DIGITS.scaleb(-40)
    exact = samples.event(environment_id, value=samples.THIRTY_DIGITS, whole=10**30, tiny=tiny)
    await kit.log.append(environment_id, [NumberedEvent(1, exact)])
    (found,) = await kit.log.read(environment_id, after=0, limit=1)
    assert dict(found.event.data) == dict(exact.data)


async def test_environments_have_feeds_of_their_own(kit: Kit, environment_id: str) -> None:
    neighbour = f"{environment_id}-2"
    await kit.log.append(environment_id, samples.numbered(environment_id, 3))
    await kit.log.append(neighbour, samples.numbered(neighbour, 2))
    assert await numbers(kit.log, environment_id) == [1, 2, 3]
    assert await numbers(kit.log, neighbour) == [1, 2]


@pytest.mark.parametrize("odd", ["' or PartitionKey ne '", "x' or '1' eq '1", "@environment", "%27"])
async def test_an_odd_environment_id_reads_no_other_feed(kit: Kit, environment_id: str, odd: str) -> None:
    await kit.log.append(environment_id, samples.numbered(environment_id, 3))
    assert await numbers(kit.log, odd) == []
