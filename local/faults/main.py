"""What does `./dev faults` do? Tries every promise, tells how it goes, and exits with 0 only if nothing fell short."""

import argparse
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from local.children import ROOT, ended_by_signals
from local.errors import LocalError
from local.faults.outcomes import Results, read_results, written
from local.faults.page import PAGE, README, RESULTS, page, with_promises
from local.faults.promises import Part, Promise, Way
from local.faults.register import PROMISES
from local.faults.running import Run, kept
from local.faults.telling import Telling
from local.machine import azurite_command, require_writable
from local.options import OneLineParser

DESCRIPTION = "Try every promise of docs/reliability.md: crashes, faults of the network, attacks, scale, mutants."
FOLDER = ROOT / ".cache" / "faults"
MOST_WORKERS = 4
LONG = tuple(part.name for promise in PROMISES for part in promise.parts if part.way is not Way.TESTS)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of `./dev faults`."""
    parser = OneLineParser(prog="./dev faults", description=DESCRIPTION)
    add = parser.add_argument
    add(
        "--quick",
        action="store_true",
        help=f"as little as `./dev test` tries, without {' and '.join(LONG)}: some minutes, not most of an hour",
    )
    add("--only", metavar="NAME", action="append", default=[], help="one promise, or one part of one; may be repeated")
    add("--skip", metavar="NAME", action="append", default=[], help="a promise or part to leave out; may be repeated")
    add("--list", action="store_true", help="show the promises and their parts, and try nothing")
    add("--workers", type=workers, default=workers(str(cores())), metavar="N", help="processes side by side")
    add("--resume", action="store_true", help="take over what the last run found good, if the app's code is the same")
    add("--report", type=Path, metavar="FILE", help="write the results to this JSON file too")
    add("--write", action="store_true", help="renew docs/reliability.md and docs/reliability.json, after a whole run")
    options = parser.parse_args(arguments)
    if options.write and (options.quick or options.only or options.skip):
        parser.error("--write is for a whole run: leave out --quick, --only and --skip")
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
    chosen = choose(PROMISES, options.only, [*options.skip, *(LONG if options.quick and not options.only else ())])
    telling = Telling()
    if options.list:
        telling.all(chosen)
        return 0
    require_writable(FOLDER)
    azurite_command()
    with ended_by_signals(), ExitStack() as stack:
        stack.callback(telling.close)
        profile = "quick" if options.quick else "full"
        earlier = kept(FOLDER / "results.json", profile) if options.resume else None
        results = Run(FOLDER, profile, options.workers, telling, earlier).results(chosen)
    keep(results, options)
    telling.table(chosen, results, FOLDER)
    return 0 if results.is_good else 1


def choose(promises: Sequence[Promise], only: Sequence[str], skip: Sequence[str] = ()) -> tuple[Promise, ...]:
    """The promises and parts of these names (without any: all), but for some. Raises LocalError for an unknown name."""
    known = {one.name for one in promises} | {part.name for one in promises for part in one.parts}
    for name in (*only, *skip):
        if name not in known:
            raise LocalError(f"There is no promise or part '{name}'. Names: see ./dev faults --list")
    found = [replace(one, parts=tuple(_parts(one, only or known, skip))) for one in promises]
    return tuple(one for one in found if one.parts)


def _parts(promise: Promise, only: Collection[str], skip: Collection[str]) -> Iterator[Part]:
    for part in promise.parts:
        names = {promise.name, part.name}
        if not names.isdisjoint(only) and names.isdisjoint(skip):
            yield part


def keep(results: Results, options: argparse.Namespace) -> None:
    """Write the results where they were asked for."""
    for file in [*([options.report] if options.report else []), *([RESULTS] if options.write else [])]:
        file.write_bytes(written(results))
    if options.write:
        kept = read_results(RESULTS)
        PAGE.write_text(page(kept, PROMISES), encoding="utf-8")
        README.write_text(with_promises(README.read_text(encoding="utf-8"), kept, PROMISES), encoding="utf-8")
