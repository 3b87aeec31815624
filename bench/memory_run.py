"""How much memory does the app have? Run as a process of its own: `python -m bench.memory_run WHAT`.

`rest`, `look FOLDER` and `deliver COUNT` tell it as JSON. The app is indexed and its house built as in Azure; what
stands behind the ports is in memory and keeps little.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cryptography.fernet import Fernet

from bench.answers import client
from bench.apart import memory_bytes
from bench.made_up import BIG, segment_name
from function_app import app
from shared.adapters.memory import MemoryCheckpoints, MemoryEventLog, MemoryQueues
from shared.adapters.memory_subscriptions import MemoryClaims, MemoryDeadDeliveries, MemorySubscriptions
from shared.adapters.messages import encode_deliveries
from shared.bootstrap import House, build
from shared.domain.deliveries import Answer, DeliveryBatch, FlowCall, Pair
from shared.domain.events import Event, EventType, JsonValue, make_event
from shared.domain.subscriptions import Filters, Subscription, Trigger
from shared.ports import Ports
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.poll_environment import poll_environment

FLOWS = 10
EVENTS_A_MESSAGE = 60  # nearly as many as the 48 KiB that a message can hold
_ANSWER_SECONDS = 0.01  # so that the messages that a worker has wait side by side
AT_ONCE = 24  # messages that a worker gets by the settings in host.json
_VARIABLES = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "CALLBACK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "bench",
    "POLL_SCHEDULE": "0 * * * * *",
    "ENTRA_TENANT_IDS": "00000001-aaaa-4bbb-8ccc-0123456789ab",
    "ENTRA_CLIENT_ID": "00000002-aaaa-4bbb-8ccc-0123456789ab",
    "CALLING_APPS": "00000002-aaaa-4bbb-8ccc-0123456789ab",
}


class Flows:
    """Flows that answer soon."""

    def __init__(self) -> None:
        self.taken = 0

    async def call(self, call: FlowCall) -> Answer:
        """Take a call."""
        await asyncio.sleep(_ANSWER_SECONDS)
        self.taken += len(call.events)
        return Answer(202)


def in_memory(house: House, body: Callable[[str], bytes], flows: Flows) -> Ports:
    """The house's ports, but for storage, the API and the flows."""
    return replace(
        house.ports,
        insights=client(body),
        checkpoints=MemoryCheckpoints(),
        log=MemoryEventLog(),
        subscriptions=MemorySubscriptions(),
        dead=MemoryDeadDeliveries(),
        queues=MemoryQueues(),
        claims=MemoryClaims(),
        flows=flows,
    )


async def poll_twice(ports: Ports) -> None:
    """A first look at everything, and one more."""
    for _ in range(2):
        await poll_environment(ports, BIG, asked_at=ports.clock())


async def deliver_all(ports: Ports, count: int) -> None:
    """So many deliveries, a worker's share of messages at a time, as they come from the queue."""
    for number in range(FLOWS):
        await ports.subscriptions.save(_order(number))
    waiting = _messages(count)

    async def work() -> None:
        for body in waiting:
            await deliver(ports, await ports.queues.read_deliveries(body), Pace())

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _order(number: int) -> Subscription:
    return Subscription(
        id=f"{BIG}.flow{number:06}",
        environment_id=BIG,
        trigger=Trigger.SEGMENT_CROSSED,
        fields={},
        filters=Filters(),
        callback_url=f"https://flow.example/{number}",
        created_at=datetime.now(UTC),
    )


def _messages(count: int) -> Iterator[bytes]:
    """Deliveries messages, made as they are taken: each of its events goes to one flow."""
    for start in range(0, count, EVENTS_A_MESSAGE):
        events = tuple(_event(number) for number in range(start, min(start + EVENTS_A_MESSAGE, count)))
        places = [tuple(range(first, len(events), FLOWS)) for first in range(min(FLOWS, len(events)))]
        pairs = tuple(Pair(f"{BIG}.flow{number:06}", one) for number, one in enumerate(places))
        yield from encode_deliveries(DeliveryBatch(BIG, events, pairs))


def _event(number: int) -> Event:
    now = datetime.now(UTC)
    name = segment_name(number)
    data: dict[str, JsonValue | datetime | None] = {
        "segmentName": name,
        "segmentDisplayName": f"{name} of customers",
        "previousValue": 900,
        "value": 1100,
        "threshold": 1000,
        "thresholdKind": "value",
        "direction": "above",
        "changePercent": Decimal("22.22"),
        "previousEvaluatedAt": now - timedelta(days=1),
        "evaluatedAt": now,
        "watchId": "8f14e45f-ceea-567f-a8b4-0123456789ab",
        "summary": f"{name} of customers rose above 1000: 900 to 1100.",
    }
    subject = f"segments/{name}"
    return make_event(BIG, EventType.SEGMENT_CROSSED, subject=subject, occurrence=str(number), time=now, data=data)


async def main(what: str, argument: str) -> None:
    """Do it and tell."""
    functions, flows, found = len(app.get_functions()), Flows(), dict[str, float]()
    async with AsyncExitStack() as stack:
        house = build(_VARIABLES)
        stack.push_async_callback(house.close)
        if what == "look":
            await poll_twice(in_memory(house, lambda name: (Path(argument) / name).read_bytes(), flows))
        else:
            await poll_twice(in_memory(house, lambda _: b"[]", flows))
            found["at rest"] = memory_bytes("VmRSS")
        if what == "deliver":
            await deliver_all(in_memory(house, lambda _: b"[]", flows), int(argument))
            found["delivered"] = flows.taken
    print(json.dumps({**found, "peak": memory_bytes("VmHWM"), "functions": functions}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
