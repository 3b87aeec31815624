"""Is the connector ready to be imported and certified, and does it break no flow? Every check, and what it found."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.children import ROOT
from local.connector.breaking import breaking
from local.connector.definition import read_definition
from local.connector.findings import Check, Finding, Rule, name_of
from local.connector.package import DEFINITION, Package, read_package
from local.connector.rules import GROUPS
from local.connector.schemas import MICROSOFTS, against_microsofts, against_swagger, what_cannot_be_read
from local.connector.swagger_cli import against_swagger_cli
from local.errors import LocalError
from local.options import OneLineParser
from local.show import WIDTH_OF_A_LOG, counted

FOLDER = ROOT / "connector"
RELEASED = FOLDER / "released.swagger.json"
SCHEMAS = "schemas"
NOT_READABLE = "the definition cannot be read yet"


def main(arguments: list[str]) -> int:
    """Check a connector's folder by Microsoft's schemas, the rules of certification and the last release; offline."""
    parser = OneLineParser(prog="./dev connector check", description=main.__doc__)
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=FOLDER,
        metavar="FOLDER",
        help="such as dist/connector; default connector",
    )
    parser.add_argument("--released", type=Path, default=RELEASED, help="the definition of the last release")
    parser.add_argument("--schemas", type=Path, default=MICROSOFTS, help="where Microsoft's JSON schemas are")
    parser.add_argument("--without-node", action="store_true", help="leave out what needs a program of npm")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        raise LocalError(f"There is no folder {options.folder}.")
    made = check(options.folder, released=options.released, schemas=options.schemas, node=not options.without_node)
    return show(list(made))


def check(folder: Path, *, released: Path = RELEASED, schemas: Path = MICROSOFTS, node: bool = True) -> Iterator[Check]:
    """Make every check, one after the other. Raises LocalError when there is no connector in the folder."""
    package = read_package(folder)
    unreadable = tuple(what_cannot_be_read(package.document))
    yield Check(SCHEMAS, "references and ids", unreadable)
    if schemas.is_dir():
        yield Check(SCHEMAS, "Microsoft's JSON schemas", tuple(against_microsofts(package, schemas)))
    else:
        yield Check(SCHEMAS, "Microsoft's JSON schemas", skipped=f"not here ({schemas})")
    # A reference in a circle would keep the other readers busy for ever.
    invalid = () if unreadable else tuple(against_swagger(package))
    yield Check(SCHEMAS, "openapi-spec-validator", invalid, NOT_READABLE if unreadable else "")
    if unreadable or not node:
        yield Check(SCHEMAS, "swagger-cli", skipped=NOT_READABLE if unreadable else "left out")
    else:
        yield Check(SCHEMAS, "swagger-cli", tuple(against_swagger_cli(folder / DEFINITION)))
    if unreadable or invalid:
        yield Check("rules", "all of them", skipped=NOT_READABLE)
    else:
        yield from by_rules(package)
        yield by_release(package, released)


def by_rules(package: Package) -> Iterator[Check]:
    """The rules of certification and of this house."""
    for group, rules in GROUPS.items():
        yield from (Check(group, name_of(rule), tuple(applied(rule, package))) for rule in rules)


def applied(rule: Rule, package: Package) -> Iterator[Finding]:
    """What the rule finds. An extension of a form that no rule expects (a text for an object) is a finding too."""
    try:
        yield from rule(package)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        wrong = f"something is of a form that the rule cannot read ({type(error).__name__}: {error})"
        yield Finding(name_of(rule), wrong, "Look at the extensions that the rule speaks of")


def by_release(package: Package, released: Path) -> Check:
    """The comparison with the last release."""

    def no_flow_breaks(package: Package) -> Iterator[Finding]:
        return breaking(read_definition(released), package.definition)

    group, name = "last release", name_of(no_flow_breaks)
    if not released.is_file():
        return Check(group, name, skipped=f"not here ({released})")
    return Check(group, name, tuple(applied(no_flow_breaks, package)))


def show(checks: Sequence[Check], console: Console | None = None) -> int:
    """A line for each group of checks and each finding; the exit code."""
    terminal = console or Console(highlight=False)
    screen = terminal if terminal.is_terminal or console else Console(width=WIDTH_OF_A_LOG, highlight=False)
    for group, made in groupby(checks, key=lambda one: one.group):
        for line in lines_of(group, list(made)):
            screen.print(line, soft_wrap=not screen.is_terminal)
    number = sum(len(one.findings) for one in checks)
    done = sum(not one.skipped for one in checks)
    said = f"{counted(done, 'check')}, {counted(number, 'finding')}."
    screen.print(Text(said, style="bold red" if number else "bold green"))
    return 1 if number else 0


def lines_of(group: str, made: Sequence[Check]) -> Iterator[Text]:
    """What is said about a group."""
    number = sum(len(one.findings) for one in made)
    done = [one for one in made if not one.skipped]
    result = Text(counted(number, "finding"), "red") if number else Text("ok" if done else "not checked", "green")
    yield Text.assemble(f"{group:24}{counted(len(done), 'check'):12}", result)
    for one in made:
        if one.skipped:
            yield Text(f"  {one.name}: {one.skipped}", "dim")
        elif one.findings:
            yield Text(f"  {one.name}", "bold")
            yield from (line_of(finding) for finding in one.findings)


def line_of(finding: Finding) -> Text:
    """Where it is, what is wrong, what to do."""
    return Text.assemble("    ", (finding.where, "yellow"), f": {finding.wrong}. ", (f"{finding.advice}.", "dim"))
