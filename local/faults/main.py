"""What does `./dev faults` do? Tries every promise, tells how it goes, and exits with 0 only if nothing fell short."""

import argparse
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from local.children import ROOT, ended_by_signals
from local.errors import LocalError
from local.faults.alone import alone
from local.faults.earlier import digests, read_earlier
from local.faults.outcomes import Results, written
from local.faults.page import renew
from local.faults.promises import Part, Promise, Way
from local.faults.register import PROMISES
from local.faults.running import Run, file_of
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
        help=f"as little as `./dev test` tries: some minutes, not most of an hour. {' and '.join(LONG)} are left out "
        "where --only does not name them",
    )
    add("--only", metavar="NAME", action="append", default=[], help="one promise, or one part of one; may be repeated")
    add("--skip", metavar="NAME", action="append", default=[], help="a promise or part to leave out; may be repeated")
    add("--list", action="store_true", help="show the promises and their parts, and try nothing")
    add("--workers", type=workers, default=workers(str(cores())), metavar="N", help="processes side by side")
    add("--resume", action="store_true", help="take over what was found good of the same code, tests and Python")
    add("--report", type=Path, metavar="FILE", help="write the results to this JSON file too")
    add("--write", action="store_true", help="renew docs and README after a whole run, if nothing fell short")
    options = parser.parse_args(arguments)
    if options.write and (options.quick or options.only or options.skip):
        parser.error("--write is for a whole run: leave out --quick, --only and --skip")
    if options.report and not options.report.resolve().parent.is_dir():
        parser.error(f"--report: there is no folder {options.report.resolve().parent}")
    if options.report and options.report.is_dir():
        parser.error(f"--report: {options.report} is a folder")
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
    left_out = [name for name in LONG if name not in options.only] if options.quick else []
    chosen = choose(PROMISES, options.only, [*options.skip, *left_out])
    telling = Telling()
    if options.list:
        telling.all(chosen)
        return 0
    require_writable(FOLDER)
    with alone(FOLDER):
        if any(part.way is Way.TESTS for promise in chosen for part in promise.parts):
            azurite_command()
        run = begun(options, telling)
        results = tried(run, chosen)
        telling.table(chosen, results, FOLDER, whole=chosen == PROMISES and run.profile == "full")
        is_kept = keep(results, options, telling, is_unchanged=run.is_unchanged())
    return 0 if results.is_good and is_kept else 1


def begun(options: argparse.Namespace, telling: Telling) -> Run:
    """The run that is asked for, with what is known from before."""
    profile, now = "quick" if options.quick else "full", digests()
    earlier, problem = read_earlier(file_of(FOLDER, profile), profile, now)
    if options.resume and problem:
        telling.say(f"Nothing to take over: {problem}.")
    return Run(FOLDER, profile, options.workers, telling, now, earlier, options.resume)


def tried(run: Run, chosen: Sequence[Promise]) -> Results:
    """What it comes to. Whoever ends it is told how to go on."""
    with ended_by_signals(), ExitStack() as stack:
        stack.callback(run.telling.close)
        try:
            return run.results(chosen)
        except (KeyboardInterrupt, SystemExit):
            run.telling.say("Broken off. The same command with --resume goes on with what is not yet good.")
            raise


def choose(promises: Sequence[Promise], only: Sequence[str], skip: Sequence[str] = ()) -> tuple[Promise, ...]:
    """The promises and parts of these names (without any: all), but for some. Raises LocalError for an unknown name."""
    known = {one.name for one in promises} | {part.name for one in promises for part in one.parts}
    for name in (*only, *skip):
        if name not in known:
            raise LocalError(f"There is no promise or part '{name}'. Names: see ./dev faults --list")
    all_parts = [replace(one, parts=tuple(_parts(one, only or known, skip))) for one in promises]
    found = tuple(one for one in all_parts if one.parts)
    if not found:
        raise LocalError("This leaves nothing to try. Parts: see ./dev faults --list")
    return found


def _parts(promise: Promise, only: Collection[str], skip: Collection[str]) -> Iterator[Part]:
    for part in promise.parts:
        names = {promise.name, part.name}
        if not names.isdisjoint(only) and names.isdisjoint(skip):
            yield part


def keep(
    results: Results,
    options: argparse.Namespace,
    telling: Telling,
    *,
    is_unchanged: bool,
    renew: Callable[[Results, Sequence[Promise]], None] = renew,
) -> bool:
    """Write the results where they were asked for; whether all of them are there. Raises LocalError."""
    if not is_unchanged:
        telling.say("Code or tests changed while this ran: what came after that is not taken over by --resume.")
    if options.report:
        save(options.report, written(results))
    if not options.write:
        return True
    if not results.is_good or not is_unchanged:
        problem = "something fell short" if is_unchanged else "code or tests changed while this ran"
        telling.say(f"docs/reliability.md and the README are not written: {problem}.")
        return False
    renew(results, PROMISES)
    return True


def save(file: Path, content: bytes) -> None:
    """Write it. Raises LocalError."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise LocalError(f"--report: {file} cannot be written ({error.strerror})") from None
