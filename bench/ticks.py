"""Does a tick over very many environments cost each of them the same, and how long does the timer itself take?"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.apart import told
from bench.cost import environments
from bench.counted import counted_app, counted_storage
from bench.figures import Bench, Figure, Limit, Part, Ratio
from bench.source import Source
from local.children import free_ports, running
from shared.adapters.rows import batches
from shared.adapters.subscription_table import ENVIRONMENTS
from shared.ports import Queue
from shared.services.start_polls import start_polls

SIZES, QUICK_SIZES = (10, 100, 1000), (10, 20)
POLLS = 1000  # as many in each measurement, so that a small one takes a time that can be told
FLAT, SECONDS, LISTS = 1.3, 5.0, 2.0
CPU, CALLS, MEMORY, IDS = "CPU each", "API calls each", "memory of the timer each", "one list of the ids each"
TIMER = "timer function on Azurite"


def run(bench: Bench) -> Iterator[Figure]:
    """The ticks, then the timer alone."""
    sizes = QUICK_SIZES if bench.quick else SIZES
    runs: dict[int, list[Mapping[str, float]]] = defaultdict(list)
    with _source(bench.folder) as url:
        for number in range(bench.repeats):
            for size in sizes:
                bench.tell(f"run {number + 1}: {size:,} environments")
                ticks = 1 if bench.quick else max(1, POLLS // size)
                runs[size].append(told("bench.ticks_run", str(size), str(ticks), url))
    for size in sizes:
        yield from _figures(f"{_of(size)}:", runs[size])
    bench.tell("the timer function on Azurite")
    with counted_storage(bench.folder) as connection:
        yield from asyncio.run(_timer(connection, sizes[-1], bench.repeats))


@contextmanager
def _source(folder: Path) -> Iterator[str]:
    """Where the environments are, all alike."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.source", "--port", str(port), "--sources", "3", "--segments", "3"]
    with running("source", command, folder / "source.log") as child:
        child.wait_until_listening(port)
        yield f"http://127.0.0.1:{port}/v1"


def _figures(name: str, runs: list[Mapping[str, float]]) -> Iterator[Figure]:
    yield Figure(f"{name} {CPU}", "ms", tuple(one["cpu_seconds"] * 1000 for one in runs))
    yield Figure(f"{name} {CALLS}", "", (runs[0]["calls"],), exact=True)
    yield Figure(f"{name} {MEMORY}", "bytes", tuple(one["timer_bytes"] for one in runs))
    yield Figure(f"{name} {IDS}", "bytes", tuple(one["list_bytes"] for one in runs))


async def _timer(connection: str, size: int, repeats: int) -> list[Figure]:
    """What the function of the timer takes and asks for when so many environments have subscriptions."""
    seconds = []
    async with counted_app(connection, Source(sources=0, segments=0), ()) as app:
        rows = [{"PartitionKey": ENVIRONMENTS, "RowKey": one} for one in environments("timer", size)]
        for batch in batches(rows):
            await app.account.tables.get_table_client(ENVIRONMENTS).submit_transaction(
                [("upsert", row) for row in batch]
            )
        queue = app.account.queues.get_queue_client(Queue.POLLS.value)
        for _ in range(1 + repeats):
            await queue.clear_messages()
            app.ledger.clear()
            began = time.monotonic()
            await start_polls(app.ports, [])
            seconds.append(time.monotonic() - began)
    asked = float(len(app.ledger.sent))
    return [
        Figure(f"{_of(size)}: {TIMER}", "s", tuple(seconds[1:]), note="the first run, which connects, is left out"),
        Figure(f"{_of(size)}: storage transactions of the timer", "", (asked,), exact=True),
    ]


def _of(size: int) -> str:
    return f"{size:,} environments"


PART = Part(
    name="ticks",
    question="Does a tick over very many environments cost each of them the same, and how long does the timer take?",
    method=(
        "Quiet ticks in a fresh process for each size: the timer function, then all polls that it asks for, 24 "
        "messages at once, the stores in memory and the API over HTTP from a process of its own; 1,000 polls in each. "
        "The timer's memory is the most that Python allocated for it, beside one list of the ids. Then the timer "
        "function alone on Azurite, with 1,000 rows of environments."
    ),
    limited_by=(
        "A poll's CPU is the client library's for its call of the API. The timer puts a message for each 16 "
        "environments, one after the other, so its time is that of a put times a sixteenth of the environments."
    ),
    run=run,
    ratios=(
        Ratio("CPU each, 1,000 to 100 environments", f"{_of(1000)}: {CPU}", f"{_of(100)}: {CPU}", False, FLAT),
        Ratio(
            "memory of the timer to one list of the ids", f"{_of(1000)}: {MEMORY}", f"{_of(1000)}: {IDS}", False, LISTS
        ),
    ),
    limits=(
        Limit(f"{_of(1000)}: {TIMER}", more=False, target=SECONDS),
        Limit(f"{_of(1000)}: {CALLS}", more=False, target=1),
    ),
)
