"""What does a deployment cost a month? Counted from what the app does, times the prices of a dated table."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.services.start_polls import ENVIRONMENTS_PER_MESSAGE

PRICES = Path(__file__).with_name("prices.json")
DAYS, HOURS = 30, 730
SECONDS = DAYS * 86_400
TICKS = DAYS * 1440
TIMER_RUNS = DAYS * (288 + 24 + 1)  # drain, take_stock, sweep_daily
GIGABYTES = 2.0
RUN_SECONDS = 1.0  # the least that is billed for a run on demand
QUEUES = 7
LOOK_SECONDS = 2  # host.json, maxPollingInterval: how often a queue is looked at, at most
BURSTS, FAST_POLLS = 10, 120  # assumed of an environment, a day
# Counted by bench/cost.py, of a burst: runs after the poll, and calls of tables with them; of full looks, a day.
RUNS_A_BURST, TABLE_CALLS_A_BURST, FULL_LOOKS, TABLE_CALLS_A_LOOK = 3, 7, 96, 2
# Assumed: kB of a run (request and spans), of a written blob's log, of a record; records a minute; the host's.
KB_A_RUN, KB_A_WRITE, KB_A_METRIC, SERIES = 2.0, 1.5, 0.5, 8
HOST_KB, HOST_SERIES, INSTANCES = 1.0, 30, 2
ALERTS, ENDPOINTS, READY, GROUPS = 9, 4, 2, 12  # a group for HTTP, one for each other function


@dataclass(frozen=True, slots=True)
class Line:
    """A position of the bill, and how it comes about."""

    what: str
    how: str
    amount: float


def prices() -> Mapping[str, float]:
    """The price table, without its texts."""
    table = json.loads(PRICES.read_text(encoding="utf-8"))
    return {name: value for name, value in table.items() if not isinstance(value, str)}


def source() -> str:
    """Of when and where the prices are."""
    texts = json.loads(PRICES.read_text(encoding="utf-8"))
    return f"Prices of {texts['date']}, {texts['currency']}. {texts['note']}"


def bill(environments: int, price: Mapping[str, float], *, protected: bool) -> tuple[Line, ...]:
    """The positions for so many environments; `protected`: with private network and instances that are always ready."""
    messages = math.ceil(environments / ENVIRONMENTS_PER_MESSAGE)
    runs = TICKS * (1 + messages) + TIMER_RUNS + environments * DAYS * (RUNS_A_BURST * BURSTS + FAST_POLLS)
    lines = (
        *_functions(runs, price),
        *_storage(environments, runs, price),
        *_telemetry(environments, runs, price),
    )
    return (*lines, *_protection(price)) if protected else lines


def _functions(runs: int, price: Mapping[str, float]) -> Iterator[Line]:
    seconds = runs * RUN_SECONDS * GIGABYTES
    billed = max(0.0, seconds - price["flexFreeGbSeconds"])
    yield Line("run time", f"{runs:,} runs x 1 s x 2 GB, less the free grant", billed * price["flexGbSecond"])
    over = max(0.0, runs - price["flexFreeRuns"])
    yield Line("runs", f"{over:,.0f} above the free grant", over / 1e6 * price["flexMillionRuns"])


def _storage(environments: int, runs: int, price: Mapping[str, float]) -> Iterator[Line]:
    looks = QUEUES * SECONDS // LOOK_SECONDS
    calls = looks + 3 * runs
    yield Line(
        "queues",
        f"{QUEUES} looked at each {LOOK_SECONDS} s at most, 3 calls a run: {calls:,}",
        _each(calls, price, "tenThousandQueueCalls"),
    )
    reads = environments * (TICKS + DAYS * FAST_POLLS)
    yield Line("checkpoints read", f"1 conditional read a poll: {reads:,}", _each(reads, price, "tenThousandBlobReads"))
    writes = _writes(environments)
    yield Line(
        "blobs written",
        f"a heartbeat each 5 min, 2 writes a change, timers: {writes:,}",
        _each(writes, price, "tenThousandBlobWrites"),
    )
    rows = TICKS + environments * DAYS * (BURSTS * TABLE_CALLS_A_BURST + FULL_LOOKS * TABLE_CALLS_A_LOOK)
    how = f"1 query a tick, {TABLE_CALLS_A_LOOK} a full look, {TABLE_CALLS_A_BURST} calls a burst: {rows:,}"
    yield Line("tables", how, _each(rows, price, "tenThousandTableCalls"))


def _writes(environments: int) -> int:
    """Blobs that are written: heartbeats, changes, and the locks and times of the host's timers."""
    return environments * DAYS * (288 + 2 * BURSTS) + 2 * TICKS


def _telemetry(environments: int, runs: int, price: Mapping[str, float]) -> Iterator[Line]:
    own = runs * KB_A_RUN + TICKS * (SERIES + 2 * environments) * KB_A_METRIC
    others = TICKS * HOST_SERIES * INSTANCES * HOST_KB + _writes(environments) * KB_A_WRITE
    gigabytes = (own + others) / 1e6
    how = f"2 kB a run, 0.5 kB a number, the host's own: {gigabytes:.1f} GB"
    yield Line("telemetry", how, gigabytes * price["logGigabyte"])
    yield Line("alerts", f"{ALERTS} rules each 5 min", ALERTS * price["alertRule"])


def _protection(price: Mapping[str, float]) -> Iterator[Line]:
    endpoints = ENDPOINTS * (price["privateEndpointHour"] * HOURS + price["privateDnsZone"])
    yield Line("private endpoints", f"{ENDPOINTS} with their zones, {HOURS} h", endpoints)
    outside = (price["natGatewayHour"] + price["publicAddressHour"]) * HOURS
    yield Line("NAT gateway and address", f"{HOURS} h, without its data", outside)
    ready = READY * GIGABYTES * SECONDS
    yield Line("always ready", f"{READY} x 2 GB x {SECONDS:,} s", ready * price["alwaysReadyGbSecond"])


def zones(price: Mapping[str, float]) -> Line:
    """What zones add: the platform keeps two instances of each group of functions ready, HTTP being one that is."""
    ready = (GROUPS - 1) * 2 * GIGABYTES * SECONDS
    how = f"{GROUPS - 1} more groups x 2 x 2 GB x {SECONDS:,} s"
    return Line("zones", how, ready * price["alwaysReadyGbSecond"])


def _each(count: int, price: Mapping[str, float], name: str) -> float:
    return count / 1e4 * price[name]


def table() -> str:
    """The table of the docs: a column for 1, 10 and 100 environments, with the arithmetic of one."""
    price = prices()
    columns = [bill(count, price, protected=True) for count in (1, 10, 100)]
    plain = len(bill(1, price, protected=False))
    rows = [
        f"| {lines[0].what} | {lines[0].how} | " + " | ".join(f"{line.amount:.2f}" for line in lines) + " |"
        for lines in zip(*columns, strict=True)
    ]
    for name, end in (("**dev**, in all", plain), ("**prod**, in all", len(rows))):
        sums = (sum(line.amount for line in lines[:end]) for lines in columns)
        rows.insert(
            plain if end == plain else len(rows), f"| {name} | | " + " | ".join(f"**{one:.0f}**" for one in sums) + " |"
        )
    more = zones(price)
    rows.append(f"| {more.what}, where wanted | {more.how} |{f' {more.amount:.0f} |' * len(columns)}")
    head = "| USD a month | how, for 1 environment | 1 | 10 | 100 |\n| --- | --- | --- | --- | --- |"
    return "\n".join([head, *rows])
