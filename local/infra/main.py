"""What is asked of `./dev infra check`, and what does it say?"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.children import ROOT
from local.errors import LocalError
from local.infra.agreement import AGREEMENT
from local.infra.checks import CHECKS
from local.infra.compiler import commands, compiled
from local.infra.findings import Check, Finding, Made, make
from local.infra.gates import GATES
from local.infra.project import Project, read_project
from local.infra.resource_types import azure_types
from local.infra.scanner import SCANS
from local.infra.type_data import FOLDER as TYPES
from local.options import OneLineParser
from local.show import WIDTH_OF_A_LOG, counted

FOLDER = ROOT / "infra"


def check(arguments: list[str]) -> int:
    """Hold the Bicep files to what the compiler would refuse, as far as that can be known without it."""
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
    return show(list(made(project, options.types, scanner=not options.no_scanner)), project)


def made(project: Project, types: Path, *, scanner: bool = True) -> Iterator[Made]:
    """Make every check. What cannot be read would only lead the other checks astray."""
    syntax, *others = all_checks(types, scanner=scanner)
    first = make(syntax, project)
    yield first
    for one in others:
        yield Made(one, not_done="first every file must be readable") if first.findings else make(one, project)


def all_checks(types: Path, *, scanner: bool = True) -> tuple[Check, ...]:
    """Every check, also those that need something of this machine."""
    azure = Check("types of Azure", "Are its resources written as their types ask for?", partial(azure_types, types))
    compiler = Check("compiler", "Does the Bicep compiler take every file?", partial(compiled, commands()))
    return (*CHECKS, azure, *GATES, *AGREEMENT, *(SCANS if scanner else ()), compiler)


def show(checks: Sequence[Made], project: Project, console: Console | None = None) -> int:
    """A line for each check and finding; the exit code."""
    terminal = console or Console(highlight=False)
    screen = terminal if terminal.is_terminal or console else Console(width=WIDTH_OF_A_LOG, highlight=False)
    for line in chain.from_iterable(lines_of(one, project) for one in checks):
        screen.print(line, soft_wrap=not screen.is_terminal)
    number = sum(len(one.findings) for one in checks)
    not_done = sum(bool(one.not_done) for one in checks)
    files = counted(len(project.files) + len(project.parameter_files), "file")
    said = (
        f"{files}, {counted(len(checks) - not_done, 'check')} done, {not_done} not done, {counted(number, 'finding')}."
    )
    screen.print(Text(said, style="bold red" if number else "bold green"))
    return 1 if number else 0


def lines_of(one: Made, project: Project) -> Iterator[Text]:
    """What is said about a check."""
    result = (
        Text("NOT DONE", "yellow") if one.not_done else Text("FAIL", "red") if one.findings else Text("pass", "green")
    )
    yield Text.assemble(f"{one.check.name:42}", result, " " * (10 - len(result)), (one.check.question, "dim"))
    if one.not_done:
        yield Text(f"    {one.not_done}", "yellow")
    yield from (Text(f"    {note}", "dim") for note in one.notes)
    yield from (line_of(finding, project) for finding in one.findings)


def line_of(finding: Finding, project: Project) -> Text:
    """Where it is, what is wrong, what to do."""
    around = project.root.resolve().parent
    path = finding.path.resolve()
    where = f"{path.relative_to(around).as_posix() if path.is_relative_to(around) else path}:{finding.line}"
    rule = f" [{finding.rule}]" if finding.rule else ""
    advice = finding.advice if finding.advice.endswith("?") else f"{finding.advice}."
    return Text.assemble("    ", (where, "cyan"), f": {finding.wrong}{rule}. ", (advice, "dim"))


def main(arguments: list[str]) -> int:
    """Do the part that is asked for."""
    parser = OneLineParser(prog="./dev infra", description="The infrastructure as Bicep.")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART", parser_class=OneLineParser)
    parts.add_parser("check", help=(check.__doc__ or "").rstrip("."), add_help=False)
    parser.parse_args(arguments[:1])
    return check(arguments[1:])
