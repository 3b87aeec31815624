"""How does the connector look to a maker? One page, as the designer shows triggers, actions and their fields."""

import webbrowser
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from local.children import ROOT
from local.connector import makers_view
from local.connector.definition import SOURCE, Definition, Field, Operation, read_definition
from local.connector.icon import ICON, brand_colour
from local.connector.rendering import rendered
from local.errors import LocalError
from local.options import OneLineParser

DEFAULT_OUT = ROOT / "dist" / "connector-preview.html"
DESCRIPTION = "Show the connector as its makers meet it in the designer: one page, without a network."


class ShownField(NamedTuple):
    """A field with the control that it is."""

    field: Field
    control: makers_view.Control
    filled_by: str
    default: str


@dataclass(frozen=True, slots=True)
class Card:
    """One trigger or action as the designer shows it."""

    operation: Operation
    kind: str
    fields: tuple[ShownField, ...]
    advanced: tuple[ShownField, ...]
    outputs: tuple[makers_view.Output, ...]
    sample: object


class Group(NamedTuple):
    """Cards that stand together."""

    title: str
    cards: tuple[Card, ...]


def groups_of(definition: Definition) -> tuple[Group, ...]:
    """Everything that a maker can choose, in the designer's order."""
    visible = [one for one in definition.operations if one.visibility != makers_view.INTERNAL]
    kinds: tuple[tuple[str, str, Callable[[Operation], bool]], ...] = (
        ("Triggers", "Trigger", lambda one: one.trigger == "single"),
        ("Actions", "Action", lambda one: not one.trigger),
        ("Triggers that poll", "Trigger that polls", lambda one: one.trigger == "batch"),
    )
    return tuple(
        Group(title, cards)
        for title, kind, belongs in kinds
        if (cards := cards_of(definition, [one for one in visible if belongs(one)], kind))
    )


def cards_of(definition: Definition, operations: Sequence[Operation], kind: str) -> tuple[Card, ...]:
    """The cards of a group."""
    names = {one.id: one.summary or one.id for one in definition.operations}
    return tuple(card_of(one, kind, names) for one in makers_view.in_order(operations))


def card_of(operation: Operation, kind: str, names: dict[str, str]) -> Card:
    """The card of one operation; `names` are what operations that fill something are called."""

    def shown(fields: Sequence[Field]) -> tuple[ShownField, ...]:
        controls = [makers_view.control_of(field) for field in fields]
        return tuple(
            ShownField(field, control, names.get(control.filled_by, control.filled_by), makers_view.default_of(field))
            for field, control in zip(fields, controls, strict=True)
        )

    return Card(
        operation,
        kind,
        shown(makers_view.fields_of(operation, shown=True)),
        shown(makers_view.fields_of(operation, shown=False)),
        makers_view.outputs_of(operation),
        makers_view.sample_of(operation.output) if operation.output else None,
    )


def page(definition: Definition, icon: bytes, colour: str) -> str:
    """The page, whole in itself."""
    info = definition.document["info"]
    picture = f"data:image/png;base64,{b64encode(icon).decode()}"
    return rendered("preview.html.jinja", info=info, groups=groups_of(definition), icon=picture, colour=colour)


def main(arguments: list[str]) -> int:
    """Write the page."""
    parser = OneLineParser(prog="./dev connector preview", description=DESCRIPTION)
    add = parser.add_argument
    add("--out", type=Path, default=DEFAULT_OUT, metavar="FILE", help="default dist/connector-preview.html")
    add("--definition", type=Path, default=SOURCE, metavar="FILE", help="default connector/apiDefinition.swagger.json")
    add("--open", action="store_true", help="show it in the browser")
    options = parser.parse_args(arguments)
    try:
        text = page(read_definition(options.definition), ICON.read_bytes(), brand_colour())
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise LocalError(f"The preview cannot be made: {error}") from None
    print(f"{options.out} was written: open it in a browser.")
    if options.open:
        webbrowser.open(options.out.resolve().as_uri())
    return 0
