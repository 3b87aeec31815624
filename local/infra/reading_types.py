"""Which type is written here?"""

from local.infra.expressions import Literal
from local.infra.model import Type
from local.infra.reader import Reader
from local.infra.reading_expressions import WORDS, arguments, expression, text

UNKNOWN = "unknown"


def type_of(reader: Reader) -> Type:
    """A type; alternatives may stand in lines of their own that begin with `|`."""
    line = reader.line
    leading = at_alternative(reader)
    if leading:
        reader.newlines()
        reader.expect("|")
    members = [one_type(reader)]
    while at_alternative(reader):
        reader.newlines()
        reader.expect("|")
        members.append(one_type(reader))
    return members[0] if len(members) == 1 else Type("union", line, parts=tuple(members))


def at_alternative(reader: Reader) -> bool:
    """Does a `|` come, here or in the next line?"""
    return reader.behind_newlines().kind == "|"


def one_type(reader: Reader) -> Type:
    """One alternative, with what follows it: `[]`, `?`, or a part of it."""
    found = primary_type(reader)
    while reader.at("[", ".", "?", "!"):
        line = reader.line
        if reader.taken("?"):
            found = Type(found.form, found.line, found.name, found.value, found.parts, found.properties, nullable=True)
        elif reader.taken("["):
            found = after_bracket(reader, found, line)
        elif reader.taken("."):
            found = Type(UNKNOWN, line)
            reader.take()
        else:
            reader.take()
    return found


def after_bracket(reader: Reader, found: Type, line: int) -> Type:
    """`[]` behind a type, or a part of it."""
    if reader.taken("]"):
        return Type("array", line, parts=(found,))
    if not reader.taken("*"):
        expression(reader)
    reader.expect("]")
    return Type(UNKNOWN, line)


def primary_type(reader: Reader) -> Type:
    """A literal, a name, an object, a tuple, or something in parentheses."""
    token = reader.peek()
    if token.kind in ("integer", "-"):
        negative = reader.taken("-")
        value = int(reader.expect("integer", "a number").text)
        return Type("literal", token.line, value=-value if negative else value)
    if token.kind in ("text", "text start"):
        found = text(reader)
        return Type("literal", token.line, value=found.value) if isinstance(found, Literal) else refused_text(reader)
    if token.kind == "{":
        return object_type(reader)
    if token.kind == "[":
        return tuple_type(reader)
    if token.kind == "(":
        reader.take()
        inner = type_of(reader)
        reader.expect(")")
        return inner
    return named_type(reader)


def refused_text(reader: Reader) -> Type:
    """A type is known when the file is read."""
    raise reader.refused("a type cannot be a text that something is filled into")


def named_type(reader: Reader) -> Type:
    """A type by its name; `resource '...'` and `resourceInput<'...'>` are not looked into."""
    token = reader.expect("identifier", "a type")
    if token.text in WORDS:
        return Type("literal", token.line, value=WORDS[token.text])
    if token.text == "resource" and reader.at("text"):
        reader.take()
        return Type(UNKNOWN, token.line)
    if reader.taken("<"):
        tuple(reader.arguments(">", lambda: type_of(reader)))
        return Type(UNKNOWN, token.line)
    return Type("name", token.line, token.text)


def decorated(reader: Reader) -> None:
    """Pass over the decorators of a property or an item of a type."""
    while reader.taken("@"):
        reader.name("the name of a decorator")
        if reader.taken("."):
            reader.name("the name of a decorator")
        arguments(reader, literals=True)
        reader.expect("newline", "a new line")
        reader.newlines()


def object_type(reader: Reader) -> Type:
    """`{ name: type }`."""
    line = reader.expect("{").line

    def one() -> tuple[str, Type]:
        decorated(reader)
        if not reader.at("*", "text", "identifier"):
            raise reader.refused(f"the name of a property is missing before {reader.peek().shown}")
        name = reader.take().text
        reader.expect(":")
        return name, type_of(reader)

    return Type("object", line, properties=tuple(reader.elements("}", one)))


def tuple_type(reader: Reader) -> Type:
    """`[type, type]`."""
    line = reader.expect("[").line

    def one() -> Type:
        decorated(reader)
        return type_of(reader)

    return Type("tuple", line, parts=tuple(reader.elements("]", one)))
