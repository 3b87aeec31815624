"""What does a Bicep or parameter file declare? Read by the compiler's grammar, so that it refuses what that does."""

from collections.abc import Callable, Iterator
from pathlib import Path

from local.infra.expressions import Literal
from local.infra.left_open import left_open
from local.infra.model import (
    BicepFile,
    Declaration,
    Decorators,
    Function,
    Module,
    Output,
    Parameter,
    ParameterFile,
    TypeOf,
    Variable,
)
from local.infra.reader import Reader
from local.infra.reading_expressions import expression, object_of
from local.infra.reading_resources import body_of, decorators_of, plain_text, resource_of
from local.infra.reading_types import type_of
from local.infra.tokens import Refused, Token, silenced_in, tokens_of

DEFAULT_SCOPE = "resourceGroup"
NOT_UTF_8 = (1, "it is not UTF-8")
TOO_DEEP = "it is nested too deeply to be read"


class _File:
    """What has been read of a file so far."""

    def __init__(self) -> None:
        self.declarations: list[Declaration] = []
        self.assigned: list[Variable] = []
        self.extensions: list[str] = []
        self.imports: list[str] = []
        self.target_scope = DEFAULT_SCOPE
        self.using = ""
        self.silenced: frozenset[tuple[int, str]] = frozenset()
        self.trouble: list[tuple[int, str]] = []


def read(path: Path) -> BicepFile:
    """Read a `.bicep` file; what is wrong in it is its trouble."""
    try:
        return read_text(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError:
        return BicepFile(path, DEFAULT_SCOPE, (), (), (NOT_UTF_8,))


def read_text(text: str, path: Path) -> BicepFile:
    """Read what a `.bicep` file of this path says."""
    found = _read(text, READERS)
    return BicepFile(
        path,
        found.target_scope,
        tuple(found.extensions),
        tuple(found.declarations),
        tuple(found.trouble),
        tuple(found.imports),
        found.silenced,
    )


def read_parameters(path: Path) -> ParameterFile:
    """Read a `.bicepparam` file; what is wrong in it is its trouble."""
    try:
        found = _read(path.read_text(encoding="utf-8"), PARAMETER_READERS)
    except UnicodeDecodeError:
        return ParameterFile(path, "", (), trouble=(NOT_UTF_8,))
    variables = tuple(one for one in found.declarations if isinstance(one, Variable))
    return ParameterFile(path, found.using, tuple(found.assigned), variables, tuple(found.trouble))


def _read(text: str, readers: dict[str, "Read"]) -> _File:
    found = _File()
    found.silenced = silenced_in(text)
    try:
        tokens = tokens_of(text)
        _read_all(Reader(tokens), found, readers)
        found.trouble = _with_left_open(found.trouble, left_open(tokens) if found.trouble else None)
    except Refused as error:
        found.trouble.append((error.line, error.what))
    return found


def _with_left_open(trouble: list[tuple[int, str]], bracket: Token | None) -> list[tuple[int, str]]:
    """Say with the first trouble behind a bracket that it is still open."""
    place = next((place for place, (line, _) in enumerate(trouble) if bracket and line >= bracket.line), None)
    if bracket is None or place is None:
        return trouble
    line, what = trouble[place]
    said = f"{what} (the '{bracket.kind}' of line {bracket.line} is still open)"
    return [*trouble[:place], (line, said), *trouble[place + 1 :]]


def _read_all(reader: Reader, found: _File, readers: dict[str, "Read"]) -> None:
    reader.newlines()
    while not reader.at("end"):
        try:
            _declaration(reader, found, readers)
            if not reader.at("newline", "end"):
                raise reader.refused(f"a new line is missing before {reader.peek().shown}")
        except (Refused, RecursionError) as error:
            line, what = (error.line, error.what) if isinstance(error, Refused) else (reader.line, TOO_DEEP)
            found.trouble.append((line, what))
            reader.skip_to_next_declaration(WORDS)
        reader.newlines()


def _declaration(reader: Reader, found: _File, readers: dict[str, "Read"]) -> None:
    decorators = decorators_of(reader)
    word = reader.peek()
    if word.kind != "identifier" or word.text not in readers:
        raise reader.refused(f"{word.shown} begins no declaration (those are: {', '.join(readers)})")
    reader.take()
    readers[word.text](reader, decorators, word.line, found)


def _target_scope(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    reader.expect("=")
    value = expression(reader)
    if not isinstance(value, Literal) or not isinstance(value.value, str):
        raise Refused(line, "targetScope is a text that is written out")
    found.target_scope = value.value


def _metadata(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    reader.name()
    reader.expect("=")
    expression(reader)


def _parameter(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the parameter")
    if reader.at("newline", "end", "="):
        raise reader.refused(f"the type of the parameter '{name}' is missing")
    kind = type_of(reader)
    default = expression(reader) if reader.taken("=") else None
    found.declarations.append(Parameter(name, kind, default, decorators, line))


def _assigned(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the parameter")
    reader.expect("=")
    found.assigned.append(Variable(name, expression(reader), decorators, line))


def _variable(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the variable")
    if not reader.at("=", "newline", "end"):
        type_of(reader)
    reader.expect("=")
    found.declarations.append(Variable(name, expression(reader), decorators, line))


def _output(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the output")
    if reader.at("newline", "end", "="):
        raise reader.refused(f"the type of the output '{name}' is missing")
    kind = type_of(reader)
    reader.expect("=")
    found.declarations.append(Output(name, kind, expression(reader), decorators, line))


def _type(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the type")
    reader.expect("=")
    found.declarations.append(TypeOf(name, type_of(reader), decorators, line))


def _function(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the function")
    reader.expect("(")
    given = tuple(reader.arguments(")", lambda: (reader.name("the name of a parameter"), type_of(reader))))
    returns = type_of(reader)
    reader.expect("=>")
    reader.newlines()
    found.declarations.append(Function(name, given, returns, expression(reader), decorators, line))


def _resource(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    found.declarations.append(resource_of(reader, decorators, line, None))


def _module(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = reader.name("the name of the module")
    path = plain_text(reader, "the path of the module")
    condition, found_loop, body = body_of(reader, lambda: object_of(reader))
    found.declarations.append(Module(name, path, condition, found_loop, body, decorators, line))


def _extension(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    name = plain_text(reader, "the extension") if reader.at("text") else reader.name("the extension")
    if reader.taken_word("with"):
        object_of(reader)
    found.extensions.append(reader.name() if reader.taken_word("as") else name)


def _import(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    found.imports.extend(_imported(reader))
    reader.expect_word("from")
    plain_text(reader, "the path of the import")


def _imported(reader: Reader) -> Iterator[str]:
    if reader.taken("*"):
        reader.expect_word("as")
        yield reader.name()
        return
    reader.expect("{")

    def one() -> str:
        name = reader.name()
        return reader.name() if reader.taken_word("as") else name

    yield from reader.elements("}", one)


def _using(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    found.using = "" if reader.taken_word("none") else plain_text(reader, "the path of the Bicep file")


def _assert(reader: Reader, decorators: Decorators, line: int, found: _File) -> None:
    _metadata(reader, decorators, line, found)


Read = Callable[[Reader, Decorators, int, _File], None]
READERS: dict[str, Read] = {
    "targetScope": _target_scope,
    "metadata": _metadata,
    "type": _type,
    "param": _parameter,
    "var": _variable,
    "func": _function,
    "resource": _resource,
    "module": _module,
    "output": _output,
    "import": _import,
    "extension": _extension,
    "assert": _assert,
}
PARAMETER_READERS: dict[str, Read] = {
    "using": _using,
    "param": _assigned,
    "var": _variable,
    "type": _type,
    "import": _import,
}
WORDS = frozenset(READERS) | frozenset(PARAMETER_READERS)
