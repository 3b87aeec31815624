"""Where do the references of a definition lead, and does one of them lead nowhere, out of the file or to itself?"""

from collections.abc import Iterator, Mapping
from typing import Any

from local.errors import LocalError

Json = Mapping[str, Any]


def follow(document: Json, node: Any) -> Any:
    """The node with what its references lead to in their places. Definitions must not lead to themselves."""
    if isinstance(node, Mapping):
        if isinstance(reference := node.get("$ref"), str):
            rest = {name: part for name, part in node.items() if name != "$ref"}
            return {**follow(document, at(document, reference)), **follow(document, rest)}
        return {name: follow(document, part) for name, part in node.items()}
    return [follow(document, part) for part in node] if isinstance(node, list) else node


def at(document: Json, reference: str) -> Any:
    """What a reference such as `#/definitions/Event` leads to. Raises LocalError."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        if not isinstance(found, Mapping) or step not in found:
            raise LocalError(f"The definition has no {reference}")
        found = found[step]
    return found


def references(part: object) -> Iterator[str]:
    """Every reference that is written in it."""
    if isinstance(part, Mapping):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def wrong_with(document: Json, reference: str, above: tuple[str, ...] = ()) -> str:
    """What is wrong with a reference, if anything is."""
    if reference in above:
        return "it leads back to itself"
    if not reference.startswith("#/"):
        return "it leads out of this file"
    try:
        found = at(document, reference)
    except LocalError:
        return "it leads nowhere"
    problems = (wrong_with(document, inner, (*above, reference)) for inner in set(references(found)))
    return next((problem for problem in problems if problem), "")
