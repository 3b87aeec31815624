"""Which part of `./dev infra` was asked for, and which checks does the one that checks make?"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rich.table import Table

from local.children import ROOT
from local.errors import LocalError
from local.infra import app_faults
from local.infra.agreement import AGREEMENT
from local.infra.checks import CHECKS
from local.infra.compiler import commands, compiled
from local.infra.findings import Check, Made, Note, make
from local.infra.gates import GATES
from local.infra.project import Project, read_project
from local.infra.resource_types import azure_types
from local.infra.scanner import SCANS
from local.infra.telling import LATER, screen_of, show
from local.infra.type_data import FOLDER as TYPES
from local.options import OneLineParser

FOLDER = ROOT / "infra"
# While there are findings of these, the plans are not what is meant.
BEFORE_PLANS = ("names", "modules")
ON_PLANS = frozenset(one.name for one in (*GATES, *AGREEMENT, *SCANS))


def check(arguments: list[str]) -> int:
    """Hold the Bicep files to what the compiler would refuse, to security gates and to the app's code."""
    parser = OneLineParser(prog="./dev infra check", description=check.__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, metavar="FOLDER", help="default infra")
    parser.add_argument("--types", type=Path, default=TYPES, metavar="FOLDER", help="generated/ of bicep-types-az")
    parser.add_argument("--no-scanner", action="store_true", help="leave out checkov, which takes some seconds")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        raise LocalError(f"There is no folder {options.folder}.")
    project = read_project(options.folder)
    if not project.files:
        raise LocalError(f"There is no Bicep file in {options.folder}.")
    return show(made(project, options.types, scanner=not options.no_scanner), project)


def made(project: Project, types: Path, *, scanner: bool = True) -> Iterator[Made | Note]:
    """Make every check, one after the other. What was found already would only lead others astray."""
    failed: set[str] = set()
    for one in all_checks(types, scanner=scanner):
        if "syntax" in failed or (one.name in ON_PLANS and not failed.isdisjoint(BEFORE_PLANS)):
            yield Made(one, not_done=LATER)
            continue
        if one.takes:
            yield Note(one.takes)
        done = make(one, project)
        failed |= {one.name} if done.findings else set()
        yield done


def all_checks(types: Path, *, scanner: bool = True) -> tuple[Check, ...]:
    """Every check, also those that need something of this machine."""
    azure = Check("types of Azure", "Are its resources written as their types ask for?", partial(azure_types, types))
    found = commands()
    takes = "the compiler reads every file, which can take a minute" if found else ""
    compiler = Check("compiler", "Does the Bicep compiler take every file?", partial(compiled, found), takes)
    return (*CHECKS, azure, app_faults.CHECK, *GATES, *AGREEMENT, *(SCANS if scanner else ()), compiler)


def costs(arguments: list[str]) -> int:
    """Show what an environment costs a month, and how that is counted."""
    OneLineParser(prog="./dev infra costs", description=costs.__doc__).parse_args(arguments)
    app_faults.require_the_app()
    from local.infra.costs import source, table

    screen = screen_of()
    if not screen.is_terminal:
        print(table())  # as docs/operate.md has it
        return 0
    head, _, *rows = (line.strip("|").split("|") for line in table().splitlines())
    shown = Table(*(cell.strip() for cell in head), caption=source())
    for row in rows:
        shown.add_row(*(cell.strip().replace("**", "") for cell in row))
    screen.print(shown)
    return 0


PARTS: dict[str, Callable[[list[str]], int]] = {"check": check, "costs": costs}


def main(arguments: list[str]) -> int:
    """Do the part that is asked for; what follows its name is the part's own."""
    parser = OneLineParser(prog="./dev infra", description="The infrastructure as Bicep.")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART", parser_class=OneLineParser)
    for name, part in PARTS.items():
        parts.add_parser(name, help=(part.__doc__ or "").rstrip("."), add_help=False)
    return PARTS[parser.parse_args(arguments[:1]).part](arguments[1:])
