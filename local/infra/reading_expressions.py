"""Which expression is written here? The compiler's own rules of what may stand where, and of where lines may end."""

from collections.abc import Callable
from typing import TypeAlias

from local.infra.expressions import (
    SPREAD,
    ArrayOf,
    At,
    Call,
    Conditional,
    Entry,
    Expression,
    Lambda,
    Literal,
    Loop,
    Member,
    Name,
    Nested,
    ObjectOf,
    Operation,
    Text,
)
from local.infra.reader import Reader
from local.infra.tokens import Refused

PRECEDENCE = {
    **dict.fromkeys(("*", "/", "%"), 100),
    **dict.fromkeys(("+", "-"), 90),
    **dict.fromkeys((">", ">=", "<", "<="), 80),
    **dict.fromkeys(("==", "!=", "=~", "!~"), 70),
    "&&": 50,
    "||": 40,
    "??": 30,
}
LONGEST_NUMBER = 19
LONGEST_ROW = 150
TOO_LARGE = 2**63
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
Nest: TypeAlias = Callable[[Reader], bool]


def expression(reader: Reader, *, literals: bool = True) -> Expression:
    """An expression; `literals` says whether objects and arrays may stand here (they may not inside a text)."""
    test = binary(reader, literals)
    if reader.behind_newlines().kind != "?":
        return test
    reader.newlines()
    reader.expect("?")
    yes = expression(reader, literals=literals)
    if reader.behind_newlines().kind == ":":
        reader.newlines()
    reader.expect(":")
    return Conditional(test, yes, expression(reader, literals=literals), test.line)


def binary(reader: Reader, literals: bool, least: int = 0) -> Expression:
    """Operands joined by operators that bind more tightly than the least."""
    left, joined = unary(reader, literals), 0
    while (binds := PRECEDENCE.get(reader.peek().kind, 0)) > least:
        operator = reader.take()
        left = Operation(operator.kind, (left, binary(reader, literals, binds)), operator.line)
        joined += 1
        _not_too_deep(joined)
    return left


def _not_too_deep(depth: int) -> None:
    # Each of a row is inside the next: whoever walks through them must not run out of stack.
    if depth > LONGEST_ROW:
        raise RecursionError


def unary(reader: Reader, literals: bool) -> Expression:
    """Perhaps with `!` or `-` in front."""
    if not reader.at("!", "-"):
        return member(reader, literals)
    operator = reader.take()
    operand = member(reader, literals)
    if operator.kind == "-" and isinstance(operand, Literal) and type(operand.value) is int:
        return Literal(-operand.value, operator.line)
    return Operation(operator.kind, (operand,), operator.line)


def member(reader: Reader, literals: bool) -> Expression:
    """A value, and what is taken out of it."""
    current, taken = primary(reader, literals), 0
    while reader.at("[", ".", "::", "!"):
        line = reader.line
        taken += 1
        _not_too_deep(taken)
        if reader.taken("["):
            safe = reader.taken("?")
            current = At(current, expression(reader, literals=literals), safe, line)
            reader.expect("]")
        elif reader.taken("."):
            current = after_dot(reader, current, literals)
        elif reader.taken("::"):
            current = Nested(current, reader.name("the name of a nested resource"), line)
        else:
            reader.take()
            current = Operation("postfix !", (current,), line)
    return current


def after_dot(reader: Reader, of: Expression, literals: bool) -> Expression:
    """A property, or a function of a resource or namespace."""
    line = reader.line
    safe = reader.taken("?")
    name = reader.name("the name of a property or function")
    if not reader.at("("):
        return Member(of, name, safe, line)
    if safe:
        raise reader.refused("'.?' in front of a function")
    return Call(name, arguments(reader, literals), of, line)


def arguments(reader: Reader, literals: bool) -> tuple[Expression, ...]:
    """What is given to a function."""
    reader.expect("(")
    return tuple(reader.arguments(")", lambda: expression(reader, literals=literals)))


def primary(reader: Reader, literals: bool) -> Expression:
    """A literal, a name, a call, something in parentheses or a lambda."""
    token = reader.peek()
    if token.kind in ("{", "["):
        if not literals:
            raise reader.refused("an object or array inside a text: give it to a variable first")
        return object_of(reader) if token.kind == "{" else array_or_loop(reader)
    if token.kind == "(":
        return parenthesized_or_lambda(reader, literals)
    if token.kind == "integer":
        return integer(reader)
    if token.kind in ("text", "text start"):
        return text(reader)
    if token.kind == "identifier":
        return named(reader, literals)
    raise reader.refused(f"a value is missing before {token.shown}")


def integer(reader: Reader) -> Literal:
    """A number that fits into 64 bits."""
    token = reader.take()
    if len(token.text) > LONGEST_NUMBER or int(token.text) >= TOO_LARGE:
        raise Refused(token.line, "a number is too large for 64 bits")
    return Literal(int(token.text), token.line)


def text(reader: Reader) -> Literal | Text:
    """A text, with what is filled in."""
    token = reader.take()
    if token.kind == "text":
        return Literal(token.text, token.line)
    parts: list[Expression] = [Literal(token.text, token.line)]
    while token.kind != "text end":
        parts.append(expression(reader, literals=False))
        if not reader.at("text middle", "text end"):
            raise reader.refused(f"'}}' is missing before {reader.peek().shown}")
        token = reader.take()
        parts.append(Literal(token.text, token.line))
    return Text(tuple(part for part in parts if part != Literal("", part.line)), parts[0].line)


def named(reader: Reader, literals: bool) -> Expression:
    """true, false, null, a call, a lambda with one name, or a name."""
    token = reader.take()
    if token.text in WORDS:
        return Literal(WORDS[token.text], token.line)
    if reader.at("("):
        return Call(token.text, arguments(reader, literals), None, token.line)
    if reader.taken("=>"):
        reader.newlines()
        return Lambda((token.text,), expression(reader), token.line)
    return Name(token.text, token.line)


def parenthesized_or_lambda(reader: Reader, literals: bool) -> Expression:
    """`(x)` or `(a, b) => x`."""
    line = reader.expect("(").line
    inner = list(reader.arguments(")", lambda: expression(reader, literals=literals)))
    if reader.taken("=>"):
        reader.newlines()
        if not all(isinstance(one, Name) for one in inner):
            raise reader.refused("in front of '=>' there are only names")
        return Lambda(tuple(one.id for one in inner if isinstance(one, Name)), expression(reader), line)
    if len(inner) != 1:
        raise reader.refused("parentheses hold exactly one value")
    return inner[0]


def object_of(reader: Reader, nest: Nest | None = None) -> ObjectOf:
    """`{ ... }`; `nest` reads a declaration in it, if there is one, and says so."""
    line = reader.expect("{").line
    found = reader.elements("}", lambda: None if nest and nest(reader) else entry(reader))
    return ObjectOf(tuple(one for one in found if one), line)


def entry(reader: Reader) -> Entry:
    """`key: value`, or what is spread here."""
    line = reader.line
    if reader.taken("..."):
        return Entry(SPREAD, expression(reader), line)
    key: str | Expression
    if reader.at("text", "text start"):
        found = text(reader)
        key = str(found.value) if isinstance(found, Literal) else found
    else:
        key = reader.name("the name of a property")
    reader.expect(":")
    return Entry(key, expression(reader), line)


def array_or_loop(reader: Reader) -> Expression:
    """`[ ... ]`."""
    after = reader.behind_newlines(1)
    if after.kind == "identifier" and after.text == "for":
        return loop(reader, lambda: (expression(reader), None))
    line = reader.expect("[").line
    return ArrayOf(tuple(reader.elements("]", lambda: item(reader))), line)


def item(reader: Reader) -> Expression:
    """An item of an array."""
    line = reader.line
    return Operation(SPREAD, (expression(reader),), line) if reader.taken("...") else expression(reader)


def loop(reader: Reader, body: Callable[[], tuple[Expression, Expression | None]]) -> Loop:
    """`[for (item, index) in over: body]`; the body comes with its condition."""
    line = reader.expect("[").line
    reader.newlines()
    reader.expect_word("for")
    index = None
    if reader.taken("("):
        variable = reader.name("a loop variable")
        reader.expect(",")
        index = reader.name("a loop variable")
        reader.expect(")")
    else:
        variable = reader.name("a loop variable")
    reader.expect_word("in")
    over = expression(reader)
    reader.expect(":")
    inside, condition = body()
    reader.newlines()
    reader.expect("]")
    return Loop(variable, index, over, inside, condition, line)
