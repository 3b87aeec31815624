"""Which functions do expressions have? Those that the sample flows use, and what conditions compare with."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from tests.flows.expressions import ExpressionError, Function, evaluated, shown

_DATE_PARTS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def coalesce(*values: Any) -> Any:
    """The first value that there is."""
    return next((value for value in values if value is not None), None)


def add(one: Any, other: Any) -> Any:
    """Numbers only."""
    if isinstance(one, str) or isinstance(other, str):
        raise TypeError("takes numbers")
    return one + other


def replace(text: Any, old: str, new: str) -> str:
    """Texts only: the platform refuses a number or nothing."""
    return _is_text(text).replace(old, new)


def join(values: Any, between: str) -> str:
    """A list as a text."""
    if not isinstance(values, list):
        raise TypeError("takes a list")
    return between.join(map(shown, values))


def take(values: Any, count: int) -> Any:
    """The first letters, or the first of a list."""
    if not isinstance(values, str | list):
        raise TypeError("takes a text or a list")
    return values[:count]


def format_date_time(moment: Any, pattern: str) -> str:
    """A moment of RFC 3339, by the few letters of .NET's that we use."""
    for letters, directive in _DATE_PARTS.items():
        pattern = pattern.replace(letters, directive)
    return datetime.fromisoformat(_is_text(moment)).strftime(pattern)


def equals(one: Any, other: Any) -> bool:
    """The same value of the same kind; 1 and 1.0 are one number."""
    numbers = not isinstance(one, bool) and not isinstance(other, bool)
    kinds = type(one) is type(other) or (numbers and isinstance(one, int | float) and isinstance(other, int | float))
    return kinds and bool(one == other)


def to_lower(text: Any) -> str:
    """In small letters."""
    return _is_text(text).lower()


def chosen(condition: Any, yes: Any, no: Any) -> Any:
    """One of two, by what must be a truth value."""
    if not isinstance(condition, bool):
        raise TypeError("takes a condition")
    return yes if condition else no


FUNCTIONS: Mapping[str, Function] = {
    "add": add,
    "coalesce": coalesce,
    "decodeUriComponent": lambda text: unquote(_is_text(text), errors="strict"),
    "encodeUriComponent": lambda text: quote(_is_text(text), safe=""),
    "equals": equals,
    "float": lambda text: float(_is_text(text)),
    "formatDateTime": format_date_time,
    "if": chosen,
    "join": join,
    "json": lambda text: json.loads(_is_text(text)),
    "replace": replace,
    "string": shown,
    "take": take,
    "toLower": to_lower,
}


def holds(condition: Any, functions: Mapping[str, Function]) -> bool:
    """Whether a condition of an action holds: `and` of what is equal, which is all that the samples ask."""
    ((name, inner),) = condition.items()
    if name == "and":
        return all(holds(one, functions) for one in inner)
    if name != "equals":
        raise ExpressionError(f"the comparison {name} is not known here")
    return equals(*evaluated(inner, functions))


def _is_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"takes a text, not {value!r}")
    return value
