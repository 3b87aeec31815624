"""What the actions may be asked: names, ids and OData's options, checked before anything is called.

Nothing that passes here can lead a call to another path or host: names are plain, texts are bounded and printable.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from shared.domain.subscribing import COLUMN, ENVIRONMENT_ID
from shared.errors import RequestInvalid

ANSWER_ROWS = 1000
PAGE_ROWS = 100
LONGEST_TEXT = 4000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,199}")
_FILE = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.)){0,199}")
_ITEM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_@:+=|-]|\.(?!\.)){0,199}")
_VERSION = re.compile(r"[A-Za-z0-9+/=_-]{1,100}")
_MOST_ROWS = 999_999_999
_A_TIME = "must be a time with its offset from UTC, such as 2026-03-02T12:00:00Z"
_OPTIONS = ("$filter", "$select", "$orderby", "$search", "$expand")


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which rows are wanted: OData's options as they are sent, where to begin, and how many at most (None: all)."""

    options: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    top: int | None = None

    def behind(self, rows: int) -> "ItemQuery":
        """What is left when so many rows were told."""
        return replace(self, skip=self.skip + rows, top=None if self.top is None else self.top - rows)


def environment(fields: Mapping[str, str]) -> str:
    """The environment's id, in small letters. Raises RequestInvalid, as everything here does."""
    return _named(fields, "environmentId", ENVIRONMENT_ID, "must be an id of letters, digits and dashes").lower()


def name(fields: Mapping[str, str], parameter: str) -> str:
    """The unique name of a segment, measure or entity, or the id of a data source or job."""
    return _named(fields, parameter, _NAME, "must be a unique name or id: letters, digits, _ and - only")


def file_name(fields: Mapping[str, str], parameter: str) -> str:
    """The name of a partition."""
    return _named(fields, parameter, _FILE, "must be a partition's name: letters, digits, dots, _ and - only")


def item_id(fields: Mapping[str, str], parameter: str) -> str:
    """The id of an item, such as a CustomerId."""
    return _named(fields, parameter, _ITEM, "must be an item's id: letters, digits and . _ - @ : + = | only")


def version(query: Mapping[str, str]) -> str:
    """Which writing of a file is meant; empty: any."""
    text = query.get("version", "")
    if text and not _VERSION.fullmatch(text):
        raise RequestInvalid("version", "must be as nextLink gives it")
    return text


def column(fields: Mapping[str, str], parameter: str, default: str) -> str:
    """The name of a column."""
    return _named({parameter: default, **fields}, parameter, COLUMN, "must be the name of a column")


def whole_number(query: Mapping[str, str], name: str, *, default: int, most: int, least: int = 1) -> int:
    """A number from `least` to `most`."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 15 or not least <= int(text) <= most:
        raise RequestInvalid(name, f"must be a whole number from {least} to {most}")
    return int(text)


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """A time with its offset from UTC, such as 2026-03-02T12:00:00Z, of these centuries."""
    if name not in query:
        return None
    found = _time(query, name)
    if not 2000 <= found.year <= 9000:
        raise RequestInvalid(name, _A_TIME)
    return found.astimezone(UTC)


def item_query(query: Mapping[str, str]) -> ItemQuery:
    """OData's options, which rows to begin behind, and how many are wanted."""
    options = {option: printable(query, option) for option in _OPTIONS if option in query}
    skip = whole_number(query, "$skip", default=0, least=0, most=_MOST_ROWS)
    top = whole_number(query, "$top", default=1, most=_MOST_ROWS) if "$top" in query else None
    return ItemQuery(options, skip, top)


def printable(query: Mapping[str, str], parameter: str) -> str:
    """A text of one line."""
    text = query[parameter]
    if len(text) > LONGEST_TEXT:
        raise RequestInvalid(parameter, f"must not be longer than {LONGEST_TEXT} characters")
    if not text.isprintable():
        raise RequestInvalid(parameter, "must be a text of one line, without control characters")
    return text


def write_options(query: Mapping[str, str]) -> dict[str, str]:
    """How long an item counts, and who says that it wrote it."""
    options = {}
    if "validUntil" in query:  # that it lies in the next 30 days is for the API to say, by its own clock
        options["validUntil"] = _time(query, "validUntil").isoformat()
    if "caller" in query:
        options["caller"] = printable(query, "caller")
        if len(options["caller"]) > 200:
            raise RequestInvalid("caller", "must not be longer than 200 characters")
    return options


def equals(column_name: str, value: str) -> str:
    """OData's filter for one value; a quote in it is doubled."""
    quoted = value.replace("'", "''")
    return f"{column_name} eq '{quoted}'"


def phrase(text: str) -> str:
    """A text as OData's $search takes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _named(fields: Mapping[str, str], parameter: str, shape: re.Pattern[str], problem: str) -> str:
    text = fields.get(parameter, "")
    if not shape.fullmatch(text):
        raise RequestInvalid(parameter, problem if text else "is missing")
    return text


def _time(query: Mapping[str, str], name: str) -> datetime:
    with suppress(ValueError):
        found = datetime.fromisoformat(query[name].replace(" ", "+"))  # a plus that nobody encoded
        if found.tzinfo is not None:
            return found
    raise RequestInvalid(name, _A_TIME)
