"""How are results told? A line for each check as it is made, its findings below it, and at the end what failed."""

import os
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.infra.findings import Finding, Made, Note
from local.infra.project import Project
from local.show import WIDTH_OF_A_LOG, counted

NAMES, RESULTS, INDENTED = 42, 10, 4
MOST_NAMED, MOST_PLANS = 6, 3
LATER = "after the findings above are mended"
NOT_DONE = Text("NOT DONE", "yellow")
Row = tuple[Text, ...]


def screen_of() -> Console:
    """The terminal, or a file without colours and with lines as long as they are."""
    plain = bool(os.environ.get("NO_COLOR"))
    terminal = Console(highlight=False, color_system=None if plain else "auto")
    return terminal if terminal.is_terminal else Console(width=WIDTH_OF_A_LOG, highlight=False, color_system=None)


def show(told: Iterable[Made | Note], project: Project, console: Console | None = None) -> int:
    """Tell each result when it is there; the exit code."""
    screen = console or screen_of()
    checks = []
    for one in told:
        if isinstance(one, Note):
            tell(screen, (Text(f"({one})", "dim"),), ())
            continue
        checks.append(one)
        for row, widths in rows_of(one, project) if one.not_done != LATER else ():
            tell(screen, row, widths)
    later = sum(one.not_done == LATER for one in checks)
    if later:
        tell(screen, (Text(counted(later, "further check")), NOT_DONE, Text(LATER, "yellow")), (NAMES, RESULTS))
    failed = any(one.findings for one in checks)
    tell(screen, (Text(summary(checks, project), "bold red" if failed else "bold green"),), ())
    return 1 if failed else 0


def tell(screen: Console, row: Row, widths: Sequence[int]) -> None:
    """Print a row. On a terminal its last cell is broken below itself; elsewhere lines are not broken."""
    if not screen.is_terminal:
        cells = (Text(f"{cell.plain:{width}}") for cell, width in zip(row[:-1], widths, strict=True))
        screen.print(Text.assemble(*cells, row[-1].plain), soft_wrap=True)
        return
    grid = Table.grid()
    for width in widths:
        grid.add_column(width=width)
    grid.add_column(overflow="fold")
    grid.add_row(*row)
    screen.print(grid)


def rows_of(one: Made, project: Project) -> Iterator[tuple[Row, Sequence[int]]]:
    """What is said about a check: its question, or why it was not made; what it notes and finds."""
    result = NOT_DONE if one.not_done else Text("FAIL", "red") if one.findings else Text("pass", "green")
    said = Text(one.not_done, "yellow") if one.not_done else Text(one.check.question, "dim")
    yield (Text(one.check.name), result, said), (NAMES, RESULTS)
    for below in (*(Text(note, "dim") for note in one.notes), *(line_of(found, project) for found in one.findings)):
        yield (Text(""), below), (INDENTED,)


def line_of(finding: Finding, project: Project) -> Text:
    """Where it is, what is wrong and in which plans, what to do."""
    around = project.root.resolve().parent
    path = finding.path.resolve()
    where = f"{path.relative_to(around).as_posix() if path.is_relative_to(around) else path}:{finding.line}"
    plans = f" (deployed as {few(finding.plans, MOST_PLANS)})" if finding.plans else ""
    rule = f" [{finding.rule}]" if finding.rule else ""
    wrong = f"{finding.wrong}{plans}{rule}"
    end = "" if wrong.endswith("?") else "."
    advice = finding.advice if finding.advice.endswith("?") else f"{finding.advice}."
    return Text.assemble((where, "cyan"), f": {wrong}{end} ", (advice, "dim"))


def summary(checks: Sequence[Made], project: Project) -> str:
    """How much was looked at and found, and which checks did not pass, in a line."""
    failed = [one.check.name for one in checks if one.findings]
    not_done = [one.check.name for one in checks if one.not_done and one.not_done != LATER]
    later = sum(one.not_done == LATER for one in checks)
    files = counted(len(project.files) + len(project.parameter_files), "file")
    skipped = len(not_done) + later
    done = f"{counted(len(checks) - skipped, 'check')} done, {skipped} not done"
    named = f" Failed: {few(failed, MOST_NAMED)}." if failed else ""
    named += f" Not done: {few(not_done, MOST_NAMED)}." if not_done else ""
    return f"{files}, {done}, {counted(sum(len(one.findings) for one in checks), 'finding')}.{named}"


def few(names: Sequence[str], most: int) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - most
    return f"{', '.join(names[:most])}{f' and {more} more' if more > 0 else ''}"
