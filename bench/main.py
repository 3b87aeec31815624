"""What does `./dev bench` do? Measures the parts, tells each with its promises, and compares or keeps what it found."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.compare import compare
from bench.figures import Part
from bench.page import RESULTS, renew
from bench.register import PARTS
from bench.results import Results, read_results, written
from bench.running import Run
from bench.telling import Telling
from local.children import ROOT, ended_by_signals
from local.errors import LocalError
from local.faults.alone import alone
from local.machine import require_writable
from local.options import OneLineParser, a_few

DESCRIPTION = "Measure how fast and how cheap the app is, beside its peers and beside what the machine can do."
FOLDER = ROOT / ".cache" / "bench"
REPEATS = 3


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of `./dev bench`."""
    parser = OneLineParser(prog="./dev bench", description=DESCRIPTION)
    add = parser.add_argument
    add("--list", action="store_true", help="show the parts and what is promised, and measure nothing")
    add("--only", metavar="PART", nargs="+", action="extend", default=[], help="these parts; may be repeated")
    add("--skip", metavar="PART", nargs="+", action="extend", default=[], help="all parts but these; may be repeated")
    add("--quick", action="store_true", help="tiny sizes, once: does every part still work? The figures say nothing")
    add("--repeats", type=a_few, default=REPEATS, metavar="N", help=f"measure so often (default {REPEATS})")
    add("--json", type=Path, metavar="FILE", help="write the results to this file too")
    add(
        "--compare",
        type=Path,
        nargs="?",
        const=True,
        metavar="FILE",
        help=f"exit with 1 if anything is worse than in {RESULTS.relative_to(ROOT)}; with a FILE, measure nothing and "
        "compare the results that are in it",
    )
    add("--write", action="store_true", help="renew bench/results.json and docs/performance.md after a whole run")
    options = parser.parse_args(arguments)
    problem = mistake(options)
    if problem:
        parser.error(problem)
    return options


def mistake(options: argparse.Namespace) -> str:
    """What of the options does not go together, or nothing."""
    if options.write and (options.quick or options.only or options.skip or options.repeats < REPEATS):
        return f"--write is for a whole run: leave out --quick, --only and --skip, and repeat {REPEATS} times or more"
    if options.quick and options.compare:
        return "--quick measures tiny sizes: there is nothing to compare them with"
    if takes_file(options) and (options.write or options.json or options.only or options.skip):
        return "--compare FILE measures nothing: leave out --only, --skip, --json and --write"
    if options.json and (options.json.is_dir() or not options.json.resolve().parent.is_dir()):
        return f"--json: {options.json} cannot be a file"
    return ""


def takes_file(options: argparse.Namespace) -> bool:
    """Whether results are compared that are there already."""
    return isinstance(options.compare, Path)


def main(arguments: list[str], parts: Sequence[Part] = PARTS, folder: Path = FOLDER, known: Path = RESULTS) -> int:
    """Measure what is asked for; the exit code."""
    options, telling = parse(arguments), Telling()
    chosen = choose(parts, options.only, options.skip)
    if options.list:
        telling.all(chosen)
        return 0
    earlier = read_results(known) if options.compare else None
    if takes_file(options):
        return 1 if earlier and any_worse(earlier, read_results(options.compare), telling) else 0
    repeats = 1 if options.quick else options.repeats
    results = run(Run(folder / "parts", repeats, options.quick, telling), chosen, folder)
    is_kept = keep(results, options, telling, parts)
    is_worse = earlier is not None and any_worse(earlier, results, telling)
    return 1 if results.broken or is_worse or not is_kept else 0


def choose(parts: Sequence[Part], only: Sequence[str], skip: Sequence[str] = ()) -> tuple[Part, ...]:
    """The parts of these names (without any: all), but for some. Raises LocalError for an unknown name."""
    known = {part.name for part in parts}
    for name in (*only, *skip):
        if name not in known:
            raise LocalError(f"There is no part '{name}'. Parts: {', '.join(part.name for part in parts)}")
    found = tuple(part for part in parts if part.name in (only or known) and part.name not in skip)
    if not found:
        raise LocalError("This leaves nothing to measure. Parts: see ./dev bench --list")
    return found


def run(one: Run, chosen: Sequence[Part], folder: Path) -> Results:
    """Measure them, alone in this checkout, and show what came of it. Raises LocalError."""
    require_writable(folder)
    with alone(folder, "./dev bench"), ended_by_signals(), ExitStack() as stack:
        stack.callback(one.telling.close)
        results = one.results(chosen)
    one.telling.tables(results, one.folder)
    save(folder / "results.json", results)
    return results


def any_worse(before: Results, now: Results, telling: Telling) -> bool:
    """Tell what differs from a run before; whether anything of it is worse. Raises LocalError."""
    if now.quick:
        raise LocalError("These are results of --quick: there is nothing to compare them with")
    found = compare(before, now)
    telling.differences(found, str(RESULTS.relative_to(ROOT)))
    return any(one.is_worse for one in found)


def keep(
    results: Results,
    options: argparse.Namespace,
    telling: Telling,
    parts: Sequence[Part],
    renew: Callable[[Results, Sequence[Part]], None] = renew,
) -> bool:
    """Write the results where they were asked for; whether all of them are there. Raises LocalError."""
    if options.json:
        save(options.json, results)
    if not options.write:
        return True
    if results.broken or results.left_out:
        problem = f"{', '.join((*results.broken, *results.left_out))} did not run to the end"
        telling.say(f"bench/results.json and docs/performance.md are not written: {problem}.")
        return False
    renew(results, parts)
    return True


def save(file: Path, results: Results) -> None:
    """Write a results file. Raises LocalError."""
    try:
        file.write_bytes(written(results))
    except OSError as error:
        raise LocalError(f"{file} cannot be written ({error.strerror})") from None
