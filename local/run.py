"""What does `./dev run` do? Sets the stage, plays the day or stays up, and leaves nothing running."""

import argparse
import os
from contextlib import ExitStack
from pathlib import Path

import msgspec

from local import real
from local.children import ROOT, ended_by_signals
from local.errors import LocalError
from local.machine import require_writable
from local.news import News
from local.options import OneLineParser, a_few, port_base, positive
from local.places import DEFAULT_PORT, fresh_folder, run_folder
from local.play import Day, begin_day
from local.report import Report, as_json, unexplained
from local.show import Screen
from local.sign_in import SignIn
from local.simulator.scenario import ScenarioError, load_scenario
from local.stage import ENTRA, LAST_PORT, SIMULATOR, Addresses, Simulation, Stage, set_stage
from local.stay import stay_up

DESCRIPTION = "Start everything on this machine, play a day of Customer Insights and compare what reaches the flows."
DAY = ROOT / "local" / "scenarios" / "day.toml"
SECONDS_OF_A_DAY = 60.0
LEASE_SECONDS = 10
LEASE_SECONDS_WITH_KILLS = 3
SETTLE_SECONDS = 60.0
SETTLE_SECONDS_WITH_KILLS = 120.0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of `./dev run`."""
    parser = OneLineParser(prog="./dev run", description=DESCRIPTION)
    add = parser.add_argument
    add(
        "--once",
        action="store_true",
        help="exit after the day: 0 when every expected event reached its flow, once; else 1",
    )
    add("--no-play", action="store_true", help="only start everything; the simulated clock stands still")
    add("--report", type=Path, metavar="FILE", help="write what was expected and what came to this JSON file")
    add("--kill-every", type=positive, metavar="SECONDS", help="kill the functions host that often during the day")
    add("--hosts", type=a_few, default=1, metavar="N", help="so many functions hosts on the same storage (default 1)")
    add("--speed", type=positive, help="how much faster than real time (default: the day in about a minute)")
    add("--seed", type=int, default=1, help="other job ids, and so other event ids (default 1)")
    add("--scenario", type=Path, default=DAY, metavar="FILE", help="what happens (default local/scenarios/day.toml)")
    add("--port", type=port_base, default=DEFAULT_PORT, metavar="BASE", help="first of seven ports (default 7071)")
    add("--real", action="store_true", help="watch a real tenant, from local.settings.json or the environment")
    options = parser.parse_args(arguments)
    if options.no_play and (options.once or options.report or options.kill_every):
        parser.error("--no-play plays nothing: leave out --once, --report and --kill-every")
    if options.real and (options.once or options.report or options.kill_every or options.speed):
        parser.error("--real has no simulated day: leave out --once, --report, --kill-every and --speed")
    if options.port + 5 + options.hosts > LAST_PORT:
        parser.error(f"--hosts {options.hosts}: there is no port behind {LAST_PORT}; choose a lower --port")
    if options.report and (problem := report_problem(options.report.resolve())):
        parser.error(f"--report: {problem}")
    return options


def report_problem(file: Path) -> str:
    """Why the report could not be written there after the day, or nothing."""
    if file.is_dir():
        return f"{file} is a folder; name a file"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    return "" if os.access(file if file.exists() else file.parent, os.W_OK) else f"{file} cannot be written"


def main(arguments: list[str]) -> int:
    """Run until the end of the day, or Ctrl-C; the exit code."""
    options = parse(arguments)
    with ended_by_signals(), ExitStack() as stack:
        screen = Screen()
        try:
            return run_real(stack, options, screen) if options.real else run_simulated(stack, options, screen)
        except KeyboardInterrupt:
            screen.close()
            screen.note("Ctrl-C before the end: nothing is compared. Ending everything.")
            return 130
        finally:
            screen.close()


def run_simulated(stack: ExitStack, options: argparse.Namespace, screen: Screen) -> int:
    """Everything on this machine, against the simulator."""
    try:
        scenario = load_scenario(options.scenario, options.seed)
    except ScenarioError as error:
        raise LocalError(str(error)) from None
    addresses = Addresses(options.port, options.hosts)
    addresses.require_free()
    lease = LEASE_SECONDS_WITH_KILLS if options.kill_every else LEASE_SECONDS
    environments = {environment.id: environment.name for environment in scenario.environments}
    simulation = Simulation(options.scenario.resolve(), options.seed, tuple(environments))
    folder = fresh_folder(run_folder("run", options.port))
    hosts = "functions host" if options.hosts == 1 else f"{options.hosts} functions hosts"
    screen.note(f"{scenario.title}: starting storage, simulator, flow inbox and {hosts}")
    stage = staged(stack, screen, folder, addresses, lease, simulation)
    if options.no_play:
        return stay_up(stage, News(screen, addresses.inbox, addresses.simulator), environments, paused=True)
    speed = options.speed or (scenario.end - scenario.start).total_seconds() / SECONDS_OF_A_DAY
    day = begin_day(stage, scenario, speed, screen, options.kill_every)
    report = played(day, options)
    if not options.once:
        return stay_up(stage, day.news, environments)
    return 0 if report.is_good(duplicates_allowed=bool(options.kill_every)) else 1


def staged(
    stack: ExitStack,
    screen: Screen,
    folder: Path,
    addresses: Addresses,
    lease_seconds: int,
    simulation: Simulation | None,
    own_sign_in: SignIn | None = None,
) -> Stage:
    """Everything started, with what a reader of the lines to come must know."""
    screen.to_copy(f"Logs: {folder / 'logs'}")
    stage = set_stage(stack, folder, addresses, lease_seconds, simulation, own_sign_in)
    screen.note("Lines begin with the time at Customer Insights (UTC).")
    return stage


def played(day: Day, options: argparse.Namespace) -> Report:
    """The report of the played day, shown and written."""
    day.play()
    report = day.settle(SETTLE_SECONDS_WITH_KILLS if options.kill_every else SETTLE_SECONDS)
    day.news.screen.summary(report, duplicates_allowed=bool(options.kill_every))
    if options.report:
        odd = unexplained(report.duplicates, day.killed_at, day.clock)
        extra = {"seed": options.seed, "scenario": day.scenario.title}
        content = as_json(report, {**extra, "kills": len(day.killed_at), "unexplained": len(odd)})
        options.report.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    return report


def run_real(stack: ExitStack, options: argparse.Namespace, screen: Screen) -> int:
    """The same pipeline, against a real tenant; its data stays for the next time."""
    settings = real.settings(ROOT / "local.settings.json", os.environ)
    os.environ.update(settings)  # signing in and the functions host read them there
    problems = real.missing(settings, real.sign_in_problem)
    if problems:
        raise LocalError("\n".join(problems))
    sign_in = real.own_sign_in(settings)
    addresses = Addresses(options.port, options.hosts)
    addresses.require_free(without=(SIMULATOR, *([ENTRA] if sign_in else [])))
    folder = run_folder("real", options.port)
    require_writable(folder)
    screen.note("Starting storage, flow inbox and functions host against your tenant")
    stage = staged(stack, screen, folder, addresses, LEASE_SECONDS, None, sign_in)
    environments = dict.fromkeys(real.environment_ids(settings[real.ENVIRONMENTS]), "")
    return stay_up(stage, News(screen, addresses.inbox), environments)
