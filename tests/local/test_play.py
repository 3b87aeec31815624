"""A played day, with the real simulator and flow inbox and a stand-in for the app."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local.entra.certificate import make_certificate
from local.errors import BrokenRunError
from local.play import Killer, begin_day, watches
from local.report import Report
from local.show import Screen
from local.sign_in import nobody
from local.simulator.scenario import load_scenario
from local.stage import Addresses, Host, Simulation, Stage, host_name, start_inbox, start_simulator
from tests.ports import free_base

MORNING = Path(__file__).with_name("morning.toml")
STAND_IN = Path(__file__).with_name("stand_in_app.py")
SPEED = 3600.0  # an hour in a second

Play = Callable[..., Report]


@pytest.fixture
def shown() -> StringIO:
    return StringIO()


@pytest.fixture
def play(tmp_path: Path, shown: StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    monkeypatch.setattr("local.play.QUIET_SECONDS", 0.5)
    with ExitStack() as stack:

        def play_with(fault: str, *, settle: float = 8.0, kill_every: float | None = None) -> Report:
            addresses = Addresses(free_base())
            scenario = load_scenario(MORNING)
            ids = tuple(each.id for each in scenario.environments)
            certificate = make_certificate(tmp_path)
            simulator = start_simulator(stack, addresses, Simulation(MORNING, 1, ids), tmp_path, certificate)
            inbox = start_inbox(stack, addresses, tmp_path)
            command = [sys.executable, "-m", "tests.local.stand_in_app", str(addresses.base), addresses.simulator]
            host = Host(addresses.base, [*command, str(MORNING), fault], {}, tmp_path / "host.log")
            stack.callback(host.stop)
            host.start()
            host.wait_until_serving()
            screen = Screen(Console(file=shown, width=200))
            stage = Stage(addresses, (host,), (simulator, inbox), nobody())
            day = begin_day(stage, scenario, SPEED, screen, kill_every)
            day.play()
            report = day.settle(settle)
            screen.summary(report, duplicates_allowed=False)
            return report

        yield play_with


def test_a_day_in_which_all_goes_well(play: Play, shown: StringIO) -> None:
    """Changes, events with their flow, and a closing line are shown; nothing is missing."""
    report = play("none")
    assert report.is_good(duplicates_allowed=False)
    assert [event.type for event, _ in report.events] == ["datasource.refresh.succeeded", "segment.threshold.crossed"]
    assert "06:10  source  'Refresh of Web orders' started by hand" in shown.getvalue()
    assert "2 subscriptions made" in shown.getvalue()
    assert "datasources/web did something  ->  Post to Teams" in shown.getvalue()
    assert "All 2 expected events reached their flows, once." in shown.getvalue()


def test_a_lost_event_is_missing(play: Play, shown: StringIO) -> None:
    """An event that never comes fails the day, by its name, after the time to settle."""
    report = play("lose", settle=1.0)
    assert [(item.type, item.flow) for item in report.missing] == [("datasource.refresh.succeeded", "Post to Teams")]
    assert not report.is_good(duplicates_allowed=True)
    assert "missing     02 Mar 06:15  datasource.refresh.succeeded" in shown.getvalue()


def test_a_repeated_event_is_a_duplicate(play: Play) -> None:
    """The same event at the same flow again fails the day unless the host was killed."""
    report = play("repeat")
    assert len(report.duplicates) == 2
    assert report.is_good(duplicates_allowed=True)
    assert not report.is_good(duplicates_allowed=False)


def test_an_invented_event_is_unexpected(play: Play) -> None:
    """An event that the scenario does not know fails the day."""
    report = play("invent")
    assert {event.subject for event in report.unexpected} == {"x"}
    assert not report.is_good(duplicates_allowed=True)


def test_a_host_that_ends_by_itself_ends_the_run(play: Play) -> None:
    """The end of its log is in the message, so that nobody needs to look for it."""
    with pytest.raises(BrokenRunError, match=r"(?s)functions host ended .*stopped by itself"):
        play("stop")


def test_a_killed_host_is_started_again(play: Play, shown: StringIO) -> None:
    """The stand-in forgets its subscriptions, so that only the kill itself is to be seen here."""
    play("none", settle=0.1, kill_every=0.4)
    assert "functions host killed and started again (1)" in shown.getvalue()


def test_several_hosts_are_killed_each_in_turn(tmp_path: Path, shown: StringIO) -> None:
    """So that one of them is up all the time."""
    addresses = Addresses(free_base(2), 2)
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    ports = enumerate(addresses.host_ports, start=1)
    hosts = tuple(Host(port, sleep, {}, tmp_path / f"{port}.log", host_name(number)) for number, port in ports)
    killer = Killer(Stage(addresses, hosts, (), nobody()), every_seconds=0)
    try:
        for each in hosts:
            each.start()
        for turn in range(3):
            before = [each.child for each in hosts]
            killer.act(Screen(Console(file=shown, width=200)))
            assert [each.child is not was for each, was in zip(hosts, before, strict=True)].index(True) == turn % 2
    finally:
        for each in hosts:
            each.kill()
    assert "functions host 2 killed and started again (2)" in shown.getvalue()


def test_the_same_rule_is_one_watch() -> None:
    """Subscriptions that differ in their label only share a watch; refresh triggers have none."""
    scenario = load_scenario(MORNING)
    assert len(watches(scenario, scenario.environments[0].id)) == 1
    assert not watches(scenario, "another")


def test_many_flows_show_how_far_they_are(play: Play, shown: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storm takes a while to subscribe; two flows do not, unless two are many."""
    monkeypatch.setattr("local.play.MANY", 2)
    play("none")
    assert "-- 1 of 2 flows subscribed, 50% --" in shown.getvalue()
