"""What does the app need for an environment of this size? Run as a process of its own: its memory is what is asked.

`python -m tests.faults.scale_run SIZE URL` writes a JSON line for each step. With STORAGE set to a connection string it
works on that account, else in memory.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.rest import HttpRequest
from cryptography.fernet import Fernet

from bench.made_up import BIG, THRESHOLD, Size, environment_id, measure_name, segment_name
from local.counting import Ledger, counted_account
from shared.adapters import subscription_rows
from shared.adapters.cipher import Cipher
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.adapters.memory import MemoryFlows
from shared.adapters.rows import batches
from shared.adapters.storage import StorageAccount
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.events import EventType, make_event
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Subscription, Trigger
from shared.ports import EventBatch, Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environment import poll_environment
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls
from shared.telemetry import Silent
from tests.adapters.own_storage import PLACES
from tests.contracts.kits import MemoryMailbox, StorageMailbox
from tests.faults.workers import stored
from tests.services.hosting import MESSAGES_AT_ONCE
from tests.services.stage import Stage, standing_order

RATE = 10
EVENT_QUEUES = [queue for queue in Queue if queue.endswith("-events")]


class CountedHttp(InsightsHttp):
    """Counts the calls by what they ask for."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: Counter[str] = Counter()

    async def send(self, request: HttpRequest, **options: Any) -> Reply:
        path = request.url.partition("?")[0].partition("/instances/")[2].split("/")
        self.asked["measure" if path[-2] == "measures" else path[-1]] += 1
        return await super().send(request, **options)


class CountedFlows(MemoryFlows):
    """Takes every call and keeps a number."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def call(self, call: FlowCall) -> Answer:
        self.count += 1
        return Answer(202)


@dataclass(slots=True)
class House:
    """The ports, what was counted at them, and the messages that wait."""

    size: Size
    ports: Ports
    http: CountedHttp
    flows: CountedFlows
    mailbox: MemoryMailbox | StorageMailbox
    ledger: Ledger = field(default_factory=Ledger)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, int]]:
        """Count what a step costs, and tell it; the step may add numbers of its own."""
        self.ledger.clear()
        self.http.asked.clear()
        self.flows.count, own = 0, dict[str, int]()
        yield own
        storage = Counter(f"{one.service} {one.method}" for one in self.ledger.sent)
        told = {"api": dict(self.http.asked), "storage": dict(storage), "calls": self.flows.count, **own}
        print(json.dumps({"step": name, "peak_mb": peak_mb(), **told}), flush=True)

    async def waiting(self, *queues: Queue) -> Mapping[Queue, list[bytes]]:
        """Take the messages of these queues."""
        found: dict[Queue, list[bytes]] = {}
        for queue in queues:
            found[queue] = []
            while bodies := await self.mailbox.take(queue):
                found[queue] += bodies
        return found


def peak_mb() -> float:
    """The most memory that this process has ever had. Elsewhere than on Linux it may be its parent's that is told."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return round(int(peak.split()[1]) / 1024, 1)
    import resource  # Windows has none

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 1)


def orders(size: Size) -> list[Subscription]:
    """One for each segment that will grow, some for measures, and all others for failed refreshes."""
    fields: list[tuple[Trigger, dict[str, Any]]] = [
        *(
            (Trigger.SEGMENT_CROSSED, {"segmentName": segment_name(number), "threshold": THRESHOLD})
            for number in range(size.changed)
        ),
        *(
            (
                Trigger.MEASURE_CROSSED,
                {"measureName": measure_name(number), "alias": "Total", "threshold": THRESHOLD},
            )
            for number in range(size.watched_measures)
        ),
    ]
    fields += [(Trigger.REFRESH_FAILED, {})] * (size.subscriptions - len(fields))
    return [_order(number, trigger, asked) for number, (trigger, asked) in enumerate(fields)]


def _order(number: int, trigger: Trigger, asked: dict[str, Any]) -> Subscription:
    wanted = {**asked, "direction": "above"} if asked else {}
    made = standing_order(f"flow-{number:05}", trigger, environment_id=BIG)
    return replace(made, fields=wanted, filters=parse_filters(trigger, wanted), created_at=datetime.now(UTC))


async def subscribe_on_storage(connection: str, key: str, made: list[Subscription]) -> None:
    """Write the rows a hundred at a time: this is not what is measured."""
    from shared.adapters import subscription_table as table

    account, cipher = StorageAccount.from_connection_string(connection), Cipher([key])
    rows = account.tables.get_table_client(table.SUBSCRIPTIONS)
    await rows.create_table()
    for batch in batches([subscription_rows.to_row(one, cipher) for one in made]):
        await rows.submit_transaction([("upsert", row) for row in batch])
    for name in (table.ENVIRONMENTS, table.KEYS, event_table_name()):
        await account.tables.get_table_client(name).create_table()
    noted = account.tables.get_table_client(table.ENVIRONMENTS)
    await noted.upsert_entity({"PartitionKey": table.ENVIRONMENTS, "RowKey": BIG})
    await account.close()


def event_table_name() -> str:
    """The table of the event log, under the name that it has here."""
    from shared.adapters import event_table

    return event_table.EVENTS


@asynccontextmanager
async def furnished(size: Size, url: str, connection: str) -> AsyncIterator[House]:
    """A house in memory, or on a storage account with tables and containers of its own."""
    async with AsyncExitStack() as stack:
        stage, flows, http = Stage(), CountedFlows(), CountedHttp(f"{url}/v1")
        stack.push_async_callback(http.close)
        stage.flows, key = flows, Fernet.generate_key().decode()
        made = partial(
            replace,
            insights=CustomerInsightsApi(http, lambda _: "key"),
            clock=lambda: datetime.now(UTC),
            telemetry=Silent(),
        )
        if not connection:
            ports: Ports = made(stage.ports)
            for one in orders(size):
                await stage.subscriptions.save(one)
            yield House(size, ports, http, flows, MemoryMailbox(stage.queues))
            return
        for module, name in PLACES:
            setattr(module, name, f"{name.replace('_', '').lower()}{os.getpid()}")
        await subscribe_on_storage(connection, key, orders(size))
        ledger = Ledger()
        account = counted_account(connection, ledger)
        stack.push_async_callback(account.close)
        mailbox = StorageMailbox(account)
        await mailbox.clear()
        yield House(size, made(stored(stage, account, key)), http, flows, mailbox, ledger)


async def measure(house: House, grow: Awaitable[object]) -> None:
    """A first look, a quiet poll, one with many changes, the fan-out and delivery of them, and a tick of many."""
    ports = house.ports
    with house.step("first look"):
        await poll_environment(ports, BIG)
    with house.step("idle poll"):
        assert not (await poll_environment(ports, BIG)).committed
    await grow
    with house.step("changes") as own:
        own["events"] = (await poll_environment(ports, BIG)).events
    events = await house.waiting(*EVENT_QUEUES)
    changes = [await ports.queues.read_events(body) for body in events[Queue.THRESHOLD_EVENTS]]
    await measure_deliveries(house, "changes", changes)
    await measure_deliveries(house, "one event", [_failed_refresh()])
    await measure_ticks(house)


async def measure_deliveries(house: House, name: str, events: Sequence[EventBatch]) -> None:
    """The fan-out of events and their delivery."""
    ports = house.ports
    with house.step(f"fan-out of {name}") as own:
        own["pairs"] = sum([await fan_out(ports, batch) for batch in events])
        own["messages in"] = len(events)
    bodies = (await house.waiting(Queue.DELIVERIES))[Queue.DELIVERIES]
    with house.step(f"deliveries of {name}") as own:
        own["messages in"] = len(bodies)
        for body in bodies:
            await deliver(ports, await ports.queues.read_deliveries(body), Pace(RATE))


def _failed_refresh() -> EventBatch:
    now = datetime.now(UTC)
    event = make_event(BIG, EventType.REFRESH_FAILED, subject="datasources/1", occurrence="1", time=now, data={})
    return EventBatch(BIG, (event,))


async def measure_ticks(house: House) -> None:
    """Two ticks over many small environments: the first look at each, and a quiet one."""
    await house.waiting(Queue.POLLS)
    listed = [environment_id(number) for number in range(house.size.environments - 1)]
    for name in ("first tick", "quiet tick"):
        with house.step(f"{name}: start") as own:
            own["environments"] = await start_polls(house.ports, listed)
        bodies = (await house.waiting(Queue.POLLS))[Queue.POLLS]
        room = asyncio.Semaphore(MESSAGES_AT_ONCE)

        async def handle(body: bytes, room: asyncio.Semaphore = room) -> None:
            async with room:
                request = await house.ports.queues.read_polls(body)
                for one in await poll_environments(house.ports, request, fast_poll_seconds=20):
                    assert one.failure is None

        with house.step(f"{name}: polls") as own:
            own["messages in"] = len(bodies)
            await asyncio.gather(*map(handle, bodies))


async def main(size: Size, url: str) -> None:
    """Do all of it."""

    async def grow() -> None:
        async with aiohttp.ClientSession() as session, session.post(f"{url}/grow") as answer:
            answer.raise_for_status()

    async with furnished(size, url, os.environ.get("STORAGE", "")) as house:
        await measure(house, grow())


if __name__ == "__main__":
    asyncio.run(main(Size.read(sys.argv[1]), sys.argv[2]))
