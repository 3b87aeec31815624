"""What befalls the house of a story: time, messages, workers and stores. Its flows are in machine_story.py."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

import pytest

from shared.ports import Ports
from shared.services.drain_poison import drain_poison
from shared.services.start_polls import start_polls
from tests.factories import ENVIRONMENT, START
from tests.faults.machine_flows import ORDERS, THRESHOLDS, Line, Receivers
from tests.faults.machine_gate import WORK, Message, Work
from tests.faults.machine_host import Host
from tests.faults.machine_records import Conflicts, Records
from tests.faults.machine_source import Source
from tests.faults.machine_swept import Swept, SweptDead, SweptLog, SweptSubscriptions
from tests.services.stage import Stage
from tests.services.virtual_time import VirtualTimeLoop

T = TypeVar("T")
SEED = 7
LONGEST_SILENCE = timedelta(hours=1)


class Logged(logging.Handler):
    """Hears of the errors that the product takes upon itself. They are not written: that takes longer than a story."""

    def __init__(self, told: Callable[[Work, BaseException], None]) -> None:
        super().__init__(logging.ERROR)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        work = WORK.get(None)
        if work is not None and record.exc_info and record.exc_info[1] is not None:
            self._told(work, record.exc_info[1])


class House:
    """An environment, two workers, and what befalls them. To be closed."""

    def __init__(self, rate: int, skew: int) -> None:
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.source = Source(START + timedelta(seconds=skew), THRESHOLDS)
        checkpoints, subscriptions, dead, log = Conflicts(), SweptSubscriptions(), SweptDead(), SweptLog()
        self.stage = Stage(checkpoints=checkpoints, subscriptions=subscriptions, dead=dead, log=log)
        self.stage.insights = self.source
        self.receivers = Receivers()
        self.lines = {name: Line(name, order) for name, order in ORDERS.items()}
        self.host = Host(self.stage, rate)
        subscriptions.swept = dead.swept = log.swept = Swept(self.host, self.lines)
        self.records = Records(self.host, self.source, self.receivers, checkpoints, self.lines, log.swept)
        self.host.on_put, self.host.on_end = self.records.put, self.records.ended
        self.workers = [self.host.worker(number, self.records.committed, self.records) for number in (0, 1)]
        self._closing = ExitStack()
        self._closing.callback(self.runner.close)
        self._closing.callback(lambda: self.complete(self.host.abandon()))
        self._change_the_process()

    def _change_the_process(self) -> None:
        """Until the house is closed: ids decide who is called first, and have to be the same again."""
        patch, random = pytest.MonkeyPatch(), Random(SEED)  # noqa: S311 - no secret
        self._closing.callback(patch.undo)
        patch.setattr(secrets, "token_urlsafe", lambda size: random.randbytes(size).hex())
        log, heard = logging.getLogger("shared"), Logged(self.records.failed)
        patch.setattr(log, "propagate", False)
        log.addHandler(heard)
        self._closing.callback(log.removeHandler, heard)
        logging.disable(logging.WARNING)
        self._closing.callback(logging.disable, logging.NOTSET)

    def close(self) -> None:
        """Let go of everything."""
        self._closing.close()

    def complete(self, story: Coroutine[Any, Any, T]) -> T:
        """Run something to its end. `Runner.run` would handle signals anew for each, at three times the cost."""
        return self.runner.get_loop().run_until_complete(story)

    def quiet(self) -> None:
        """Let every work come as far as it can."""
        self.complete(self.host.quiet())

    def run(
        self,
        kind: str,
        story: Callable[[Ports], Awaitable[Any]],
        *,
        worker: int = 0,
        calls: int | None = None,
        done: Callable[[Any], None] | None = None,
    ) -> None:
        """Have a worker do something, or begin with it."""

        async def begin() -> None:
            self.host.begin(kind, self.workers[worker], story, calls, done=done)
            await self.host.quiet()

        self.complete(begin())

    def evaluate(self, name: str, value: int | None, *, with_job: bool) -> None:
        """A segment or measure is evaluated; who is subscribed now has to hear what it crossed."""
        before = set(self.source.possible)
        self.source.evaluate(name, value, with_job=with_job)
        self.records.crossed([fact for key, fact in self.source.possible.items() if key not in before])

    # Time and messages

    def wait(self, seconds: float) -> None:
        """Time passes, here and at the source."""
        passed = timedelta(seconds=seconds)
        self.host.now += passed
        self.source.served_at += passed
        self.records.silence |= self.host.now - (self.records.committed_at or self.host.now) >= LONGEST_SILENCE

    def jump(self, seconds: float) -> None:
        """Our clock is set, by an hour at most."""
        ahead = self.host.ahead.total_seconds() + seconds
        self.host.ahead = timedelta(seconds=max(-3600.0, min(3600.0, ahead)))
        self.records.silence = True

    def tick(self, worker: int = 0, calls: int | None = None) -> None:
        """The timer fires."""
        self.run("tick", lambda ports: start_polls(ports, [ENVIRONMENT]), worker=worker, calls=calls)

    def minute(self, worker: int = 0) -> None:
        """As on any day: a tick, and all that follows from it."""
        self.wait(60)
        self.tick(worker)
        self.work_off(60, worker)

    def visible(self) -> list[Message]:
        """What can be taken; where there is nothing, the timer fires."""
        if not self.host.visible:
            self.host.queue_poll()
        return self.host.visible

    def take_together(self, places: Sequence[int], turns: Sequence[tuple[int, int]], workers: Sequence[int]) -> None:
        """Two messages at once, which make their calls in turns and then come to their end."""
        works = []
        for place, worker in zip(places, workers, strict=True):
            visible = self.visible()
            works.append(self.take(visible[place % len(visible)], worker, 0))
        for which, calls in turns:
            if works[which] in self.host.works:
                self.go_on(works[which], calls)
        for work in works:
            if work in self.host.works:
                self.go_on(work, None)

    def take(self, message: Message, worker: int = 0, calls: int | None = None) -> Work:
        """A worker gets a message."""

        async def begin() -> Work:
            work = self.host.take(message, self.workers[worker], calls)
            await self.host.quiet()
            return work

        return self.complete(begin())

    def work_off(self, limit: int, worker: int = 0) -> None:
        """Handle messages, those that came first in front."""
        for _ in range(limit):
            visible = self.host.visible
            if not visible:
                return
            self.take(visible[0], worker)

    def go_on(self, work: Work, calls: int | None, first: int = 0) -> None:
        """A work that waits makes more calls."""
        self.host.go_on(work, calls, first)
        self.quiet()

    def hide(self, message: Message, seconds: float) -> None:
        """A message cannot be seen for a while."""
        message.due = max(message.due, self.host.now + timedelta(seconds=seconds))

    def under_way(self) -> list[Work]:
        """Messages that somebody is at; where there is none, one is taken."""
        found = [work for work in self.host.works if work.message is not None]
        return found or [work for work in [self.take(self.visible()[0], calls=2)] if work in self.host.works]

    def repeat(self, message: Message, seconds: float = 0) -> None:
        """A message comes once more: its end was not noted, or its lease was over before."""
        self.host.again(message, seconds)
        self.records.disturb(message)

    def give_up(self, message: Message, store: str) -> None:
        """A store is away as long as the host tries a message."""
        while message in self.host.messages:
            self.host.gate.failing[store] = 1000
            self.host.now = max(self.host.now, message.due)
            self.take(message)
        self.host.gate.failing[store] = 0

    def break_write(self, worker: int, write: int, *, after: bool, lasting: bool) -> None:
        """One of the next writes breaks: before it is made or after, alone or with the process."""
        fuse = self.workers[worker].fuse
        fuse.at, fuse.after, fuse.lasting = frozenset({fuse.writes + write}), after, lasting

    def kill(self, worker: int) -> None:
        """A process dies."""
        self.complete(self.host.kill(self.workers[worker]))

    def drain(self, worker: int = 0, calls: int | None = None) -> None:
        """What the host gave up is put aside."""
        self.run("drain", drain_poison, worker=worker, calls=calls)
