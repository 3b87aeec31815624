"""How long after something ended at the source is a flow called, at rest and under load, and where does that go?"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench.app import IDLE_SECONDS, Running, Size, order, running_app, running_sink
from bench.figures import Bench, Figure, NotHere, Part
from bench.lag_parts import PARTS, moments, parts, percentile
from bench.processes import can_tell
from shared.domain.subscriptions import Trigger

FLOWS = 5
CHANGES, BURST = 8, 2000
QUICK_CHANGES, QUICK_BURST = 2, 20
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
# Until the host's looks at its queues are rare again, and then at no moment that has to do with them.
REST_SECONDS = (2.5, 4.5)
AT_REST, UNDER_LOAD = "at rest", "under load"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: when it was, and when each delivery of it came."""

    at: float
    came_at: tuple[float, ...]

    @property
    def lags(self) -> list[float]:
        """Of each delivery."""
        return [came - self.at for came in self.came_at]


def run(bench: Bench) -> Iterator[Figure]:
    """Lone changes one after the other, then the bursts, all in one run of the app."""
    if not can_tell():
        raise NotHere("the storage emulator is found in /proc: run it on Linux")
    changes, burst = (QUICK_CHANGES, QUICK_BURST) if bench.quick else (CHANGES, BURST)
    with running_sink(bench.folder) as sink:
        flows = [order(number, Trigger.PROCESS_ENDED, sink.url) for number in range(FLOWS)]
        with running_app(bench.folder, Size(), flows, sink, idle_seconds=0 if bench.quick else IDLE_SECONDS) as app:
            alone = list(_changes(bench, app, "change", changes, 1))
            together = list(_changes(bench, app, "burst", bench.repeats, burst))
            log = app.log()
    yield from at_rest(alone, log)
    yield from under_load(together)


def _changes(bench: Bench, app: Running, name: str, count: int, processes: int) -> Iterator[Change]:
    """One after the other, with a while after each."""
    for number in range(count):
        bench.tell(f"{name} {number + 1} of {count}")
        yield change(app, processes)
        if not bench.quick:
            time.sleep(random.uniform(*REST_SECONDS))  # noqa: S311


def change(app: Running, processes: int) -> Change:
    """So many processes end; wait until all flows know."""
    at = app.grow(processes)
    app.poll()
    app.wait(processes * FLOWS)
    return Change(at, tuple(app.sink.take(each=True)["came_at"].values()))


def at_rest(changes: list[Change], log: str) -> Iterator[Figure]:
    """Of the deliveries of all lone changes, and the parts of each change until its last delivery."""
    lags = [lag for one in changes for lag in one.lags]
    for name, share in SHARES.items():
        yield Figure(f"{AT_REST}: {name}", "s", (percentile(lags, share),), note=f"of {len(changes)} lone changes")
    runs = list(moments(log))
    found = defaultdict(list)
    for one in changes:
        for name, seconds in parts(runs, one.at, max(one.came_at)).items():
            found[name].append(seconds)
    for name in PARTS:
        yield Figure(f"{AT_REST}: {name}", "s", (median(found[name]),), note="median")


def under_load(changes: list[Change]) -> Iterator[Figure]:
    """Of the deliveries of each burst."""
    for name, share in SHARES.items():
        note = f"of {len(changes[0].came_at):,} deliveries"
        yield Figure(f"{UNDER_LOAD}: {name}", "s", tuple(percentile(one.lags, share) for one in changes), note=note)


PART = Part(
    name="lag",
    question="How long after something ended at the source is a flow called, and where does the time go?",
    method=(
        "From the end of a process as the source tells it to the arrival of each call at the flows, five of them. At "
        "rest: lone changes, one after the other, some seconds apart. Under load: 2,000 at once. A poll is asked for "
        "at once: what the timer adds (0 to 60 seconds with the default POLL_SCHEDULE, 30 in the middle) is not in it. "
        "The parts are told by the times in the host's log: a queue's wait ends when the host begins the function, and "
        "a part of a run that goes on after it has handed on (the relay's last commit) counts to the run only as long "
        "as nothing waits for it."
    ),
    limited_by=(
        "The host looks at an idle queue every 2 seconds at most (maxPollingInterval), and a lone change passes three "
        "of them: the poll's message, its events, its deliveries. All else takes some hundredths of a second. More "
        "looks would cost more transactions a month. A burst waits in the same three places, and then for its turn "
        "among all the calls."
    ),
    run=run,
)
