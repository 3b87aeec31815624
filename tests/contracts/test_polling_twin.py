"""Several readers of one polling twin while events are being written: each gets each event once and in order."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from shared.adapters.memory import MemoryFlows, MemoryInsights
from shared.adapters.memory_actions import MemoryActions, MemoryPartitions
from shared.domain.callers import Caller
from shared.domain.events import Event, EventType
from shared.ports import Ports
from shared.services.poll_trigger import poll_trigger
from tests.contracts.kits import Kit
from tests.feed import happened, publish

COUNT = 10_000
AT_ONCE = 100
READERS = 3
SMALL_PAGES = (1, 2, 7, 99, 100, 101)
OTHER_KIND = EventType.PROCESS_ENDED  # every tenth event, which nobody here asks for


def ports_of(kit: Kit) -> Ports:
    """Ports whose storage is the kit's."""
    return Ports(
        insights=MemoryInsights(),
        checkpoints=kit.checkpoints,
        log=kit.log,
        subscriptions=kit.subscriptions,
        dead=kit.dead,
        queues=kit.queues,
        flows=MemoryFlows(),
        claims=kit.claims,
        acting=MemoryActions(),
        partitions=MemoryPartitions(),
        clock=partial(datetime.now, UTC),
    )


class Reader:
    """Follows its `triggerState` with pages of a size that changes at random."""

    def __init__(self, ports: Ports, environment_id: str, number: int) -> None:
        self._ports = ports
        self._query = {"environmentId": environment_id}
        self._random = random.Random(number)  # noqa: S311 - the same sizes each time
        self._state = ""
        self.found: list[Event] = []
        self.found_early = 0

    async def poll(self) -> bool:
        """One poll; answers whether it found anything."""
        small = self._random.random() < 0.2
        top = self._random.choice(SMALL_PAGES) if small else self._random.randint(100, 1000)
        trigger, caller = "data-source-refresh-failed", Caller("readers")
        polled = await poll_trigger(self._ports, trigger, self._query, caller, state=self._state, top=top)
        assert len(polled.events) <= top
        self._state = polled.state
        self.found += polled.events
        return bool(polled.events)

    async def follow(self, written: asyncio.Event) -> None:
        """Poll until everything was written and read."""
        while True:
            is_last = written.is_set()
            found = await self.poll()
            self.found_early += found and not is_last
            if is_last and not found:
                return
            await asyncio.sleep(0)


async def write(ports: Ports, environment_id: str, events: Sequence[Event], written: asyncio.Event) -> None:
    """Commit and relay the events, a hundred at once, while others read."""
    for start in range(0, len(events), AT_ONCE):
        await publish(ports, *events[start : start + AT_ONCE], environment_id=environment_id)
        await asyncio.sleep(0)
    written.set()


async def test_three_readers_get_each_of_ten_thousand_events_once_and_in_order(kit: Kit, environment_id: str) -> None:
    """At random page sizes, while the relay writes; what came before their first poll, and other types, stay out."""
    ports, written = ports_of(kit), asyncio.Event()
    await publish(
        ports, *(happened(-place, environment_id=environment_id) for place in (1, 2)), environment_id=environment_id
    )
    readers = [Reader(ports, environment_id, number) for number in range(READERS)]
    for reader in readers:
        assert not await reader.poll()
    kinds = [OTHER_KIND if place % 10 == 9 else EventType.REFRESH_FAILED for place in range(COUNT)]
    events = [happened(place, kind, environment_id) for place, kind in enumerate(kinds)]
    await asyncio.gather(write(ports, environment_id, events, written), *(reader.follow(written) for reader in readers))
    wanted = [event.id for event in events if event.type == EventType.REFRESH_FAILED]
    for reader in readers:
        assert [event.id for event in reader.found] == wanted
        assert reader.found_early > 10, "nothing was read while it was being written"
