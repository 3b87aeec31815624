"""What an HTTP request asks for: the parameters of its query. Mistakes are RequestInvalid."""

from collections.abc import Collection, Mapping
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


def place(query: Mapping[str, str], name: str) -> str:
    """The id that a list goes on behind; empty: from its beginning."""
    found = query.get(name, "")
    if found and environment_of(found) is None:
        raise RequestInvalid(name, "is not one that a list of this app gave out; leave it away to begin anew")
    return found


def link(path: str, query: Mapping[str, str] | None = None) -> str:
    """An absolute address of ours, on the base URL that callers see."""
    rest = f"?{urlencode(query)}" if query else ""
    return f"{house().settings.public_base_url}/api/{quote(path)}{rest}"
