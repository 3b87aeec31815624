"""How does a played day go? Flows subscribe, the simulated clock runs, and what reaches them is compared."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from local.children import wait_until
from local.errors import BrokenRunError
from local.news import News
from local.report import Expectation, Report, SimulatedClock, compare
from local.show import Screen, counted
from local.simulator.scenario import Scenario, Subscription
from local.stage import Stage
from local.wire import ask, first_line, get_object

LOOK_EVERY_SECONDS = 0.3
WATCHING_SECONDS = 60.0
QUIET_SECONDS = 4.0
MANY = 100  # so many flows take long enough to subscribe that one wants to see how far they are
WATCHED_TRIGGERS = frozenset({"segment-threshold-crossed", "measure-threshold-crossed", "data-source-overdue"})


@dataclass(slots=True)
class Killer:
    """Ends a functions host as a crash would, again and again, and starts it again at once; of several each in turn."""

    stage: Stage
    every_seconds: float
    next_at: float = field(default=0.0)
    killed_at: list[datetime] = field(default_factory=list)

    def act(self, screen: Screen) -> None:
        """Kill it when it is time."""
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + self.every_seconds
        host = self.stage.hosts[len(self.killed_at) % len(self.stage.hosts)]
        host.kill()
        self.killed_at.append(datetime.now(UTC))
        host.start()
        screen.note(f"-- {host.name} killed and started again ({len(self.killed_at)}) --")


@dataclass(slots=True)
class Day:
    """One playing of a scenario on a stage that is set."""

    stage: Stage
    scenario: Scenario
    news: News
    clock: SimulatedClock
    killer: Killer | None = None
    arrived_at: float = field(default_factory=time.monotonic)
    subscribed: set[str] = field(default_factory=set)

    @property
    def killed_at(self) -> Sequence[datetime]:
        """When a functions host was killed."""
        return self.killer.killed_at if self.killer is not None else ()

    def look(self) -> bool:
        """Show what is new; whether the day is over."""
        self.stage.require_running()
        state = get_object(f"{self.stage.addresses.simulator}/control/state")
        if self.news.show(self.clock.lag_seconds):
            self.arrived_at = time.monotonic()
        self.subscribe_late(datetime.fromisoformat(str(state["now"])))
        self.news.screen.day(datetime.fromisoformat(str(state["now"])), self.scenario.start, self.scenario.end)
        return bool(state["ended"])

    def subscribe_late(self, now: datetime) -> None:
        """Subscribe the flows that are switched on during the day: what they ask for was not there before."""
        for each in self.scenario.subscriptions:
            if each.at is not None and each.at <= now and each.flow not in self.subscribed:
                self.subscribed.add(each.flow)
                subscribe(self.stage, each)

    def play(self) -> None:
        """Follow the day to its end."""
        while not self.look():
            if self.killer is not None:
                self.killer.act(self.news.screen)
            time.sleep(LOOK_EVERY_SECONDS)

    def settle(self, seconds: float) -> Report:
        """Wait for what is outstanding, then for quiet, and compare."""
        deadline = time.monotonic() + seconds
        self.arrived_at = time.monotonic()
        while True:
            self.look()
            report = compare(expectations(self.scenario), self.news.taken, self.clock)
            quiet = time.monotonic() - self.arrived_at > QUIET_SECONDS
            if (quiet and not report.missing) or time.monotonic() > deadline:
                return report
            time.sleep(LOOK_EVERY_SECONDS)


def expectations(scenario: Scenario) -> list[Expectation]:
    """What each flow must get, one by one."""
    return [
        Expectation(event.type, event.subject, event.time, flow) for event in scenario.expected for flow in event.flows
    ]


def begin_day(stage: Stage, scenario: Scenario, speed: float, screen: Screen, kill_every: float | None) -> Day:
    """Subscribe the flows, wait until the app watches, and let the simulated clock run."""
    first = tuple(each for each in scenario.subscriptions if each.at is None)
    subscribe_all(stage, first, screen)
    made = counted(len(first), "subscription")
    screen.note(f"{made} made; waiting for the app's first look at Customer Insights")
    for environment in scenario.environments:
        wait_until_watching(stage, environment.id, scenario)
    status, body = ask("POST", f"{stage.addresses.simulator}/control/start", {"speed": speed})
    if status >= 300:
        raise BrokenRunError(f"The simulator did not start its clock: {status} {first_line(body)}")
    screen.note("(2.0 s) behind an event: how much later its flow had it, in real time.")
    clock = SimulatedClock(scenario.start, datetime.now(UTC), speed)
    killer = Killer(stage, kill_every, time.monotonic() + kill_every) if kill_every else None
    news = News(screen, stage.addresses.inbox, stage.addresses.simulator)
    return Day(stage, scenario, news, clock, killer)


def subscribe_all(stage: Stage, subscriptions: tuple[Subscription, ...], screen: Screen) -> None:
    """Subscribe every flow; where they are many, how far it is can be seen."""
    total = len(subscriptions)
    for done, subscription in enumerate(subscriptions):
        if total >= MANY:
            screen.progress(f"{done} of {total} flows subscribed", done / total)
        subscribe(stage, subscription)
    screen.close()


def subscribe(stage: Stage, subscription: Subscription) -> None:
    """Subscribe one flow as a maker's flow does when it is turned on."""
    wanted = {
        "label": subscription.flow,
        **subscription.filters,
        "environmentId": subscription.environment_id,
        "callbackUrl": f"{stage.addresses.inbox}/flows/{quote(subscription.flow, safe='')}",
    }
    status, body = ask(
        "POST", f"{stage.addresses.host}/api/triggers/{subscription.trigger}", wanted, stage.sign_in.token()
    )
    if status != 201:
        what = f"'{subscription.flow}' could not subscribe to {subscription.trigger}"
        raise BrokenRunError(f"{what}: {status} {first_line(body)}. The host's log is {stage.host.log}")


def wait_until_watching(stage: Stage, environment_id: str, scenario: Scenario) -> None:
    """Return when the app has its baseline of the environment and knows every watch."""
    url = f"{stage.addresses.host}/api/environments/{environment_id}/status"
    wanted = len(watches(scenario, environment_id))

    def is_watching() -> bool:
        stage.require_running()
        status, body = ask("GET", url, token=stage.sign_in.token())
        return (
            status == 200 and isinstance(body, dict) and body.get("watching") is True and body.get("watches") == wanted
        )

    what = f"environment {environment_id} with {counted(wanted, 'watch', 'watches')}"
    problem = f"The app does not watch {what} (GET {url}; log {stage.host.log})"
    wait_until(is_watching, problem, WATCHING_SECONDS)


def watches(scenario: Scenario, environment_id: str) -> set[bytes]:
    """The distinct rules that the app must watch: those of threshold and overdue subscriptions."""
    return {
        msgspec.json.encode([each.trigger, {**each.filters, "label": ""}], order="deterministic")
        for each in scenario.subscriptions
        if each.environment_id == environment_id and each.trigger in WATCHED_TRIGGERS and each.at is None
    }
