"""`python -m local.simulator`: run the Customer Insights simulator until Ctrl-C."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from aiohttp import web

from local.simulator.scenario import Scenario, ScenarioError, load_scenario
from local.simulator.server import Credentials, make_app, simulation_of
from local.simulator.vendor import Paths

HOST = "127.0.0.1"
DAY = Path(__file__).parent.parent / "scenarios" / "day.toml"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator; the exit code is 2 if it cannot be started as asked."""
    options = _parser().parse_args(argv)
    try:
        scenario = load_scenario(options.scenario, options.seed)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 2
    simulation = simulation_of(scenario, options.speed, paused=options.paused)
    app = make_app(simulation, Credentials(options.subscription_key, options.identity_header), options.paths)
    ready = _ready_line(scenario, options)
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


def _ready_line(scenario: Scenario, options: argparse.Namespace) -> str:
    pace = "paused; POST /control/start" if options.paused else f"{options.speed:g} times real pace"
    address = f"http://{HOST}:{options.port}"
    return (
        f"Customer Insights simulator ready on {address} ({scenario.title}, from {scenario.start:%d %b %H:%M}; {pace})"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.simulator", description=__doc__)
    parser.add_argument("--port", type=_port, default=7072, help="where it listens (default 7072)")
    parser.add_argument("--scenario", type=Path, default=DAY, help="what happens (default local/scenarios/day.toml)")
    parser.add_argument("--speed", type=_speed, default=1, help="how fast its clock runs; 1440 is a day a minute")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other job ids (default 1)")
    parser.add_argument("--paused", action="store_true", help="stand still until POST /control/start")
    parser.add_argument("--paths", choices=get_args(Paths), default="both", help="which of the vendor's paths exist")
    parser.add_argument(
        "--subscription-key", default="local-key", help="what callers send as Ocp-Apim-Subscription-Key"
    )
    parser.add_argument("--identity-header", default="local", help="what IDENTITY_HEADER must be")
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
