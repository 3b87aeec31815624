"""What does the app ask for, counted and not timed, and what does that cost a month?"""

import asyncio
from collections.abc import Iterable, Iterator
from uuid import NAMESPACE_URL, uuid5

from bench.counted import Spent, counted_app, counted_storage
from bench.figures import Bench, Figure, Limit, Part
from bench.source import Source
from local.infra.costs import bill, prices, source

FAN_OUTS, REFRESHED, BURST = (1, 10, 100), (1, 60, 500), 1000
QUICK_FAN_OUTS, QUICK_REFRESHED, QUICK_BURST = (10,), (60,), 60
MANY = 100
KINDS = [(service, kind) for service in ("blob", "table", "queue") for kind in ("read", "list", "write", "delete")]
EACH = "storage transactions per delivery"


def run(bench: Bench) -> Iterable[Figure]:
    """Count once: the next run would count the same."""
    with counted_storage(bench.folder) as connection:
        yield from asyncio.run(_counted(bench, connection))
    yield from _money()


async def _counted(bench: Bench, connection: str) -> list[Figure]:
    quick = bench.quick
    bench.tell("polls that find nothing")
    found = [*await _quiet(connection), *await _many(connection)]
    for count in QUICK_REFRESHED if quick else REFRESHED:
        bench.tell(f"{count:,} data sources refreshed")
        found += _changed(f"{count:,} refreshed", await changed(connection, count))
    burst = QUICK_BURST if quick else BURST
    for count, name in ((1, "lone event"), (burst, f"burst of {burst:,}")):
        for flows in QUICK_FAN_OUTS if quick else FAN_OUTS:
            bench.tell(f"{name} for {flows} flows")
            found += _delivered(f"{name} x {flows}", await changed(connection, count, flows))
    return found


async def changed(connection: str, refreshed: int, flows: int = 0, rate: int = 0) -> Spent:
    """What a tick costs that finds so many refreshed data sources, for so many flows: until all are delivered."""
    made = Source(sources=refreshed, segments=0)
    async with counted_app(connection, made, environments(f"{refreshed} for {flows} at {rate}"), flows, rate) as app:
        await app.tick()
        made.grow()
        return await app.tick()


def environments(name: str, count: int = 1) -> list[str]:
    """Environments that nothing else that is counted has."""
    return [str(uuid5(NAMESPACE_URL, f"{name} {number}")) for number in range(count)]


async def _quiet(connection: str) -> list[Figure]:
    """An environment at which nothing happened."""
    async with counted_app(connection, Source(sources=1, segments=0), environments("quiet")) as app:
        await app.tick()
        idle, full = await app.tick(), await app.full_look()
    return [
        _figure("idle poll: API calls", idle.api),
        _figure("idle poll: checkpoint reads", idle.count("blob")),
        _figure("idle poll: bodies read", idle.bodies),
        _figure("idle poll: writes", idle.count("blob", "write") + idle.count("table", "write")),
        _figure("idle tick, 1 environment: storage transactions", idle.count(), "the tick's and the host's included"),
        _figure("full look: API calls", full.api, "every 15 minutes"),
        _figure("full look: storage transactions", full.count()),
    ]


async def _many(connection: str) -> list[Figure]:
    """Very many at which nothing happened."""
    async with counted_app(connection, Source(sources=1, segments=0), environments("many", MANY)) as app:
        await app.tick()
        idle = await app.tick()
    return [
        _figure(f"idle tick, {MANY} environments: API calls each", idle.api / MANY),
        _figure(f"idle tick, {MANY} environments: storage transactions each", idle.count() / MANY),
        _figure(f"idle tick, {MANY} environments: messages", idle.messages),
    ]


def _changed(name: str, spent: Spent) -> Iterator[Figure]:
    yield _figure(f"{name}: API calls", spent.api)
    yield _figure(f"{name}: checkpoint writes", spent.checkpoint_writes)
    yield _figure(f"{name}: other blob and table writes", _writes(spent) - spent.checkpoint_writes)
    yield _figure(f"{name}: queue messages", spent.messages, "the message that asked for the poll is one")
    yield _figure(f"{name}: storage transactions", spent.count(), "nobody subscribed")


def _delivered(name: str, spent: Spent) -> Iterator[Figure]:
    yield _figure(f"{name}: {EACH}", spent.count() / spent.deliveries, "from the tick on, the host's included")
    yield _figure(f"{name}: queue messages per delivery", spent.messages / spent.deliveries)
    executions = (spent.handled + 1) * 1000 / spent.deliveries
    yield _figure(f"{name}: executions per 1,000 deliveries", executions, "the timer's is one")
    for service, kind in KINDS if name.endswith("x 10") else ():
        if count := spent.count(service, kind):
            yield _figure(f"{name}: {service} {kind}s", count)


def _writes(spent: Spent) -> int:
    return spent.count("blob", "write") + spent.count("table", "write")


def _money() -> Iterator[Figure]:
    price = prices()
    for count in (1, 10, 100):
        for name, protected in (("dev", False), ("prod", True)):
            dollars = sum(line.amount for line in bill(count, price, protected=protected))
            what = f"{count} environment{'s' if count > 1 else ''}, {name}: a month"
            yield Figure(what, "USD", (round(dollars, 2),), exact=True, note=source())


def _figure(name: str, value: float, note: str = "") -> Figure:

    return Figure(name, "", (round(value, 5),), exact=True, note=note)


LIMITS = (
    Limit("idle poll: API calls", more=False, target=1),
    Limit("idle poll: checkpoint reads", more=False, target=1),
    Limit("idle poll: bodies read", more=False, target=0),
    Limit("idle poll: writes", more=False, target=0),
    *(Limit(f"{count:,} refreshed: checkpoint writes", more=False, target=2) for count in REFRESHED),
    Limit(f"burst of {BURST:,} x 10: {EACH}", more=False, target=0.5),
)

PART = Part(
    name="cost",
    question="What does the app ask for, and what does that cost a month?",
    method=(
        "The app in one process with its own adapters, on Azurite, every storage request counted at the transport and "
        "every call to a made-up API at the client. A tick asks for polls, and everything that follows is done until "
        "all is delivered: messages are got 16 at a time and deleted one by one, as the host does, and counted too. "
        "They are handled one after the other, flows answer at once, and there is no rate limit, so that the counts "
        "are the same on every machine. Not in them: the host's looks at empty queues and its timers' locks, which "
        "cost by the clock and are in the price. The price is local/infra/costs.py: its table of prices has a date."
    ),
    limited_by=(
        "A lone event pays for a whole chain (two commits, the log, three messages with a put, a get and a delete "
        "each, the reads of the subscriptions); more flows share it. In a burst the 48 KiB of a message set how "
        "many events share one, and Azure Tables' 15 comparisons a query how many subscriptions are read at once. "
        "The price of a small deployment is its alert rules, its telemetry and the looks at queues, not its events."
    ),
    run=run,
    limits=LIMITS,
)
