"""How fast and how cheap is it that what changed reaches its flows, beside the limit and beside the app's peers?"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.apart import told
from bench.app import IDLE_SECONDS, Sink, running_sink
from bench.bare import AT_ONCE
from bench.bodies import bodies
from bench.cycles import cycles_a_second
from bench.delivered import APP_CPU, END_TO_END, FIRST_TO_LAST, UNITS, Delivered, Shape, deliver
from bench.figures import Bench, Figure, Limit, NotHere, Part, Ratio
from bench.jobs import write_job
from bench.peers.bullmq_peer import bullmq
from bench.peers.celery_peer import celery
from bench.peers.peer import Peer
from bench.processes import can_tell
from local.azurite import running_azurite

SHAPES = (Shape(1000, 1), Shape(10_000, 1), Shape(1000, 10), Shape(10_000, 10))
QUICK_SHAPES, QUICK_SLOW = (Shape(20, 3),), Shape(5, 1)
LARGEST = SHAPES[-1]
BARE, BULLMQ, CELERY = "bare aiohttp", "BullMQ", "Celery"
PEERS = {BULLMQ: bullmq, CELERY: celery}
LEFT_OUT = {(CELERY, shape) for shape in SHAPES if shape.flows > 1}
BY_TWO = frozenset({Shape(10_000, 1), LARGEST})
SLOW, SLOW_MS = Shape(1000, 1), 100
SLOW_RATE, SLOW_LIMIT = "slow flow: deliveries", "slow flow: the flow's own limit"
MESSAGES, MESSAGE_KIB = 200, (1, 40)

Runs = defaultdict[tuple[str, str], list[float]]


def run(bench: Bench) -> Iterator[Figure]:
    """All shapes, the slow flow and the emulator alone, in each repeat, and the peers beside the shapes."""
    if not can_tell():
        raise NotHere("the CPU time of other programs is read from /proc: run it on Linux")
    runs: Runs = defaultdict(list)
    shapes = QUICK_SHAPES if bench.quick else SHAPES
    with ExitStack() as stack:
        sink = stack.enter_context(running_sink(bench.folder))
        peers = {} if bench.quick else have_peers(bench, stack)
        work = Work(bench, sink, peers, asyncio.run(bodies(max(shape.events for shape in shapes))))
        for number in range(bench.repeats):
            for shape in shapes:
                work.measure(shape, number, runs)
            work.measure_slow_flow(number, runs)
            bench.tell(f"run {number + 1}: the storage emulator alone")
            measure_storage(bench, number, runs)
    for (name, unit), values in runs.items():
        yield Figure(name, unit, tuple(values))


def have_peers(bench: Bench, stack: ExitStack) -> dict[str, Peer]:
    """Those that can be had here, warm, for as long as the stack."""
    found = {}
    for name, start in PEERS.items():
        bench.tell(f"starting {name}")
        folder = bench.folder / name.lower()
        folder.mkdir(exist_ok=True)
        try:
            found[name] = stack.enter_context(start(folder))
        except NotHere as missing:
            bench.tell(f"without {name}: {missing}")
    return found


@dataclass(frozen=True, slots=True)
class Work:
    """What each measurement needs."""

    bench: Bench
    sink: Sink
    peers: Mapping[str, Peer]
    bodies: Sequence[bytes]

    def measure(self, shape: Shape, number: int, runs: Runs) -> None:
        """One shape: the app, then all that is beside it."""
        for hosts in (1, 2) if shape in BY_TWO else (1,):
            name = named(shape, hosts)
            self.bench.tell(f"run {number + 1}: {name}")
            for what, value in self._deliver(shape, name, number, hosts).values().items():
                runs[f"{name}: {what}", UNITS[what]].append(value)
        job = write_job(self.bench.folder / "job.json", self.bodies[: shape.events], self.sink.url, shape.flows)
        began = told("bench.bare", str(job))
        self._note(f"{shape.name}: {BARE}", shape, began["began_at"], began["cpu_seconds"], runs)
        for name, peer in self.peers.items():
            if (name, shape) in LEFT_OUT:
                continue
            self.bench.tell(f"run {number + 1}: {shape.name}, {name}")
            used = peer.cpu_seconds
            began_at = peer.run(job)
            self.sink.wait(shape.deliveries)
            self._note(f"{shape.name}: {name}", shape, began_at, peer.cpu_seconds - used, runs)

    def measure_slow_flow(self, number: int, runs: Runs) -> None:
        """One flow that takes its time for each answer, beside what its calls at once would come to without us."""
        self.bench.tell(f"run {number + 1}: a slow flow")
        shape = QUICK_SLOW if self.bench.quick else SLOW
        self.sink.answer_after(SLOW_MS)
        found = self._deliver(shape, "slow", number)
        self.sink.answer_after(0)
        seconds = SLOW_MS / 1000
        runs[SLOW_RATE, "deliveries/s"].append(found.deliveries / (found.last_at - found.first_at + seconds))
        runs[SLOW_LIMIT, "deliveries/s"].append(found.most_at_once / seconds)
        runs["slow flow: most calls at once", "calls"].append(found.most_at_once)

    def _note(self, name: str, shape: Shape, began_at: float, cpu_seconds: float, runs: Runs) -> None:
        came = self.sink.take()
        runs[name, "deliveries/s"].append(shape.deliveries / (came["last_at"] - began_at))
        runs[f"{name}, CPU", "ms/delivery"].append(cpu_seconds * 1000 / shape.deliveries)

    def _deliver(self, shape: Shape, name: str, number: int, hosts: int = 1) -> Delivered:
        folder = self.bench.folder / f"{name.replace(' ', '').replace(',', '')}-{number + 1}"
        return deliver(folder, shape, self.sink, 0.0 if self.bench.quick else IDLE_SECONDS, hosts)


def measure_storage(bench: Bench, number: int, runs: Runs) -> None:
    """The storage emulator alone."""
    with running_azurite(bench.folder / f"emulator-{number + 1}") as azurite:
        for size in MESSAGE_KIB:
            count = 2 * AT_ONCE if bench.quick else MESSAGES
            rate = asyncio.run(cycles_a_second(azurite.connection_string, size * 1024, count))
            runs[f"Azurite: send, receive, delete, {size} KiB", "cycles/s"].append(rate)


def named(shape: Shape, hosts: int) -> str:
    """As its figures are named."""
    return shape.name if hosts == 1 else f"{shape.name}, two hosts"


def ratios() -> Iterator[Ratio]:
    """End to end to each of those beside it. What is promised is promised of a burst that is worth one."""
    promised = {
        (Shape(10_000, 1), BARE): 0.6,
        (LARGEST, BARE): 0.6,
        (LARGEST, BULLMQ): 1.0,
        (Shape(10_000, 1), CELERY): 8.0,
    }
    for shape, hosts in [(shape, 1) for shape in SHAPES] + [(shape, 2) for shape in SHAPES if shape in BY_TWO]:
        ours = named(shape, hosts)
        for name in (BARE, *PEERS):
            if (name, shape) not in LEFT_OUT:
                what, beside = f"{ours}: {END_TO_END}", f"{shape.name}: {name}"
                yield Ratio(f"{what} to {name}", what, beside, True, promised.get((shape, name)))
        what = f"{ours}: {FIRST_TO_LAST}"
        yield Ratio(f"{what} to {BARE}", what, f"{shape.name}: {BARE}", True)
    yield Ratio("slow flow: share of the flow's own limit", SLOW_RATE, SLOW_LIMIT, True, 0.8)


PART = Part(
    name="deliveries",
    question="How fast and how cheap does what changed reach its flows, beside the limit and beside the app's peers?",
    method=(
        "N processes end at the source at once, and M flows that subscribed to all of them, each with a signing "
        "secret, get a call for each: N x M. The app runs as it does in Azure, with all of its queues on the storage "
        "emulator, in a functions host that has been idle, and once more in two hosts on the same storage, as it "
        "scales out in Azure; the clock runs from the moment when a poll first looks at "
        "the change until the last delivery arrives. Rate limits are off (DELIVERY_RATE_PER_SECOND=0). The CPU of the "
        "app is that of the whole host's process, with what Azure's own host would do in .NET, and that of its looks "
        "at idle queues meanwhile. Beside it in the same repeat, to the same inbox, the same bytes: one aiohttp client "
        f"that does nothing else, with {AT_ONCE} calls at once; BullMQ and Celery over Redis, with retries, warm, from "
        "the moment when the first job is queued. Celery is left out at ten flows: for it they are only ten times as "
        f"many jobs, and 10,000 x 10 would take it two minutes. The slow flow takes {SLOW_MS} ms for each answer; its "
        "own limit is the most calls that it had at once, each in that time."
    ),
    limited_by=(
        "The first call: the host looks at an idle queue every 2 seconds at most (maxPollingInterval), and an event "
        "waits on two queues, so a burst that takes a second to deliver is late by up to four. Then the client that "
        "makes the calls, all on one core as Python is, with a signature for each. A flow gets as many calls at once "
        "as messages with events for it are handled: their 48 KiB set how many there are, and the host takes up to 16 "
        "and looks for more when 8 are left (batchSize, newBatchThreshold). With a slow flow it matters how many it "
        "found at its first look: the others wait for a whole round. Storage takes little: a message for some hundred "
        "deliveries is sent, received and deleted once."
    ),
    run=run,
    ratios=tuple(ratios()),
    limits=(Limit(f"{LARGEST.name}: {APP_CPU}", more=False, target=0.2),),
)
