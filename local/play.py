"""How does a played day go? Flows subscribe, the simulated clock runs, and what reaches them is compared."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from local.children import wait_until
from local.errors import BrokenRunError
from local.report import Delivery, Expectation, Report, SimulatedClock, compare
from local.show import Screen
from local.simulator.scenario import Scenario, Subscription
from local.stage import Stage
from local.wire import ask, first_line, get_list, get_object

LOOK_EVERY_SECONDS = 0.3
WATCHING_SECONDS = 60.0
QUIET_SECONDS = 4.0
WATCHED_TRIGGERS = frozenset({"segment-threshold-crossed", "measure-threshold-crossed", "data-source-overdue"})


@dataclass(slots=True)
class Flows:
    """What has reached the flow inbox so far."""

    url: str
    deliveries: list[Delivery] = field(default_factory=list)
    seen: int = 0

    def look(self) -> list[Delivery]:
        """The deliveries since the last look that the flow took."""
        calls = get_list(f"{self.url}/flows?since={self.seen}")
        self.seen += len(calls)
        new = [delivery_of(call) for call in calls if call["status"] == 202]
        self.deliveries += new
        return new


def delivery_of(call: Mapping[str, object]) -> Delivery:
    """What a flow got, read as a CloudEvent; anything else is kept under a name that nobody expects."""
    received_at = datetime.fromisoformat(str(call["received_at"]))
    event = call["body"] if isinstance(call["body"], dict) else {}
    try:
        happened_at = datetime.fromisoformat(str(event.get("time")))
    except ValueError:
        happened_at = received_at
    data = event.get("data")
    return Delivery(
        flow=str(call["flow"]),
        id=str(event.get("id", f"call {call['number']}")),
        type=str(event.get("type", "not an event")),
        subject=str(event.get("subject", "")),
        time=happened_at if happened_at.tzinfo else happened_at.replace(tzinfo=UTC),
        received_at=received_at,
        summary=str(data.get("summary", "")) if isinstance(data, dict) else "",
    )


@dataclass(slots=True)
class Killer:
    """Ends the functions host as a crash would, again and again, and starts it again at once."""

    stage: Stage
    every_seconds: float
    next_at: float = field(default=0.0)
    kills: int = 0

    def act(self, screen: Screen) -> None:
        """Kill it when it is time."""
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + self.every_seconds
        self.kills += 1
        self.stage.host.kill()
        self.stage.host.start()
        screen.note(f"-- functions host killed and started again ({self.kills}) --")


@dataclass(slots=True)
class Day:
    """One playing of a scenario on a stage that is set."""

    stage: Stage
    scenario: Scenario
    screen: Screen
    clock: SimulatedClock
    flows: Flows
    killer: Killer | None = None
    changes_seen: int = 0
    arrived_at: float = field(default_factory=time.monotonic)

    def look(self) -> bool:
        """Show what is new; whether the day is over."""
        self.stage.require_running()
        simulator = self.stage.addresses.simulator
        state = get_object(f"{simulator}/control/state")
        now = datetime.fromisoformat(str(state["now"]))
        for change in get_list(f"{simulator}/control/changes?since={self.changes_seen}"):
            self.changes_seen = max(self.changes_seen, int(str(change["number"])))
            self.screen.change(datetime.fromisoformat(str(change["at"])), str(change["text"]))
        for delivery in self.flows.look():
            self.arrived_at = time.monotonic()
            self.screen.delivery(delivery, self.clock.lag_seconds(delivery), now)
        self.screen.day(now, self.scenario.start, self.scenario.end)
        return bool(state["ended"])

    def play(self) -> None:
        """Follow the day to its end."""
        while not self.look():
            if self.killer is not None:
                self.killer.act(self.screen)
            time.sleep(LOOK_EVERY_SECONDS)

    def settle(self, seconds: float) -> Report:
        """Wait for what is outstanding, then for quiet, and compare."""
        deadline = time.monotonic() + seconds
        self.arrived_at = time.monotonic()
        while True:
            self.look()
            report = compare(expectations(self.scenario), self.flows.deliveries, self.clock)
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
    for subscription in scenario.subscriptions:
        subscribe(stage, subscription)
    screen.note(
        f"{len(scenario.subscriptions)} subscriptions made; waiting for the app's first look at Customer Insights"
    )
    for environment in scenario.environments:
        wait_until_watching(stage, environment.id, scenario)
    status, body = ask("POST", f"{stage.addresses.simulator}/control/start", {"speed": speed})
    if status >= 300:
        raise BrokenRunError(f"The simulator did not start its clock: {status} {first_line(body)}")
    clock = SimulatedClock(scenario.start, datetime.now(UTC), speed)
    killer = Killer(stage, kill_every, time.monotonic() + kill_every) if kill_every else None
    return Day(stage, scenario, screen, clock, Flows(stage.addresses.inbox), killer)


def subscribe(stage: Stage, subscription: Subscription) -> None:
    """Subscribe one flow as a maker's flow does when it is turned on."""
    wanted = {
        "label": subscription.flow,
        **subscription.filters,
        "environmentId": subscription.environment_id,
        "callbackUrl": f"{stage.addresses.inbox}/flows/{quote(subscription.flow)}",
    }
    status, body = ask("POST", f"{stage.addresses.host}/api/triggers/{subscription.trigger}", wanted)
    if status != 201:
        what = f"'{subscription.flow}' could not subscribe to {subscription.trigger}"
        raise BrokenRunError(f"{what}: {status} {first_line(body)}. The host's log is {stage.host.log}")


def wait_until_watching(stage: Stage, environment_id: str, scenario: Scenario) -> None:
    """Return when the app has its baseline of the environment and knows every watch."""
    url = f"{stage.addresses.host}/api/environments/{environment_id}/status"
    wanted = len(watches(scenario, environment_id))

    def is_watching() -> bool:
        stage.require_running()
        status, body = ask("GET", url)
        return (
            status == 200 and isinstance(body, dict) and body.get("watching") is True and body.get("watches") == wanted
        )

    problem = (
        f"The app does not watch environment {environment_id} with {wanted} watches (GET {url}; log {stage.host.log})"
    )
    wait_until(is_watching, problem, WATCHING_SECONDS)


def watches(scenario: Scenario, environment_id: str) -> set[bytes]:
    """The distinct rules that the app must watch: those of threshold and overdue subscriptions."""
    return {
        msgspec.json.encode([each.trigger, {**each.filters, "label": ""}], order="deterministic")
        for each in scenario.subscriptions
        if each.environment_id == environment_id and each.trigger in WATCHED_TRIGGERS
    }
