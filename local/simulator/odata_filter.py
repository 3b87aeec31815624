"""Which rows does a $filter let through? A small recursive parser of OData's boolean expressions. Pure.

either     = both {"or" both}
both       = one {"and" one}
one        = "not" one | "(" either ")" | comparison | call
comparison = column ("eq" | "ne" | "gt" | "ge" | "lt" | "le") literal
call       = ("contains" | "startswith" | "endswith") "(" column "," text ")" | "IsMemberOfSegment" "(" text ")"
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from local.simulator.cells import Kind, Plain, Row, plain

DEEPEST = 30
TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,7})?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))
    | (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?)
    | (?P<name>[^\W\d]\w*)
    | (?P<mark>[(),])
    )(?<!['\w](?=['\w]))""",
    re.VERBOSE,
)
COMPARISONS: Mapping[str, Callable[[Plain, Plain], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
TEXT_CALLS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
KINDS_OF: Mapping[str, tuple[Kind, ...]] = {
    "text": ("text",),
    "number": ("integer", "decimal"),
    "word": ("boolean",),
    "date": ("date",),
    "time": ("time",),
}
Condition = Callable[[Row], bool]
MemberOf = Callable[[str], Condition]


class FilterError(ValueError):
    """A filter that is not understood."""


class Token(NamedTuple):
    """A piece of the filter and where it begins."""

    kind: str
    text: str
    place: int


def parse_filter(text: str, columns: Mapping[str, Kind], member_of: MemberOf | None = None) -> Condition:
    """The condition that the filter puts on a row of these columns."""
    parser = _Parser(_tokens(text), columns, member_of)
    condition = parser.either(0)
    parser.take("end")
    return condition


def _tokens(text: str) -> list[Token]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise FilterError(f"$filter: not understood at character {place + 1}.")
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return [*found, Token("end", "", len(text))]


@dataclass(slots=True)
class _Parser:
    tokens: list[Token]
    columns: Mapping[str, Kind]
    member_of: MemberOf | None
    place: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self, kind: str, text: str | None = None) -> str:
        """The next token, which must be this."""
        found = self.next
        if found.kind != kind or text not in (None, found.text):
            raise FilterError(f"$filter: {text or kind} is missing at character {found.place + 1}.")
        self.place += 1
        return found.text

    def has(self, word: str) -> bool:
        """Whether this word comes next; it is taken."""
        here = self.next.kind in ("name", "mark") and self.next.text == word
        self.place += here
        return here

    def either(self, depth: int) -> Condition:
        options = [self.both(depth)]
        while self.has("or"):
            options.append(self.both(depth))
        return lambda row: any(option(row) for option in options)

    def both(self, depth: int) -> Condition:
        needs = [self.one(depth)]
        while self.has("and"):
            needs.append(self.one(depth))
        return lambda row: all(need(row) for need in needs)

    def one(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise FilterError("$filter: is nested too deeply.")
        if self.has("not"):
            inner = self.one(depth + 1)
            return lambda row: not inner(row)
        if self.has("("):
            inner = self.either(depth + 1)
            self.take("mark", ")")
            return inner
        name = self.take("name")
        return self.call(name) if self.has("(") else self.comparison(name)

    def call(self, name: str) -> Condition:
        if name == "IsMemberOfSegment" and self.member_of:
            condition = self.member_of(self.text())
        elif name in TEXT_CALLS:
            condition = self.text_call(TEXT_CALLS[name])
        else:
            raise FilterError(f"$filter: there is no function {name!r} here.")
        self.take("mark", ")")
        return condition

    def text_call(self, holds: Callable[[str, str], bool]) -> Condition:
        column = self.take("name")
        if self.kind_of(column) != "text":
            raise FilterError(f"$filter: {column!r} is not a text.")
        self.take("mark", ",")
        wanted = self.text()
        return lambda row: isinstance(row.get(column), str) and holds(row[column], wanted)

    def comparison(self, column: str) -> Condition:
        kind = self.kind_of(column)
        compare = self.take("name")
        if compare not in COMPARISONS:
            raise FilterError(f"$filter: {compare!r} is no comparison.")
        value = self.literal(column, kind)
        if (value is None or isinstance(value, bool)) and compare not in ("eq", "ne"):
            raise FilterError(f"$filter: {compare!r} makes no sense with {value}.")
        return _compared(column, kind, compare, value)

    def literal(self, column: str, kind: Kind) -> Plain | None:
        token = self.next
        self.place += token.kind != "end"
        if token.kind == "name" and token.text in WORDS:
            token = Token("word", token.text, token.place)
            if token.text == "null":
                return None
        if kind not in KINDS_OF.get(token.kind, ()):
            raise FilterError(f"$filter: {column} is of the type {kind}; {token.text!r} is not.")
        return _value(token)

    def kind_of(self, column: str) -> Kind:
        if column not in self.columns:
            raise FilterError(f"$filter: there is no column {column!r}.")
        return self.columns[column]

    def text(self) -> str:
        return _unquoted(self.take("text"))


def _compared(column: str, kind: Kind, compare: str, value: Plain | None) -> Condition:
    """An empty cell is equal to null alone, and neither more nor less than anything."""

    def holds(row: Row) -> bool:
        cell = plain(row.get(column), kind)
        if cell is None or value is None:
            return (cell is value) is (compare == "eq") and compare in ("eq", "ne")
        return COMPARISONS[compare](cell, value)

    return holds


def _value(token: Token) -> Plain:
    try:
        match token.kind:
            case "number":
                return Decimal(token.text)
            case "time":
                return datetime.fromisoformat(token.text)
            case "date":
                return date.fromisoformat(token.text)
            case "word":
                return bool(WORDS[token.text])
            case _:
                return _unquoted(token.text)
    except ValueError as error:
        raise FilterError(f"$filter: {token.text!r} does not exist.") from error


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
