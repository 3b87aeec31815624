"""Which resource or module is written here, under which condition and how often?"""

from collections.abc import Callable

from local.infra.expressions import Call, Expression, Literal, Loop, Name, ObjectOf
from local.infra.model import Decorators, Resource
from local.infra.reader import Reader
from local.infra.reading_expressions import arguments, expression, loop, object_of, text


def decorators_of(reader: Reader) -> Decorators:
    """The decorators in front of a declaration."""
    calls: list[Call] = []
    while reader.at("@"):
        line = reader.take().line
        name = reader.name("the name of a decorator")
        of: Expression | None = None
        if reader.taken("."):
            of, name = Name(name, line), reader.name("the name of a decorator")
        calls.append(Call(name, arguments(reader, literals=True), of, line))
        reader.expect("newline", "a new line")
        reader.newlines()
    return Decorators(tuple(calls))


def resource_of(reader: Reader, decorators: Decorators, line: int, around: tuple[str, str, str] | None) -> Resource:
    """A resource; `around` are the symbol, kind and version of the one that it is declared in."""
    name = reader.name("the name of the resource")
    kind, _, version = plain_text(reader, "the type of the resource").partition("@")
    if around:
        kind, version = f"{around[1]}/{kind}", version or around[2]
    existing = reader.taken_word("existing")
    nested: list[Resource] = []

    def nest(inner: Reader) -> bool:
        decorated = inner.at("@")
        if not decorated and not (inner.at_word("resource") and inner.peek(1).kind == "identifier"):
            return False
        given = decorators_of(inner)
        at = inner.line
        inner.expect_word("resource")
        nested.append(resource_of(inner, given, at, (name, kind, version)))
        return True

    condition, found_loop, body = body_of(reader, lambda: object_of(reader, nest))
    within = around[0] if around else ""
    return Resource(name, kind, version, existing, condition, found_loop, body, decorators, line, tuple(nested), within)


def plain_text(reader: Reader, what: str) -> str:
    """A text that nothing is filled into."""
    if not reader.at("text", "text start"):
        raise reader.refused(f"{what} is missing before {reader.peek().shown}")
    found = text(reader)
    if not isinstance(found, Literal):
        raise reader.refused(f"{what} is a text that is written out")
    return str(found.value)


def body_of(reader: Reader, body: Callable[[], ObjectOf]) -> tuple[Expression | None, Loop | None, ObjectOf]:
    """What follows the `=` of a resource or module: its condition, its loop, its body."""
    reader.expect("=")
    after = reader.behind_newlines()
    if after.kind == "identifier" and after.text == "if":
        reader.newlines()
    if reader.at("["):
        found = loop(reader, lambda: _conditional(reader, body)[::-1])
        inside = found.body
        return None, found, inside if isinstance(inside, ObjectOf) else ObjectOf((), found.line)
    condition, inside = _conditional(reader, body)
    return condition, None, inside


def _conditional(reader: Reader, body: Callable[[], ObjectOf]) -> tuple[Expression | None, ObjectOf]:
    condition = None
    if reader.taken_word("if"):
        reader.expect("(")
        reader.newlines()
        condition = expression(reader)
        reader.newlines()
        reader.expect(")")
    if not reader.at("{"):
        raise reader.refused(f"'{{', '[' or 'if' is missing before {reader.peek().shown}")
    return condition, body()
