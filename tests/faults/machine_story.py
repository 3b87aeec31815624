"""What can the flows of a story do, and how does it end? An environment whose flows come, go and are changed."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.subscriptions import Subscription
from shared.errors import Conflict, InsightsAnswerInvalid, NotFound
from shared.ports import Ports
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.subscribe import subscribe
from shared.services.sweep import sweep
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT
from tests.faults.machine_flows import Line, Version
from tests.faults.machine_gate import Message
from tests.faults.machine_house import House
from tests.faults.machine_source import SOURCES
from tests.faults.machine_swept import SUSPENDED_DAYS
from tests.services.stage import ADMINISTRATOR
from tests.services.test_subscribe import PARSE

SETTLING_TICKS = (1, 1, 1, 1, 16, 16)  # minutes: an outbox is taken over, everything is looked at
FULL_LOOK_SECONDS = 16 * 60
SERIES_OF = {"grown": "Loyal", "shrunk": "Loyal", "revenue": "Revenue"}
LOOK_SECONDS = 6  # a little more than a turn goes on without looking
MOST_STEPS = 40
DAY_SECONDS = 86_400
MOST_MESSAGES = 20_000  # of a story that is ended

T = TypeVar("T")


class Story(House):
    """A baseline without faults, some flows, and what befalls them. To be closed."""

    def __init__(self, rate: int = 10, skew: int = 0, lines: Sequence[str] = ()) -> None:
        super().__init__(rate, skew)
        try:
            self.minute()
            for name in lines:
                self.subscribe(name)
            self.minute()
        except BaseException:
            self.close()
            raise

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
            self.host.effects["subscriptions ended by their flow"] += 1
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

        def done(secret: str | None) -> None:
            if secret is not None:
                self.host.effects["secrets rotated"] += 1
                line.secret = self._moment(), secret, [version]

        async def story(ports: Ports) -> str | None:
            return await _unless_refused(rotate_secret(ports, version.id, line.caller), version)

        self.run("rotate", story, worker=worker, done=done)

    def replay(self, version: Version, since: datetime, *, worker: int = 0, calls: int | None = None) -> None:
        """A flow wants what it had again."""

        async def story(ports: Ports) -> None:
            until = since + timedelta(days=365)
            again = replay_subscription(ports, version.id, version.line.caller, since=since, until=until)
            await _unless_refused(again, version)

        self.run("replay", story, worker=worker, calls=calls)

    def replay_dead(self, delivery_id: str, *, worker: int = 0, calls: int | None = None) -> None:
        """An operator sends something again that was given up."""
        kept = self.stage.dead.rows.get(delivery_id)
        version = self.records.swept.names[kept.subscription_id] if kept else None

        async def story(ports: Ports) -> None:
            await _unless_refused(replay_delivery(ports, delivery_id, ADMINISTRATOR), version)

        self.run("replay", story, worker=worker, calls=calls)

    def sweep(self, days: int, off: str = "", *, worker: int = 0, calls: int | None = None) -> None:
        """The daily sweep, after so many quiet days, in which a flow is off; it may end in the middle."""
        if days:
            self.receivers.standing[off] = "off"
            self._be_quiet(days)
        self.run("sweep", lambda ports: sweep(ports, suspended_days=SUSPENDED_DAYS), worker=worker, calls=calls)

    def _be_quiet(self, days: int) -> None:
        """Nothing of ours breaks, nothing runs at the source, and flows stay as they are.

        What was on its way to a subscription that was just replaced would be among the dead after a week, and a job
        that runs for a week is given up: this model does not know of either.
        """
        self._lift()
        for job in self.source.running:
            self.source.abort(job)
        self._much_happens()
        self.work_off(MOST_MESSAGES)
        self.wait(days * DAY_SECONDS)
        self.tick()
        self.work_off(MOST_MESSAGES)

    def change_amid(self, place: int, calls: int, changes: Sequence[str], *, later: bool = False) -> None:
        """A worker is left in the middle of a flow's calls, and meanwhile the flow is changed by the other one.

        `later`: the first attempts have failed; the calls are those of a retry.
        """
        self._much_happens()
        if later:
            self._fail_once()
        deliveries = self._reach(lambda one: one.subscriptions)
        if not deliveries:
            return
        ids = sorted(deliveries[0].subscriptions)
        line = self.lines[self.records.name_of(ids[place % len(ids)])]
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
        """Storage is away as long as the host tries a message that carries events; deliveries go on without some."""
        self._much_happens()
        found = self._reach(lambda one: one.events and (store == "queues" or not one.subscriptions))
        if found:
            self.give_up(found[place % len(found)], store)

    def have_one_given_up(self, place: int, *, messages: bool) -> None:
        """A flow refuses something, or a message cannot be handled and is put aside."""
        if messages:
            self.give_up_some(place, "subscriptions")
            self.drain()
        else:
            self.change_amid(place, 0, ["refuse"])

    def _much_happens(self) -> None:
        for source_id in (*SOURCES, *SOURCES):
            self.source.ingest(source_id, "failed", with_task=True)
        self.source.export(4)
        self.wait(60)
        self.host.queue_poll()

    def _reach(self, wanted: Callable[[Message], object]) -> list[Message]:
        """Handle messages until there are some that are wanted."""
        for _ in range(MOST_STEPS):
            found = [one for one in self.host.visible if wanted(one)]
            if found or not self.host.visible:
                return found
            self.take(self.host.visible[0])
        return []

    def given_up(self, *, messages: bool = False) -> list[str]:
        """The ids of what is dead, or of the messages that were given up."""
        return list(self.stage.dead.poison if messages else self.stage.dead.rows)

    # The end

    def settle(self) -> int:
        """All faults are lifted and time passes; answers how many events were followed to who wanted them."""
        self.receivers.lift()
        self._lift()
        for minutes in SETTLING_TICKS:
            self.wait(60 * minutes)
            self.tick()
            self.work_off(MOST_MESSAGES)
        self._wait_for_all()
        self.drain()
        return self._check()

    def _lift(self) -> None:
        """Nothing breaks any more, and what is under way comes to its end."""
        self.host.gate.failing.clear()
        self.source.failures.clear()
        for worker in self.workers:
            worker.fuse.at = frozenset()
        self.complete(self.host.go_on_all())

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


async def _unless_refused(call: Awaitable[T], version: Version | None) -> T | None:
    """What is answered; None: it was refused, as it may be unless the subscription is surely live."""
    try:
        return await call
    except (Conflict, NotFound):
        if version is not None and version.is_surely_live:
            raise
        return None
