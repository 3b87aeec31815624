"""What can be in a column, and how do its cells compare?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

Kind = Literal["text", "integer", "decimal", "boolean", "date", "time"]
Row = Mapping[str, Any]
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
VENDOR_TYPES: Mapping[Kind, str] = {
    "text": "string",
    "integer": "int64",
    "decimal": "decimal",
    "boolean": "boolean",
    "date": "date",
    "time": "dateTime",
}
Plain = str | int | Decimal | bool | date | datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an entity."""

    name: str
    kind: Kind = "text"


def columns(**kinds: Kind) -> tuple[Column, ...]:
    """The columns of these names and kinds."""
    return tuple(Column(name, kind) for name, kind in kinds.items())


def number(text: str) -> object:
    """A number to its last digit, as JSON has it; anything else as a text."""
    return msgspec.Raw(text.encode()) if JSON_NUMBER.fullmatch(text) else text


def plain(cell: Any, kind: Kind) -> Plain | None:
    """What the cell is worth when it is compared; nothing if it is empty or not of the column's kind."""
    if isinstance(cell, msgspec.Raw):
        return Decimal(bytes(cell).decode()) if kind == "decimal" else None
    match kind:
        case "boolean" if isinstance(cell, bool):
            return cell
        case "integer" | "decimal" if isinstance(cell, int) and not isinstance(cell, bool):
            return cell
        case "date" | "time" if isinstance(cell, str):
            return _time(cell, kind)
        case "text" if isinstance(cell, str):
            return cell
    return None


def written(cell: Any) -> str:
    """The cell in a file of comma-separated values."""
    match cell:
        case None:
            return ""
        case bool():
            return str(cell).lower()
        case msgspec.Raw():
            return bytes(cell).decode()
        case _:
            return str(cell)


def _time(text: str, kind: Kind) -> date | datetime | None:
    try:
        found = date.fromisoformat(text) if kind == "date" else datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if isinstance(found, datetime) and found.tzinfo is None else found
