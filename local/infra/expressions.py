"""What can stand for a value in Bicep? A small tree of frozen nodes, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias

SPREAD = "..."  # the key of an entry, and the operator of an item, that is spread into what it stands in


@dataclass(frozen=True, slots=True)
class Literal:
    """A text without anything to be filled in, a number, a truth value or null."""

    value: str | int | bool | None
    line: int


@dataclass(frozen=True, slots=True)
class Text:
    """A text with parts that are filled in: `'rg-${name}'`."""

    parts: tuple["Expression", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One property of an object; its key is an expression when it is filled in."""

    key: "str | Expression"
    value: "Expression"
    line: int


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """`{ ... }`."""

    entries: tuple[Entry, ...]
    line: int

    def get(self, key: str) -> "Expression | None":
        """The value under a key that is written out."""
        return next((entry.value for entry in self.entries if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """`[ ... ]`."""

    items: tuple["Expression", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Loop:
    """`[for (item, index) in over: body]`; the condition is that of `if (...)` before the body."""

    item: str
    index: str | None
    over: "Expression"
    body: "Expression"
    condition: "Expression | None"
    line: int


@dataclass(frozen=True, slots=True)
class Conditional:
    """`test ? yes : no`."""

    test: "Expression"
    yes: "Expression"
    no: "Expression"
    line: int


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, variable, resource, module, loop variable or namespace, by its name."""

    id: str
    line: int


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`, safe when `of.?name`."""

    of: "Expression"
    name: str
    safe: bool
    line: int


@dataclass(frozen=True, slots=True)
class At:
    """`of[key]`, safe when `of[?key]`."""

    of: "Expression"
    key: "Expression"
    safe: bool
    line: int


@dataclass(frozen=True, slots=True)
class Nested:
    """`of::name`, a resource declared inside another."""

    of: "Expression"
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, or `of.name(arguments)` of a resource or namespace."""

    name: str
    arguments: tuple["Expression", ...]
    of: "Expression | None"
    line: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One or two operands and what is done to them; `x!` has the operator `postfix !`."""

    operator: str
    operands: tuple["Expression", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Lambda:
    """`(a, b) => body`."""

    names: tuple[str, ...]
    body: "Expression"
    line: int


Expression: TypeAlias = (
    Literal | Text | ObjectOf | ArrayOf | Loop | Conditional | Name | Member | At | Nested | Call | Operation | Lambda
)


def children_of(expression: Expression) -> Iterator[Expression]:
    """The expressions directly inside one."""
    for field in fields(expression):
        yield from _expressions_in(getattr(expression, field.name))


def _expressions_in(value: object) -> Iterator[Expression]:
    if isinstance(value, Entry):
        yield from _expressions_in(value.key)
        yield value.value
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions_in(item)
    elif isinstance(value, Expression):
        yield value


def everything_in(expression: Expression) -> Iterator[Expression]:
    """An expression and all inside it, from left to right."""
    yield expression
    for child in children_of(expression):
        yield from everything_in(child)
