"""What an HTTP request asks for: the parameters of its query. Mistakes are RequestInvalid."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import azure.functions as func

from shared.adapters.rows import environment_of
from shared.bootstrap import house
from shared.errors import RequestInvalid


def query_of(request: func.HttpRequest, known: Collection[str]) -> Mapping[str, str]:
    """The query's parameters, none of them unknown."""
    for name in request.params:
        if name not in known:
            raise RequestInvalid(name[:100], f"is not a parameter of this call; it takes {', '.join(known) or 'none'}")
    return {name: value for name, value in request.params.items() if value != ""}


def whole_number(query: Mapping[str, str], name: str, *, default: int, most: int, least: int = 1) -> int:
    """A number from `least` to `most`."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > 15 or not least <= int(text) <= most:
        raise RequestInvalid(name, f"must be a whole number from {least} to {most}")
    return int(text)


def place(query: Mapping[str, str], name: str) -> str:
    """The id that a list goes on behind; empty: from its beginning."""
    found = query.get(name, "")
    if found and environment_of(found) is None:
        raise RequestInvalid(name, "is not one that a list of this app gave out; leave it away to begin anew")
    return found


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """A time with its offset from UTC, such as 2026-03-02T12:00:00Z."""
    if name not in query:
        return None
    with suppress(ValueError):
        found = datetime.fromisoformat(query[name].replace(" ", "+"))  # a plus that nobody encoded
        if found.tzinfo is not None and 2000 <= found.year <= 9000:
            return found.astimezone(UTC)
    raise RequestInvalid(name, "must be a time with its offset from UTC, such as 2026-03-02T12:00:00Z")


def link(path: str, query: Mapping[str, str] | None = None) -> str:
    """An absolute address of ours, on the base URL that callers see."""
    rest = f"?{urlencode(query)}" if query else ""
    return f"{house().settings.public_base_url}/api/{quote(path)}{rest}"
