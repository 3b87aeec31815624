"""What does `./dev run` do? Sets the stage, plays the day or stays up, and leaves nothing running."""

import argparse
import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from local import real
from local.children import ROOT, ended_by_signals
from local.errors import LocalError
from local.options import OneLineParser, port_base, positive
from local.play import Flows, begin_day
from local.report import Report, as_json
from local.show import Screen
from local.simulator.scenario import Scenario, ScenarioError, load_scenario
from local.stage import Addresses, Simulation, Stage, set_stage

DEFAULT_PORT = 7071
DAY = ROOT / "local" / "scenarios" / "day.toml"
SECONDS_OF_A_DAY = 60.0
LEASE_SECONDS = 10
LEASE_SECONDS_WITH_KILLS = 3
SETTLE_SECONDS = 60.0
SETTLE_SECONDS_WITH_KILLS = 120.0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of `./dev run`."""
    parser = OneLineParser(prog="./dev run", description=__doc__)
    add = parser.add_argument
    add(
        "--once",
        action="store_true",
        help="exit after the day: 0 when every expected event reached its flow, once; else 1",
    )
    add("--no-play", action="store_true", help="only start everything; the simulated clock stands still")
    add("--report", type=Path, metavar="FILE", help="write what was expected and what came to this JSON file")
    add("--kill-every", type=positive, metavar="SECONDS", help="kill the functions host that often during the day")
    add("--speed", type=positive, help="how much faster than real time (default: the day in about a minute)")
    add("--seed", type=int, default=1, help="other job ids, and so other event ids (default 1)")
    add("--scenario", type=Path, default=DAY, metavar="FILE", help="what happens (default local/scenarios/day.toml)")
    add("--port", type=port_base, default=DEFAULT_PORT, metavar="BASE", help="first of six ports (default 7071)")
    add("--real", action="store_true", help="watch a real tenant, from local.settings.json or the environment")
    options = parser.parse_args(arguments)
    if options.no_play and (options.once or options.report or options.kill_every):
        parser.error("--no-play plays nothing: leave out --once, --report and --kill-every")
    if options.real and (options.once or options.report or options.kill_every or options.speed):
        parser.error("--real has no simulated day: leave out --once, --report, --kill-every and --speed")
    if options.report and not options.report.resolve().parent.is_dir():
        parser.error(f"--report: there is no folder {options.report.resolve().parent}")
    return options


def main(arguments: list[str]) -> int:
    """Run until the end of the day, or Ctrl-C; the exit code."""
    options = parse(arguments)
    with ended_by_signals(), ExitStack() as stack:
        screen = Screen()
        stack.callback(screen.close)
        if options.real:
            return run_real(stack, options, screen)
        return run_simulated(stack, options, screen)


def run_simulated(stack: ExitStack, options: argparse.Namespace, screen: Screen) -> int:
    """Everything on this machine, against the simulator."""
    try:
        scenario = load_scenario(options.scenario, options.seed)
    except ScenarioError as error:
        raise LocalError(str(error)) from None
    addresses = Addresses(options.port)
    addresses.require_free(simulated=True)
    lease = LEASE_SECONDS_WITH_KILLS if options.kill_every else LEASE_SECONDS
    ids = tuple(environment.id for environment in scenario.environments)
    simulation = Simulation(options.scenario.resolve(), options.seed, ids)
    folder = fresh_folder(run_folder("run", options.port))
    screen.note(
        f"{scenario.title}: starting storage, simulator, flow inbox and functions host (logs in {folder / 'logs'})"
    )
    stage = set_stage(stack, folder, addresses, lease, simulation)
    if options.no_play:
        return stay_up(stage, screen)
    report = played(stage, scenario, options, screen)
    if not options.once:
        return stay_up(stage, screen)
    return 0 if report.is_good(duplicates_allowed=bool(options.kill_every)) else 1


def played(stage: Stage, scenario: Scenario, options: argparse.Namespace, screen: Screen) -> Report:
    """The report of the played day, shown and written."""
    speed = options.speed or (scenario.end - scenario.start).total_seconds() / SECONDS_OF_A_DAY
    day = begin_day(stage, scenario, speed, screen, options.kill_every)
    day.play()
    report = day.settle(SETTLE_SECONDS_WITH_KILLS if options.kill_every else SETTLE_SECONDS)
    screen.summary(report, duplicates_allowed=bool(options.kill_every))
    if options.report:
        content = as_json(report, {"seed": options.seed, "scenario": scenario.title})
        options.report.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    return report


def run_real(stack: ExitStack, options: argparse.Namespace, screen: Screen) -> int:
    """The same pipeline, against a real tenant; its data stays for the next time."""
    settings = real.settings(ROOT / "local.settings.json", os.environ)
    os.environ.update(settings)  # signing in and the functions host read them there
    problems = real.missing(settings, real.sign_in_problem)
    if problems:
        raise LocalError("\n".join(problems))
    addresses = Addresses(options.port)
    addresses.require_free(simulated=False)
    folder = run_folder("real", options.port)
    screen.note(f"Starting storage, flow inbox and functions host against your tenant (logs in {folder / 'logs'})")
    stage = set_stage(stack, folder, addresses, LEASE_SECONDS, None)
    return stay_up(stage, screen)


def run_folder(name: str, port: int) -> Path:
    """Where a run keeps its data; runs at other ports have folders of their own."""
    return ROOT / ".local" / (name if port == DEFAULT_PORT else f"{name}-{port}")


def fresh_folder(folder: Path) -> Path:
    """The folder, made anew and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def stay_up(stage: Stage, screen: Screen) -> int:
    """Say where everything is and show what reaches the flows, until Ctrl-C."""
    at = stage.addresses
    screen.note(f"Functions   {at.host}/api")
    if stage.others[1:]:
        screen.note(f"Simulator   {at.simulator}/control/state")
    screen.note(f"Flow inbox  {at.inbox}/")
    screen.note("Ctrl-C ends everything.")
    flows = Flows(at.inbox)
    flows.look()
    try:
        while True:
            stage.require_running()
            for delivery in flows.look():
                screen.delivery(delivery, None, delivery.received_at)
            time.sleep(0.5)
    except KeyboardInterrupt:
        screen.note("Ending everything.")
        return 0
