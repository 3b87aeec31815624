"""Do the pages still say what the definition says? Writes docs/triggers.md and the marked parts of others from it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from local.children import ROOT
from local.connector import makers_view
from local.connector.definition import Definition, Field, Operation, read_definition
from local.connector.rendering import rendered
from local.errors import LocalError
from local.options import OneLineParser

TRIGGERS, ACTIONS, README = Path("docs/triggers.md"), Path("docs/actions.md"), Path("connector/README.md")
BEGIN, END = "<!-- Written by ./dev connector docs: begin -->", "<!-- Written by ./dev connector docs: end -->"
DESCRIPTION = "Write what follows from the definition: docs/triggers.md and the marked parts of other pages."
DIFFERENCES_SHOWN = 12


class Row(NamedTuple):
    """A field in a table."""

    field: Field
    is_shown: bool
    says: str
    kind: str


class Entry(NamedTuple):
    """An operation with its tables; a trigger also with its twin and an event."""

    operation: Operation
    rows: tuple[Row, ...]
    outputs: tuple[makers_view.Output, ...]
    twin: Operation | None
    sample: object
    same_as: str = ""


def entry_of(operation: Operation, definition: Definition) -> Entry:
    """What a page tells of an operation."""
    names = {one.id: one.summary for one in definition.operations}
    rows = [
        row_of(field, shown, names)
        for shown in (True, False)
        for field in makers_view.fields_of(operation, shown=shown)
    ]
    outputs = makers_view.outputs_of(operation)
    twin = makers_view.twin_of(operation, definition.triggers)
    return Entry(operation, tuple(rows), outputs, twin, makers_view.sample_of(operation.output))


def row_of(field: Field, shown: bool, names: Mapping[str, str]) -> Row:
    """A field with all that is to say of it."""
    control = makers_view.control_of(field)
    return Row(field, shown, " ".join(words_on(field, control, names)), control.kind)


def words_on(field: Field, control: makers_view.Control, names: Mapping[str, str]) -> Iterator[str]:
    """Sentences on a field: its description, where its entries come from, what counts without it."""
    if description := str(field.value_schema.get("description", "")):
        yield description
    if control.filled_by:
        yield f'Filled by "{names.get(control.filled_by, control.filled_by)}".'
    if control.choices:
        yield f"One of: {', '.join(map(written, control.choices))}."
    if "default" in field.value_schema:
        yield f"Default: {makers_view.default_of(field)}."


def written(choice: makers_view.Choice) -> str:
    """A choice, with the value that stands for it when that is another word."""
    return choice.title if choice.title == choice.value else f"{choice.title} ({choice.value})"


def entries(definition: Definition, operations: Sequence[Operation]) -> list[Entry]:
    """The entries of a page, in the designer's order."""
    found: list[Entry] = []
    for entry in (entry_of(one, definition) for one in makers_view.in_order(operations)):
        is_whole = entry.outputs and not any(output.filled_by for output in entry.outputs)
        same = [one for one in found if is_whole and one.outputs == entry.outputs and not one.same_as]
        found.append(entry._replace(same_as=same[0].operation.summary) if same else entry)
    return found


def pages(definition: Definition, root: Path = ROOT) -> dict[Path, str]:
    """Each page as it has to be. Raises LocalError where one has lost its marks."""
    webhooks = entries(definition, [one for one in definition.triggers if one.trigger == "single"])
    actions = entries(definition, definition.actions)
    everything = [*definition.triggers, *definition.actions]
    supported = rendered("operations.md.jinja", triggers=webhooks, actions=actions, count=len(everything))
    return {
        TRIGGERS: rendered("triggers.md.jinja", entries=webhooks),
        ACTIONS: between_marks(root / ACTIONS, rendered("actions.md.jinja", entries=actions)),
        README: between_marks(root / README, supported),
    }


def between_marks(file: Path, text: str) -> str:
    """A page with this text between its marks."""
    page = read(file)
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise LocalError(f"{file} has no place for what is written: the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"


def read(file: Path) -> str:
    """A page, or nothing when there is none. Raises LocalError."""
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{file} cannot be read: {error}") from None


def differences(wanted: Mapping[Path, str], root: Path = ROOT) -> dict[Path, list[str]]:
    """Which pages are not as they have to be, and in which lines."""
    found = {}
    for page, text in wanted.items():
        lines = unified_diff(
            read(root / page).splitlines(), text.splitlines(), "as it is", "as it has to be", n=0, lineterm=""
        )
        if changed := list(lines):
            found[page] = changed
    return found


def tell(found: Mapping[Path, list[str]]) -> int:
    """Say what differs."""
    for page, lines in found.items():
        print(f"{page.as_posix()} is not what the definition says: run ./dev connector docs")
        print("\n".join(f"  {line}" for line in lines[:DIFFERENCES_SHOWN]))
        if len(lines) > DIFFERENCES_SHOWN:
            print(f"  ... and {len(lines) - DIFFERENCES_SHOWN} more lines")
    return 1 if found else 0


def write(wanted: Mapping[Path, str], root: Path = ROOT) -> None:
    """Put the pages in their places."""
    for page, text in wanted.items():
        try:
            (root / page).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise LocalError(f"{page} cannot be written: {error}") from None


def main(arguments: list[str]) -> int:
    """Write the pages, or say which differ."""
    parser = OneLineParser(prog="./dev connector docs", description=DESCRIPTION)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page differs")
    options = parser.parse_args(arguments)
    wanted = pages(read_definition())
    found = differences(wanted)
    if options.check:
        return tell(found)
    write(wanted)
    print(
        f"Written anew: {', '.join(page.as_posix() for page in found)}."
        if found
        else "All pages are as they have to be."
    )
    return 0
