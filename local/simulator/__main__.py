"""`python -m local.simulator`: run the Customer Insights simulator until Ctrl-C."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

from aiohttp import web

from local.entra.published import PublishedKeys
from local.options import OneLineParser
from local.simulator.identity import check_with
from local.simulator.scenario import Scenario, ScenarioError, load_scenario
from local.simulator.server import Credentials, make_app, simulation_of
from local.simulator.simulation import Simulation
from local.simulator.vendor import Paths

HOST = "127.0.0.1"
LOOK_EVERY_SECONDS = 0.5
DAY = Path(__file__).parent.parent / "scenarios" / "day.toml"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator; the exit code is 2 if it cannot be started as asked."""
    parser = _parser()
    options = parser.parse_args(argv)
    if bool(options.authority) != bool(options.ca):
        parser.error("--authority and --ca belong together")
    try:
        scenario = load_scenario(options.scenario, options.seed)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    simulation = simulation_of(scenario, options.speed, paused=options.paused)
    credentials = Credentials(options.subscription_key, options.identity_header)
    check = check_with(PublishedKeys(options.authority.rstrip("/"), options.ca)) if options.authority else None
    app = make_app(simulation, credentials, options.paths, check=check)
    app.cleanup_ctx.append(lambda _: _telling_changes(simulation))
    ready = _ready_lines(scenario, options)
    try:
        web.run_app(
            app,
            host=HOST,
            port=options.port,
            print=lambda *_: print(ready, flush=True),
            access_log=None,
            shutdown_timeout=1,
            loop=asyncio.new_event_loop(),
        )
    except OSError as error:
        print(f"Port {options.port} cannot be used ({error.strerror}); choose another with --port.", file=sys.stderr)
        return 2
    return 0


async def _telling_changes(simulation: Simulation) -> AsyncIterator[None]:
    task = asyncio.create_task(_tell_changes(simulation))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _tell_changes(simulation: Simulation) -> None:
    """Print each change as it comes; what a jump back undoes is told again when it comes again."""
    told = 0
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        changes = simulation.changes()
        for change in changes[told:]:
            print(f"{change.at:%H:%M}  {change.text}", flush=True)
        told = len(changes)


def _ready_lines(scenario: Scenario, options: argparse.Namespace) -> str:
    pace = "paused" if options.paused else f"{options.speed:g} times real pace"
    address = f"http://{HOST}:{options.port}"
    return "\n".join(
        (
            f"Customer Insights simulator ready on {address}",
            f"Scenario     {scenario.title}, from {scenario.start:%d %b %H:%M}, {pace}",
            f"API          {address}/v1 (Ocp-Apim-Subscription-Key: {options.subscription_key})",
            *(f"Environment  {one.id}  {one.name}" for one in scenario.environments),
            f"State        {address}/control/state",
            f"Clock        curl {address}/control/start -d '{{\"speed\": 1440}}'",
            f"             curl -X POST {address}/control/pause",
            f'Faults       curl {address}/control/faults -d \'{{"kind": "fail"}}\'',
            "Changes come below, with the simulated time (UTC). Ctrl-C ends it.",
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="./dev simulate", description="Play a Customer Insights environment until Ctrl-C.")
    add = parser.add_argument
    add("--port", type=_port, default=7072, help="where it listens (default %(default)s)")
    add("--scenario", type=Path, default=DAY, help="what happens (default local/scenarios/day.toml)")
    add("--speed", type=_speed, default=1, help="how fast its clock runs; 1440 is a day a minute (default %(default)s)")
    add("--seed", type=int, default=1, help="another seed gives other job ids (default %(default)s)")
    add("--paused", action="store_true", help="stand still until POST /control/start")
    paths = "which of the vendor's paths exist (default %(default)s)"
    add("--paths", choices=get_args(Paths), default="both", help=paths)
    key = "what callers send as Ocp-Apim-Subscription-Key (default %(default)s)"
    add("--subscription-key", default="local-key", help=key)
    add("--identity-header", default="local", help="what IDENTITY_HEADER must be (default %(default)s)")
    add("--authority", metavar="URL", help="take tokens of the Entra ID stand-in that runs there; else of its own")
    add("--ca", type=Path, metavar="FILE", help="the certificate authority of --authority")
    return parser


def _port(written: str) -> int:
    if not (written.isdecimal() and 0 < int(written) < 65536):
        raise argparse.ArgumentTypeError(f"{written!r} is no port; give a number from 1 to 65535")
    return int(written)


def _speed(written: str) -> float:
    try:
        speed = float(written)
    except ValueError:
        speed = 0
    if not 0 < speed <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{written!r} is no speed; give a number above 0, such as 1440")
    return speed


if __name__ == "__main__":
    sys.exit(main())
