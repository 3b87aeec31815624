"""What does `./dev faults` do? Tries every promise, tells how it goes, and exits with 0 only if nothing fell short."""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from local.children import ROOT, ended_by_signals
from local.errors import LocalError
from local.faults.outcomes import Results, read_results, written
from local.faults.page import PAGE, RESULTS, page
from local.faults.promises import Part, Promise
from local.faults.register import PROMISES
from local.faults.running import Run
from local.faults.telling import Telling
from local.machine import azurite_command, require_writable
from local.options import OneLineParser

DESCRIPTION = "Try every promise of docs/reliability.md: crashes, faults of the network, attacks, scale, mutants."
FOLDER = ROOT / ".cache" / "faults"
MOST_WORKERS = 4


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of `./dev faults`."""
    parser = OneLineParser(prog="./dev faults", description=DESCRIPTION)
    add = parser.add_argument
    add("--quick", action="store_true", help="as little as `./dev test` tries: some minutes instead of most of an hour")
    add("--only", metavar="NAME", action="append", default=[], help="one promise, or one part of one; may be repeated")
    add("--list", action="store_true", help="show the promises and their parts, and try nothing")
    add("--workers", type=workers, default=workers(str(cores())), metavar="N", help="processes side by side")
    add("--report", type=Path, metavar="FILE", help="write the results to this JSON file too")
    add("--write", action="store_true", help="renew docs/reliability.md and docs/reliability.json, after a whole run")
    options = parser.parse_args(arguments)
    if options.write and (options.quick or options.only):
        parser.error("--write is for a whole run: leave out --quick and --only")
    if options.report and not options.report.resolve().parent.is_dir():
        parser.error(f"--report: there is no folder {options.report.resolve().parent}")
    return options


def workers(text: str) -> int:
    """A number of processes."""
    if not text.isdigit() or not 1 <= int(text) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to {MOST_WORKERS}")
    return int(text)


def cores() -> int:
    """How many processes this machine takes side by side."""
    return min(os.cpu_count() or 1, MOST_WORKERS)


def main(arguments: list[str]) -> int:
    """Try what is asked for; the exit code."""
    options = parse(arguments)
    chosen = choose(PROMISES, options.only)
    telling = Telling()
    if options.list:
        telling.all(chosen)
        return 0
    require_writable(FOLDER)
    azurite_command()
    with ended_by_signals(), ExitStack() as stack:
        stack.callback(telling.close)
        run = Run(FOLDER, "quick" if options.quick else "full", options.workers, telling)
        results = run.results(chosen)
    keep(results, options)
    telling.table(chosen, results, FOLDER)
    return 0 if results.is_good else 1


def choose(promises: Sequence[Promise], names: Sequence[str]) -> tuple[Promise, ...]:
    """The promises and parts of these names; all of them without a name. Raises LocalError for a name that none has."""
    known = {one.name for one in promises} | {part.name for one in promises for part in one.parts}
    for name in names:
        if name not in known:
            raise LocalError(f"--only: there is no '{name}'. Names: see ./dev faults --list")
    if not names:
        return tuple(promises)
    found = [Promise(one.name, one.says, _parts(one, names)) for one in promises]
    return tuple(one for one in found if one.parts)


def _parts(promise: Promise, names: Sequence[str]) -> tuple[Part, ...]:
    return tuple(part for part in promise.parts if promise.name in names or part.name in names)


def keep(results: Results, options: argparse.Namespace) -> None:
    """Write the results where they were asked for, and always below .cache."""
    files = [FOLDER / "results.json", *([options.report] if options.report else [])]
    for file in [*files, *([RESULTS] if options.write else [])]:
        file.write_bytes(written(results))
    if options.write:
        PAGE.write_text(page(read_results(RESULTS), PROMISES), encoding="utf-8")
