"""What can happen, in any order? The rules of the state machine; what has to hold is in machine_records.py."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.domain.subscriptions import Subscription
from shared.errors import InsightsAnswerInvalid, InsightsError, InsightsThrottled, InsightsUnavailable
from shared.ports import Ports
from shared.services.drain_poison import drain_poison
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.start_polls import start_polls
from shared.services.subscribe import subscribe
from shared.services.sweep import sweep
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT, START
from tests.faults.machine_flows import ANSWERS, ORDERS, THRESHOLDS, Line, Receivers, Version
from tests.faults.machine_host import LEASE_SECONDS, Host
from tests.faults.machine_records import Conflicts, Records
from tests.faults.machine_source import SERIES, SOURCES, Source
from tests.services.stage import ADMINISTRATOR, Stage
from tests.services.test_subscribe import PARSE
from tests.services.virtual_time import VirtualTimeLoop

PICK = st.integers(0, 7)
CALLS = st.none() | st.integers(0, 12)
ENDS = st.sampled_from(["successful", "successful", "failed", "timedOut", "skipped", "aborted"])
LINES = st.sampled_from(list(ORDERS))
STORES = st.sampled_from(["checkpoints", "log", "queues", "subscriptions", "dead"])
WORKERS = st.integers(0, 1)
FAILURES: dict[str, Callable[[], InsightsError]] = {
    "throttled": lambda: InsightsThrottled(retry_after_seconds=30),
    "unavailable": InsightsUnavailable,
    "garbage": InsightsAnswerInvalid,
}


@dataclass
class Statistics:
    """What happened in all the stories together."""

    examples: int = 0
    steps: int = 0
    crashes: int = 0
    followed: int = 0
    with_crash: int = 0
    with_delivery: int = 0
    with_event: int = 0
    rules: Counter[str] = field(default_factory=Counter)


class Machine(RuleBasedStateMachine):
    """One story: an environment, its flows, two workers and everything that goes wrong."""

    def __init__(self, statistics: Statistics) -> None:
        super().__init__()
        self.statistics = statistics
        self.crashes = 0
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)

    def _quiet(self) -> None:
        self.runner.run(self.host.quiet())

    def _counted(self, name: str) -> None:
        self.statistics.rules[name] += 1
        self.statistics.steps += 1

    @initialize(
        rate=st.sampled_from([0, 2, 10]),
        skew=st.integers(-3600, 3600),
        lines=st.lists(LINES, min_size=3, max_size=6, unique=True),
    )
    def begin(self, rate: int, skew: int, lines: list[str]) -> None:
        """A baseline without faults, and some flows."""
        self.source = Source(START + timedelta(seconds=skew), THRESHOLDS)
        self.checkpoints = Conflicts()
        self.stage = Stage(insights=self.source, checkpoints=self.checkpoints)
        self.source.served_at = START + timedelta(seconds=skew)
        self.receivers = Receivers()
        self.lines = {name: Line(name, order) for name, order in ORDERS.items()}
        self.host = Host(self.stage, rate)
        self.records = Records(self.host, self.source, self.receivers, self.checkpoints, self.lines)
        self.host.on_put, self.host.on_end = self.records.put, self.records.ended
        self.workers = [self.host.worker(number, self.records.committed, self.records) for number in (0, 1)]
        self._minute()
        for name in lines:
            self._subscribe(self.lines[name], 0, 0, None)
        self._minute()

    # The source

    @rule(source_id=st.sampled_from(sorted(SOURCES)), status=ENDS, with_task=st.booleans())
    def ingest(self, source_id: str, status: str, with_task: bool) -> None:
        self._counted("ingest")
        self.source.ingest(source_id, status, with_task=with_task)

    @rule(kind=st.sampled_from(["all", "merge", "ingestion"]))
    def job_begins(self, kind: str) -> None:
        self._counted("job_begins")
        self.source.begin(kind)

    @precondition(lambda self: self.source.running)
    @rule(place=PICK, status=ENDS, times=st.integers(1, 6))
    def job_goes_on(self, place: int, status: str, times: int) -> None:
        self._counted("job_goes_on")
        for _ in range(times):
            if self.source.running:
                self.source.go_on(self.source.running[place % len(self.source.running)], status)

    @precondition(lambda self: self.source.running)
    @rule(place=PICK)
    def job_is_cancelled(self, place: int) -> None:
        self._counted("job_is_cancelled")
        self.source.abort(self.source.running[place % len(self.source.running)])

    @rule(count=st.sampled_from([1, 2, 30]))
    def processes_end(self, count: int) -> None:
        self._counted("processes_end")
        self.source.export(count)

    @rule(name=st.sampled_from(sorted(SERIES)), value=st.none() | st.sampled_from([20, 55, 60, 95, 100, 110, 140]), with_job=st.booleans())
    def evaluated(self, name: str, value: int | None, with_job: bool) -> None:
        self._counted("evaluated")
        before = set(self.source.possible)
        self.source.evaluate(name, value, with_job=with_job)
        self.records.crossed([fact for key, fact in self.source.possible.items() if key not in before])

    @rule(kind=st.sampled_from(sorted(FAILURES)), calls=st.integers(1, 6))
    def source_fails(self, kind: str, calls: int) -> None:
        self._counted("source_fails")
        self.source.failures.extend(FAILURES[kind]() for _ in range(calls))

    # Time

    @rule(seconds=st.sampled_from([1, 5, 20, 60, 300, 960, 3600, 3 * 3600 + 60]))
    def time_passes(self, seconds: int) -> None:
        self._counted("time_passes")
        self._wait(seconds)

    @rule(seconds=st.integers(-3600, 3600))
    def our_clock_jumps(self, seconds: int) -> None:
        self._counted("our_clock_jumps")
        ahead = self.host.ahead.total_seconds() + seconds
        self.host.ahead = timedelta(seconds=max(-3600, min(3600, ahead)))
        self.records.silence = True

    # The host

    @rule(worker=WORKERS, calls=CALLS)
    def tick(self, worker: int, calls: int | None) -> None:
        self._counted("tick")
        self._begin("tick", worker, lambda ports: start_polls(ports, [ENVIRONMENT]), calls)

    @rule()
    def a_minute_goes_by(self) -> None:
        """As on any day: a tick, and all that follows from it."""
        self._counted("a_minute_goes_by")
        self._minute()

    @rule(limit=st.integers(1, 8))
    def messages_are_handled(self, limit: int) -> None:
        self._counted("messages_are_handled")
        self._work_off(limit)

    @precondition(lambda self: self.host.visible)
    @rule(place=PICK, worker=WORKERS, calls=CALLS)
    def a_message_is_taken(self, place: int, worker: int, calls: int | None) -> None:
        """Any that can be seen; it is handled to the end, or its worker stays in the middle of it."""
        self._counted("a_message_is_taken")
        self._take(place, worker, calls)

    @precondition(lambda self: self.host.works)
    @rule(place=PICK, first=PICK, calls=CALLS)
    def a_work_goes_on(self, place: int, first: int, calls: int | None) -> None:
        self._counted("a_work_goes_on")
        self.host.go_on(self.host.works[place % len(self.host.works)], calls, first)
        self._quiet()

    @precondition(lambda self: self.host.messages)
    @rule(place=PICK, seconds=st.sampled_from([0, 30, 700]))
    def a_message_comes_twice(self, place: int, seconds: int) -> None:
        """It was handled, but its end was not noted."""
        self._counted("a_message_comes_twice")
        message = self.host.messages[place % len(self.host.messages)]
        self._repeat(self.host.again(message, seconds))

    @precondition(lambda self: any(work.message for work in self.host.works))
    @rule(place=PICK)
    def a_lease_ends(self, place: int) -> None:
        """A message comes again while somebody is still at it."""
        self._counted("a_lease_ends")
        messages = [work.message for work in self.host.works if work.message]
        self._repeat(self.host.again(messages[place % len(messages)], 0))

    @precondition(lambda self: self.host.messages)
    @rule(place=PICK, seconds=st.sampled_from([1, 60, 700]))
    def a_message_hides(self, place: int, seconds: int) -> None:
        self._counted("a_message_hides")
        message = self.host.messages[place % len(self.host.messages)]
        message.due = max(message.due, self.host.now + timedelta(seconds=seconds))

    @precondition(lambda self: self.host.visible)
    @rule(place=PICK, store=STORES)
    def a_message_is_given_up(self, place: int, store: str) -> None:
        """Storage is away as long as the host tries."""
        self._counted("a_message_is_given_up")
        message = self.host.visible[place % len(self.host.visible)]
        self.crashes += 1
        self.host.gate.failing[store] = 1000
        while message in self.host.messages:
            self.host.now = max(self.host.now, message.due)
            self.host.take(message, self.workers[0])
            self._quiet()
        self.host.gate.failing[store] = 0

    # What breaks

    @rule(worker=WORKERS, write=st.integers(1, 8), after=st.booleans(), lasting=st.booleans())
    def a_write_will_break(self, worker: int, write: int, after: bool, lasting: bool) -> None:
        """One of the next: before it is made or after, alone or with the process."""
        self._counted("a_write_will_break")
        fuse = self.workers[worker].fuse
        fuse.at, fuse.after, fuse.lasting = frozenset({fuse.writes + write}), after, lasting

    @rule(worker=WORKERS)
    def a_worker_dies(self, worker: int) -> None:
        self._counted("a_worker_dies")
        self.crashes += any(work.worker is self.workers[worker] for work in self.host.works)
        self.runner.run(self.host.kill(self.workers[worker]))

    @rule(store=STORES, calls=st.integers(1, 8))
    def storage_fails(self, store: str, calls: int) -> None:
        self._counted("storage_fails")
        self.host.gate.failing[store] = calls
