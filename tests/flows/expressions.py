"""What does an expression of a flow come to? Parsed and evaluated, without functions that are not known here.

Stricter than Power Automate where its pages leave a doubt: every argument is evaluated, also the one of `if` that is
not taken, and a property of nothing is an error without a question mark.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Function = Callable[..., Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\$?[A-Za-z_]\w*)|(?P<mark>[(),\[\]?.]))"
)
_LITERALS = {"true": True, "false": False, "null": None}


class ExpressionError(ValueError):
    """An expression that cannot be read, names what is not there, or is given what it cannot take."""


@dataclass(slots=True)
class Parser:
    """Evaluates while it reads: the language has neither branches nor loops."""

    source: str
    functions: Mapping[str, Function]
    tokens: list[tuple[str, str]] = field(default_factory=list)
    place: int = 0

    def __post_init__(self) -> None:
        """Cut the source into tokens."""
        at, source = 0, self.source.rstrip()
        while at < len(source):
            found = _TOKEN.match(source, at)
            if found is None or found.lastgroup is None:
                raise ExpressionError(f"{self.source!r} cannot be read at {source[at : at + 20]!r}")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def value(self) -> Any:
        """What the whole of it comes to."""
        found = self._operand()
        if self.place != len(self.tokens):
            raise ExpressionError(f"{self.source!r} goes on after its end: {self.tokens[self.place][1]!r}")
        return found

    def _next(self) -> tuple[str, str]:
        if self.place == len(self.tokens):
            raise ExpressionError(f"{self.source!r} ends too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def _at(self, mark: str) -> bool:
        if self.place < len(self.tokens) and self.tokens[self.place] == ("mark", mark):
            self.place += 1
            return True
        return False

    def _operand(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            found: Any = text[1:-1].replace("''", "'")
        elif kind == "number":
            found = float(text) if "." in text else int(text)
        elif kind == "name" and text in _LITERALS:
            found = _LITERALS[text]
        elif kind == "name":
            found = self._called(text)
        else:
            raise ExpressionError(f"{self.source!r} has {text!r} where a value should be")
        return self._accessed(found)

    def _called(self, name: str) -> Any:
        if not self._at("("):
            raise ExpressionError(f"{self.source!r}: {name} is no value")
        arguments: list[Any] = []
        while not self._at(")"):
            if arguments and not self._at(","):
                raise ExpressionError(f"{self.source!r} has no comma between arguments of {name}")
            arguments.append(self._operand())
        if name not in self.functions:
            raise ExpressionError(f"{name}() is not known here")
        try:
            return self.functions[name](*arguments)
        except (TypeError, ValueError, AttributeError) as error:
            raise ExpressionError(f"{name}() in {self.source!r}: {error}") from error

    def _accessed(self, found: Any) -> Any:
        while True:
            optional = self._at("?")
            if self._at("["):
                key = self._operand()
                if not self._at("]"):
                    raise ExpressionError(f"{self.source!r} has no closing bracket")
            elif self._at("."):
                key = self._next()[1]
            elif optional:
                raise ExpressionError(f"{self.source!r} has a question mark before nothing")
            else:
                return found
            found = self._property(found, key, optional=optional)

    def _property(self, found: Any, key: Any, *, optional: bool) -> Any:
        if isinstance(found, Mapping):
            for step in [key] if key in found else str(key).split("/"):  # 'body/data/x' is a way through objects
                found = found.get(step) if isinstance(found, Mapping) else None
            if found is not None or optional:
                return found
        elif isinstance(found, Sequence) and isinstance(key, int) and -1 < key < len(found):
            return found[key]
        elif found is None and optional:
            return None
        raise ExpressionError(f"{self.source!r}: there is no {key!r}")


def evaluated(node: Any, functions: Mapping[str, Function]) -> Any:
    """A part of a flow with its expressions in the values of objects and lists evaluated."""
    if isinstance(node, Mapping):
        return {_name(name, functions): evaluated(part, functions) for name, part in node.items()}
    if isinstance(node, list):
        return [evaluated(part, functions) for part in node]
    return _text(node, functions) if isinstance(node, str) else node


def shown(value: Any) -> str:
    """A value inside a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _name(name: str, functions: Mapping[str, Function]) -> Any:
    """Flows write a name such as @odata.type with @@, as a text: one @ begins an expression there too."""
    return _text(name, functions) if name.startswith("@") else name


def _text(text: str, functions: Mapping[str, Function]) -> Any:
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@") and not text.startswith("@{"):
        return Parser(text[1:], functions).value()
    parts, at = [], 0
    while (start := text.find("@{", at)) >= 0:
        if start and text[start - 1] == "@":  # @@{ is the text @{
            parts.append(text[at : start - 1] + "@{")
            at = start + 2
            continue
        end = _end(text, start + 2)
        value = Parser(text[start + 2 : end], functions).value()
        parts += [text[at:start], shown(value)]
        at = end + 1
    return "".join([*parts, text[at:]])


def _end(text: str, start: int) -> int:
    """Where an interpolation closes: at the first brace that is not inside of a text."""
    quoted = False
    for place in range(start, len(text)):
        if text[place] == "'":
            quoted = not quoted
        elif text[place] == "}" and not quoted:
            return place
    raise ExpressionError(f"{text!r} has no closing brace")
