"""What can the flows of a story do, and how does it end? An environment whose flows come, go and are changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.subscriptions import Subscription
from shared.errors import InsightsAnswerInvalid
from shared.ports import Ports
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT
from tests.faults.machine_flows import Line, Version
from tests.faults.machine_gate import Message
from tests.faults.machine_house import House
from tests.faults.machine_source import SOURCES
from tests.services.stage import ADMINISTRATOR
from tests.services.test_subscribe import PARSE

SETTLING_TICKS = (1, 1, 1, 1, 16, 16)  # minutes: an outbox is taken over, everything is looked at
FULL_LOOK_SECONDS = 16 * 60
SERIES_OF = {"grown": "Loyal", "shrunk": "Loyal", "revenue": "Revenue"}
LOOK_SECONDS = 6  # a little more than a turn goes on without looking
MOST_STEPS = 40
MOST_MESSAGES = 20_000  # of a story that is ended


class Story(House):
    """A baseline without faults, some flows, and what befalls them. To be closed."""

    def __init__(self, rate: int = 10, skew: int = 0, lines: Sequence[str] = ()) -> None:
        super().__init__(rate, skew)
        self.minute()
        for name in lines:
            self.subscribe(name)
        self.minute()

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

    def change_amid(self, place: int, calls: int, changes: Sequence[str], *, later: bool = False) -> None:
        """A worker is left in the middle of a flow's calls, and meanwhile the flow is changed by the other one.

        `later`: the first attempts have failed; the calls are those of a retry.
        """
        self._much_happens()
        if later:
            self._fail_once()
        deliveries = self._reach_deliveries()
        if not deliveries:
            return
        ids = sorted(deliveries[0].subscriptions)
        line = self.lines[self.records.line_names()[ids[place % len(ids)]]]
        work = self.take(deliveries[0], calls=calls)
        for what in changes:
            self._change(line, what)
        if work in self.host.works:
            self.go_on(work, None)

    def _fail_once(self) -> None:
        for name in self.lines:
            self.receivers.plan(name, "unavailable", 1)
        self.work_off(MOST_STEPS)
        self.wait(LOOK_SECONDS)

    def _change(self, line: Line, what: str) -> None:
        match what:
            case "wait":
                self.wait(LOOK_SECONDS)
            case "break":
                self.break_write(0, 1, after=False, lasting=False)
            case "refuse":
                self.receivers.plan(line.name, "cannot take it", 2)
            case "subscribe":
                self.subscribe(line.name, worker=1)
            case _:
                if line.versions[-1].id:
                    self.unsubscribe(line.versions[-1], worker=1)

    def happen_amid_a_look(self, calls: int, line: str, values: Sequence[int], unread: int) -> None:
        """During a full look a flow subscribes, and then what it watches moves; some answers are garbage."""
        self.wait(FULL_LOOK_SECONDS)
        self.host.queue_poll()
        work = self.take(self.host.visible[-1], calls=calls)
        self.subscribe(line, worker=1)
        for value in values:
            self.evaluate(SERIES_OF[line], value, with_job=True)
        self.source.failures.extend(InsightsAnswerInvalid() for _ in range(unread))
        if work in self.host.works:
            self.go_on(work, None)

    def give_up_some(self, place: int, store: str) -> None:
        """Storage is away as long as the host tries a message that carries events."""
        self._much_happens()
        self.take(self.host.visible[0])
        carrying = [one for one in self.host.visible if one.events]
        if carrying:
            self.give_up(carrying[place % len(carrying)], store)

    def _much_happens(self) -> None:
        for source_id in (*SOURCES, *SOURCES):
            self.source.ingest(source_id, "failed", with_task=True)
        self.source.export(4)
        self.wait(60)
        self.host.queue_poll()

    def _reach_deliveries(self) -> list[Message]:
        """Handle messages until there are some for flows."""
        for _ in range(MOST_STEPS):
            found = [one for one in self.host.visible if one.subscriptions]
            if found or not self.host.visible:
                return found
            self.take(self.host.visible[0])
        return []

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
        self.complete(self.host.go_on_all())
        for minutes in SETTLING_TICKS:
            self.wait(60 * minutes)
            self.tick()
            self.work_off(MOST_MESSAGES)
        self._wait_for_all()
        self.drain()
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
