"""Runs a Functions app on this machine: `python -m local.host --app DIR`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from local.host.app import HostPlan, serve
from local.host.app_settings import load_settings
from local.host.errors import HostError
from local.host.host_json import load_host_json

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the host; 0 after a stop by signal, 2 when the app or the machine is not fit for it."""
    given = _parser().parse_args(arguments)
    try:
        with asyncio.Runner(loop_factory=_loop_factory(given.loop)) as runner:
            runner.run(_run(_plan(given)))
    except HostError as error:
        print(f"local.host: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="local.host", description="Run a Python v2-model Azure Functions app on this machine.")
    parser.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="the app's folder (default: this one)")
    parser.add_argument(
        "--port", type=partial(_number, 0, 65535), default=7071, help="default 7071; 0 takes a free one"
    )
    parser.add_argument(
        "--lease-seconds",
        type=partial(_number, 2, 604800),
        default=600,
        metavar="N",
        help="how long a message of a killed host stays hidden (default: 600, as in Azure)",
    )
    parser.add_argument(
        "--invoke",
        choices=["auto", "direct", "runtime"],
        default="auto",
        help="call functions directly or through azure-functions-runtime (default: auto, that is runtime if installed)",
    )
    parser.add_argument(
        "--loop",
        choices=["auto", "asyncio", "uvloop"],
        default="auto",
        help="the event loop (default: auto, that is uvloop from Python 3.13 on, as in Azure)",
    )
    return parser


def _loop_factory(wanted: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loop; None for Python's own.

    Azure's worker takes uvloop from Python 3.13 on where there is one, which is not on Windows
    (Azure/azure-functions-python-worker, `workers/proxy_worker/start_worker.py`).
    """
    if wanted == "asyncio" or (wanted == "auto" and sys.version_info < (3, 13)):
        return None
    try:
        from uvloop import new_event_loop
    except ImportError:
        if wanted == "auto":
            return None
        raise HostError("uvloop is not installed (there is none for Windows); use --loop asyncio") from None
    return new_event_loop


def _number(least: int, most: int, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from {least} to {most}')
    return int(text)


def _plan(given: argparse.Namespace) -> HostPlan:
    app_dir = given.app.resolve()
    settings = load_settings(app_dir, os.environ)
    options = load_host_json(app_dir, {**settings, **os.environ})
    # The app reads its settings from the environment and its files from its folder, as in Azure.
    os.environ.update(settings)
    os.chdir(app_dir)
    _log_to_stderr(options.log_level)
    return HostPlan(app_dir, given.port, given.lease_seconds, given.invoke, options, settings)


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        level=_LEVELS.get(level.lower(), logging.INFO), format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    # At INFO the storage clients write every request with all its headers.
    logging.getLogger("azure.core").setLevel(logging.WARNING)


async def _run(plan: HostPlan) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # the second one ends the program at once
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    await serve(plan, stop, partial(print, flush=True))


def _leave(code: int) -> NoReturn:
    """End the program, also when a sync function still runs on its thread, which Python would wait for."""
    threads = [thread for thread in threading.enumerate() if not thread.daemon]
    for thread in set(threads) - {threading.main_thread()}:
        thread.join(timeout=1)
        if thread.is_alive():
            logging.shutdown()
            os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    _leave(main())
