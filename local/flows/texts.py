"""Which texts are in a part of a flow? Each with the way to it, for the checks of what they say."""

from collections.abc import Iterator, Mapping
from typing import Any


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text below a node, with the way to it."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for name, part in node.items():
            yield from texts(part, f"{path}/{name}")
    elif isinstance(node, list):
        for place, part in enumerate(node):
            yield from texts(part, f"{path}/{place}")


def said(node: Any) -> str:
    """All of them as one."""
    return " ".join(text for _, text in texts(node))
