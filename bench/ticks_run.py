"""What does a quiet tick of so many environments use? A process of its own: `python -m bench.ticks_run N TICKS URL`.

The stores are in memory, so that it is the app's own work that is measured; the API is called over HTTP.
"""

import asyncio
import json
import sys
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from bench.counted import CountedHttp, TakingFlows
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.memory import MemoryCheckpoints, MemoryEventLog, MemoryQueues
from shared.adapters.memory_actions import MemoryActions, MemoryPartitions
from shared.adapters.memory_subscriptions import MemoryClaims, MemoryDeadDeliveries, MemorySubscriptions
from shared.ports import Ports, Queue
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls

MESSAGES_AT_ONCE = 24  # host.json: batchSize and newBatchThreshold


class Watched(MemorySubscriptions):
    """Environments by the number: each has a subscription."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    async def environments(self) -> list[str]:
        """Made anew, as a store reads them anew."""
        return [str(uuid5(NAMESPACE_URL, str(number))) for number in range(self._count)]


class Forgetful(MemoryQueues):
    """Queues on another machine: what was sent takes no memory here."""

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        """Nothing is kept."""


def ports_of(count: int, http: CountedHttp, queues: MemoryQueues) -> Ports:
    """The ports, in memory all but the API."""
    return Ports(
        insights=CustomerInsightsApi(http, lambda _: "key"),
        checkpoints=MemoryCheckpoints(),
        log=MemoryEventLog(),
        subscriptions=Watched(count),
        dead=MemoryDeadDeliveries(),
        queues=queues,
        flows=TakingFlows(),
        claims=MemoryClaims(),
        acting=MemoryActions(),
        partitions=MemoryPartitions(),
        clock=lambda: datetime.now(UTC),
    )


async def tick(ports: Ports, queues: MemoryQueues) -> int:
    """The timer and all polls that it asks for, so many messages at once as the host handles."""
    count = await start_polls(ports, [])
    bodies = iter(lambda: queues.take(Queue.POLLS), None)

    async def handle_all() -> None:
        for body in bodies:
            for one in await poll_environments(ports, await queues.read_polls(body), fast_poll_seconds=0):
                assert one.failure is None  # noqa: S101

    await asyncio.gather(*(handle_all() for _ in range(MESSAGES_AT_ONCE)))
    return count


async def timer_bytes(ports: Ports) -> int:
    """The most memory that the timer function holds at once."""
    away = replace(ports, queues=Forgetful())
    await start_polls(away, [])
    tracemalloc.start()
    try:
        await start_polls(away, [])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def list_bytes(ports: Ports) -> int:
    """The memory of one list of the ids."""
    tracemalloc.start()
    try:
        kept = await ports.subscriptions.environments()
        return tracemalloc.get_traced_memory()[0] if kept else 0
    finally:
        tracemalloc.stop()


async def main(count: int, ticks: int, url: str) -> None:
    """A first look at each, then quiet ticks."""
    http, queues = CountedHttp(url), MemoryQueues()
    ports = ports_of(count, http, queues)
    await tick(ports, queues)
    http.calls, began, used = 0, time.monotonic(), time.process_time()
    polled = sum([await tick(ports, queues) for _ in range(ticks)])
    told = {
        "cpu_seconds": (time.process_time() - used) / polled,
        "seconds": (time.monotonic() - began) / polled,
        "calls": http.calls / polled,
        "timer_bytes": await timer_bytes(ports) / count,
        "list_bytes": await list_bytes(ports) / count,
    }
    await http.close()
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
