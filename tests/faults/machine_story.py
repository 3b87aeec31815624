"""What is a story of the state machine made of: an environment, its flows, two workers, and what can befall them?"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.services.drain_poison import drain_poison
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.start_polls import start_polls
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT, START
from tests.faults.machine_flows import ORDERS, THRESHOLDS, Line, Receivers, Version
from tests.faults.machine_gate import Message, Work
from tests.faults.machine_host import Host
from tests.faults.machine_records import Conflicts, Records
from tests.faults.machine_source import Source
from tests.services.stage import ADMINISTRATOR, Stage
from tests.services.test_subscribe import PARSE
from tests.services.virtual_time import VirtualTimeLoop

LONGEST_SILENCE = timedelta(hours=1)
SETTLING_TICKS = (1, 1, 1, 1, 16, 16)  # minutes: an outbox is taken over, everything is looked at
MOST_MESSAGES = 20_000  # of a story that is ended


class Story:
    """A baseline without faults, some flows, and what befalls them. To be closed."""

    def __init__(self, rate: int = 10, skew: int = 0, lines: Sequence[str] = ()) -> None:
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.source = Source(START + timedelta(seconds=skew), THRESHOLDS)
        checkpoints = Conflicts()
        self.stage = Stage(checkpoints=checkpoints)
        self.stage.insights = self.source
        self.receivers = Receivers()
        self.lines = {name: Line(name, order) for name, order in ORDERS.items()}
        self.host = Host(self.stage, rate)
        self.records = Records(self.host, self.source, self.receivers, checkpoints, self.lines)
        self.host.on_put, self.host.on_end = self.records.put, self.records.ended
        self.workers = [self.host.worker(number, self.records.committed, self.records) for number in (0, 1)]
        self.minute()
        for name in lines:
            self.subscribe(name)
        self.minute()

    def close(self) -> None:
        """Let go of everything."""
        self.runner.run(self.host.abandon())
        self.runner.close()

    def quiet(self) -> None:
        """Let every work come as far as it can."""
        self.runner.run(self.host.quiet())

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

        self.runner.run(begin())

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
        self.records.silence |= passed >= LONGEST_SILENCE

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

        return self.runner.run(begin())

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
        self.runner.run(self.host.kill(self.workers[worker]))

    # Flows

    def subscribe(self, name: str, choice: int = 0, *, worker: int = 0, calls: int | None = None) -> None:
        """A flow subscribes, for the first time or anew."""
        line = self.lines[name]
        fields = line.order.choices[choice % len(line.order.choices)]
        version = Version(line, len(line.versions) + 1, fields, self._moment())
        line.versions.append(version)
        if line.secret is not None:
            line.secret[2].append(version)

        def done(made: Subscription) -> None:
            version.id = made.id
            line.acknowledge(version, self._moment())

        async def story(ports: Ports) -> Subscription:
            body = line.body(version, ENVIRONMENT)
            return await subscribe(ports, line.order.trigger, body, line.caller, PARSE, [ENVIRONMENT])

        self.run("subscribe", story, worker=worker, calls=calls, done=done)

    @property
    def known(self) -> list[Version]:
        """The subscriptions whose flow knows their id, the newest in front."""
        return sorted(
            (one for line in self.lines.values() for one in line.versions if one.id), key=lambda one: -one.began
        )

    def unsubscribe(self, version: Version, *, worker: int = 0, calls: int | None = None) -> None:
        """A flow ends a subscription."""
        line = version.line
        line.begin_end(version, self._moment())

        def done(_: None) -> None:
            if version.ended is None:
                version.ended, version.ended_on = self._moment(), self.workers[worker]
                version.ended_at = self.host.clock()

        self.run(
            "unsubscribe",
            lambda ports: unsubscribe(ports, version.id, line.caller),
            worker=worker,
            calls=calls,
            done=done,
        )

    def rotate(self, version: Version, *, worker: int = 0) -> None:
        """A new secret is asked for."""
        line = version.line
        line.secret = None

        def done(secret: str) -> None:
            line.secret = self._moment(), secret, [version]

        self.run("rotate", lambda ports: rotate_secret(ports, version.id, line.caller), worker=worker, done=done)

    def replay(self, version: Version, since: datetime, *, worker: int = 0, calls: int | None = None) -> None:
        """A flow wants what it had again."""

        async def story(ports: Ports) -> None:
            until = since + timedelta(days=30)
            await replay_subscription(ports, version.id, version.line.caller, since=since, until=until)

        self.run("replay", story, worker=worker, calls=calls)

    def replay_dead(self, delivery_id: str, *, worker: int = 0, calls: int | None = None) -> None:
        """An operator sends something again that was given up."""
        self.run("replay", lambda ports: replay_delivery(ports, delivery_id, ADMINISTRATOR), worker=worker, calls=calls)

    @property
    def given_up(self) -> list[str]:
        """The ids of what is dead, and of the messages that were given up."""
        return [*self.stage.dead.rows, *self.stage.dead.poison]

    # The end

    def settle(self) -> int:
        """All faults are lifted and time passes; answers how many events were followed to who wanted them."""
        self.host.gate.failing.clear()
        self.source.failures.clear()
        self.receivers.lift()
        for worker in self.workers:
            worker.fuse.at = frozenset()
        self.runner.run(self.host.go_on_all())
        for minutes in SETTLING_TICKS:
            self.wait(60 * minutes)
            self.tick()
            self.work_off(MOST_MESSAGES)
        self._wait_for_all()
        self.run("drain", drain_poison)
        return self._check()

    def _wait_for_all(self) -> None:
        """Let time pass until nothing waits any more."""
        for _ in range(MOST_MESSAGES):
            if not self.host.messages:
                return
            due = min(one.due for one in self.host.messages)
            self.wait(max(0.0, (due - self.host.now).total_seconds()))
            self.work_off(MOST_MESSAGES)
        raise AssertionError(f"{len(self.host.messages)} messages wait for ever")

    def _check(self) -> int:
        records = self.records
        records.check_feed()
        records.check_all_told()
        records.check_repeats()
        assert self.stage.state.outbox == (), "an outbox was left"
        assert not self.host.works, "a work never ended"
        return records.check_all_delivered()

    def _moment(self) -> int:
        self.host.gate.moment += 1
        return self.host.gate.moment
