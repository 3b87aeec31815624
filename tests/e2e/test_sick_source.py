"""A day on which Customer Insights throttles, fails, dawdles and talks nonsense, and one environment does not exist."""

import time
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

from rich.console import Console

from local.guard import ENTRA_FOLDER
from local.play import Day, begin_day
from local.show import Screen
from local.sign_in import fetch_token
from local.simulator.scenario import load_scenario
from local.stage import Addresses, Simulation, set_stage
from local.wire import ask, get_object
from tests.ports import free_base

DAY = Path("local/scenarios/day.toml")
UNKNOWN = "00000000-dead-4bad-8bad-000000000000"
SPEED = 2880.0
FAULTS = (
    {"kind": "throttle", "retry_after": 1, "times": 2},
    {"kind": "fail", "times": 4},
    {"kind": "garbage", "times": 3},
    {"kind": "slow", "seconds": 1, "times": 2},
    {"kind": "garbage", "path": "segments", "times": 2},
    {"kind": "fail", "path": "measures", "times": 4},
)


def test_a_sick_source_loses_nothing_and_holds_up_nobody(tmp_path: Path) -> None:
    """Every expected event still reaches its flow, once; the unknown environment is told in one line and waits."""
    scenario = load_scenario(DAY)
    ids = (*(environment.id for environment in scenario.environments), UNKNOWN)
    with ExitStack() as stack:
        stage = set_stage(stack, tmp_path, Addresses(free_base()), 10, Simulation(DAY.resolve(), None, ids))
        screen = Screen(Console(file=StringIO()))
        stack.callback(screen.close)
        day = begin_day(stage, scenario, SPEED, screen, None)
        play_with_faults(day, ids[0])
        report = day.settle(60)
        operations = fetch_token(stage.addresses.entra, tmp_path / ENTRA_FOLDER / "ca.pem", "operations")
        unknown = get_object(f"{stage.addresses.host}/api/environments/{UNKNOWN}/status", operations.text)
    assert not report.missing
    assert not report.unexpected
    assert not report.duplicates
    assert unknown["watching"] is unknown["healthy"] is False
    assert unknown["failingReason"] == "insights_not_found"
    told = [line for line in stage.host.log.read_text().splitlines() if UNKNOWN in line]
    assert told
    assert all("knows no such environment" in line for line in told)


def play_with_faults(day: Day, environment_id: str) -> None:
    """Follow the day to its end; a fault of another kind begins every three seconds."""
    faults = iter(FAULTS)
    next_at = time.monotonic() + 2
    while not day.look():
        if time.monotonic() > next_at and (fault := next(faults, None)):
            status, body = ask(
                "POST", f"{day.stage.addresses.simulator}/control/faults", {"environment": environment_id, **fault}
            )
            assert status < 300, body
            next_at += 3
        time.sleep(0.2)
