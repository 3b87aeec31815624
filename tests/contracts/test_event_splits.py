"""A feed that was written in pieces, again, and by several: everything is in it once, and in order."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest

from shared.domain.events import EventType, NumberedEvent
from shared.stores import EventLog, EventQuery
from tests.contracts import samples
from tests.contracts.kits import Kit
from tests.factories import noise

SIZES = (0,) * 9 + (2_000, 30_000, 61_440)
TYPES = (EventType.REFRESH_FAILED, EventType.REFRESH_FAILED, EventType.PROCESS_ENDED)


def made(environment_id: str, chance: Random, count: int) -> list[NumberedEvent]:
    """Events of some types, most of them small."""
    return [
        NumberedEvent(
            place, samples.event(environment_id, place, chance.choice(TYPES), text=noise(chance.choice(SIZES), place))
        )
        for place in range(1, count + 1)
    ]


async def append_in_pieces(
    log: EventLog, environment_id: str, events: Sequence[NumberedEvent], chance: Random, until: int
) -> None:
    """Append the first of them, piece by piece."""
    borders = sorted({0, until, *chance.choices(range(until + 1), k=chance.randrange(5))})
    for start, end in pairwise(borders):
        await log.append(environment_id, events[start:end])


@pytest.mark.parametrize("seed", range(6))
async def test_a_feed_is_the_same_in_whatever_pieces_it_was_written(kit: Kit, environment_id: str, seed: int) -> None:
    """One relay stops on its way; others write all of it, in pieces of their own."""
    chance = Random(seed)  # noqa: S311
    events = made(environment_id, chance, chance.choice((3, 40, 250)))
    await append_in_pieces(kit.log, environment_id, events, chance, until=chance.randrange(len(events)))
    for _ in range(2):
        await append_in_pieces(kit.log, environment_id, events, chance, until=len(events))
    found = await kit.log.read(environment_id, after=0, limit=1000)
    assert [one.sequence for one in found] == list(range(1, len(events) + 1))
    assert samples.written(found) == samples.written(events)
    assert await kit.log.last_number(environment_id) == len(events)
    await require_every_part(kit.log, environment_id, events, chance)


async def require_every_part(
    log: EventLog, environment_id: str, events: Sequence[NumberedEvent], chance: Random
) -> None:
    """A reader begins anywhere, asks for as many as it likes, and of these types only."""
    for _ in range(4):
        after, limit = chance.randrange(len(events) + 1), chance.randrange(1, 60)
        query = EventQuery(after=after, types=(EventType.PROCESS_ENDED,), since=events[chance.randrange(3)].event.time)
        wanted = [one for one in events[after:] if query.wants(one.event)][:limit]
        assert samples.written(await log.search(environment_id, query, limit=limit)) == samples.written(wanted)
        read = await log.read(environment_id, after=after, limit=limit)
        assert [one.sequence for one in read] == [one.sequence for one in events[after : after + limit]]
