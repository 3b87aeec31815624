"""Is a file read as the compiler reads it, and is every mistake in it found?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.infra.evaluate import value_of
from local.infra.expressions import Call, Lambda, Literal, Member, Name, Operation, Text
from local.infra.model import BicepFile
from local.infra.syntax import read, read_parameters, read_text
from tests.infra.sample import APP, FILES, MAIN, PARAMETERS

PATH = Path("some.bicep")


def file_of(text: str) -> BicepFile:
    """A file that can be read."""
    found = read_text(text, PATH)
    assert found.trouble == ()
    return found


def expression_of(text: str) -> object:
    """The value of a variable."""
    return file_of(f"var x = {text}\n").variables["x"].value


def test_operators_bind_as_in_bicep() -> None:
    """`!` binds less tightly than what is taken out of a value, and a lambda's body goes on to its end."""
    found = expression_of("!a.b && c == 1 + 2 * 3")
    assert isinstance(found, Operation)
    assert found.operator == "&&"
    assert found.operands[0] == Operation("!", (Member(Name("a", 1), "b", False, 1),), 1)
    called = expression_of("map(a, e => e.name)")
    assert isinstance(called, Call)
    assert called.arguments[1] == Lambda(("e",), Member(Name("e", 1), "name", False, 1), 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a\\'b\\\\\\n\\t\\${x}\\u{1F600}'", "a'b\\\n\t${x}\N{GRINNING FACE}"),
        ("'''\nline 'one' ${x}\n'''", "line 'one' ${x}\n"),
        ("'''a''b'''", "a''b"),
        ("'${1}${'b'}$'", "1b$"),
        ("'${'${'in'}ner'}'", "inner"),
        ("-3", -3),
        ("1 - -2", 3),
        ("2 + 3 * 4 - 6 / 2", 11),
        ("(2 + 3) * 4", 20),
        ("false && false || true", True),
        ("null ?? 'a'", "a"),
        ("true\n  ? 'yes' // first\n  : 'no'", "yes"),
        ("[\n  1\n\n  2, 3\n]", [1, 2, 3]),
        ("[1, 2,]", [1, 2]),
        ("{ a: 1, 'b-c': 2 }", {"a": 1, "b-c": 2}),
        ("{\n  ...{ a: 1 }\n  b: [...[1], 2]\n}", {"a": 1, "b": [1, 2]}),
        ("{ '${'k'}1': /* here */ 1 }", {"k1": 1}),
        ("concat(\n  'a',\n  'b'\n)", "ab"),
        ("{}", {}),
        ("[for (x, i) in ['a']: '${x}${i}']", ["a0"]),
    ],
)
def test_a_value_is_what_is_written(text: str, value: object) -> None:
    """Escapes, lines, commas and all."""
    assert value_of(file_of(f"var x = {text}\n").variables["x"].value) == value


def test_declarations_are_read_with_their_lines() -> None:
    """Each with what is said of it."""
    file = file_of(MAIN)
    assert file.target_scope == "subscription"
    kind = file.parameters["kind"]
    assert (kind.allowed, kind.required, kind.secure) == (("dev", "prod"), False, False)
    assert MAIN.splitlines()[kind.line - 1] == "param kind string = 'dev'"
    assert file.parameters["environmentName"].description == "Name of the environment."
    assert file.parameters["environmentName"].decorators.number("maxLength") == 12
    assert [name for name, one in file.parameters.items() if one.required] == ["environmentName", "password"]
    assert [name for name, one in file.parameters.items() if one.secure] == ["password", "token"]
    network = file.modules["network"]
    assert (network.condition, network.scope) == (Name("withNetwork", network.line), Name("group", network.line + 2))
    loop = file.modules["each"].loop
    assert loop is not None
    assert (loop.item, loop.index, isinstance(loop.condition, Operation)) == ("name", "place", True)


def test_nested_resources_have_their_whole_type() -> None:
    """And the version of the one around them."""
    found = {one.name: (one.full_kind, one.within) for one in file_of(APP).all_resources}
    assert found["container"] == ("Test.Storage/accounts/services/containers@2024-01-01", "service")
    assert found["service"] == ("Test.Storage/accounts/services@2024-01-01", "account")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("extension microsoftGraphV1", ("microsoftGraphV1",)),
        ("extension 'br:x/y:1' as graph", ("graph",)),
        ("extension kubernetes with {\n  namespace: 'default'\n} as k8s", ("k8s",)),
    ],
)
def test_extensions_have_a_name(line: str, names: tuple[str, ...]) -> None:
    """In each form."""
    assert file_of(f"{line}\n").extensions == names


@pytest.mark.parametrize(
    "line",
    [
        "import { a, b as c } from 'types.bicep'",
        "import * as types from 'types.bicep'",
        "param a resourceInput<'Microsoft.X/y@2024-01-01'>.properties",
        "param a { b: string, c: ('x' | 'y')[]? }[] = []",
        "param a [string, int]",
        "type a =\n  | 'x'\n  | 'y'",
        "type a = types.b[*]",
        "param a (string | int)?",
        "param a -1 | true | null",
        "@sys.description('x')\nparam a string",
        "@description('x') // why\n\nparam a string",
        "var a = b!.c![0]",
        "var a string[] = []",
        "metadata about = { a: 1 }",
        "assert a = 1 == 1",
        "#disable-diagnostics BCP081\nvar a = 1",
        "resource a 'X.Y/z@2024-01-01' =\n  if (true) {\n    name: 'a'\n  }",
        "func a() object => {}",
        "var a = (\n  1\n)",
        "var a = map([], () =>\n  1)",
    ],
)
def test_every_construct_is_read(line: str) -> None:
    """Also those that this project does not use."""
    file_of(line)


def test_each_mistake_in_a_file_is_found() -> None:
    """What stands behind one is read on."""
    found = read_text("var a = [1 2]\nvar b = 1\n\nparam c\n@description('x')\nvar d = 'x\nvar e = 2\n", PATH)
    assert [line for line, _ in found.trouble] == [6]
    found = read_text("var a = [1 2]\nvar b = 1\n\nparam c\n@description('x')\nvar d = x +\nvar e = 2\n", PATH)
    assert [line for line, _ in found.trouble] == [1, 4, 6]
    assert list(found.variables) == ["b", "e"]


def test_line_ends_and_marks_of_windows_change_nothing(tmp_path: Path) -> None:
    """The same declarations, in the same lines."""
    path = tmp_path / "main.bicep"
    path.write_bytes(b"\xef\xbb\xbf" + MAIN.replace("\n", "\r\n").encode())
    assert read(path).declarations == file_of(MAIN).declarations


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    """Of both kinds of files."""
    for name in ("a.bicep", "a.bicepparam"):
        (tmp_path / name).write_bytes(b"\xff\xfe\xff")
    assert read(tmp_path / "a.bicep").trouble == ((1, "it is not UTF-8"),)
    assert read_parameters(tmp_path / "a.bicepparam").trouble == ((1, "it is not UTF-8"),)


def test_a_parameter_file_says_what_it_is_for(tmp_path: Path) -> None:
    """Its values keep their lines."""
    path = tmp_path / "main.bicepparam"
    path.write_text(PARAMETERS, encoding="utf-8")
    found = read_parameters(path)
    assert (found.using, found.trouble, [one.name for one in found.variables]) == ("main.bicep", (), ["plain"])
    assert (found.values[1].name, found.values[1].line, found.values[1].value) == ("kind", 6, Literal("dev", 6))


def test_what_is_nested_too_deeply_is_said() -> None:
    """Not a crash."""
    for deep in (f"{'(' * 20_000}1{')' * 20_000}", "1" + " + 1" * 20_000, "a" + ".a" * 20_000):
        found = read_text(f"var a = {deep}\nvar b = 1\n", PATH)
        assert [what for _, what in found.trouble] == ["it is nested too deeply to be read"]
        assert list(found.variables) == ["b"]


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    """It is read, or what is wrong is said."""
    read_text(text, PATH)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_piece_can_be_missing(name: str, data: st.DataObject) -> None:
    """A file from which something was cut is read, or what is wrong is said with a line of it."""
    text = FILES[name]
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    cut = text[:start] + text[end:]
    assert all(1 <= line <= cut.count("\n") + 1 for line, _ in read_text(cut, PATH).trouble)


@given(st.text())
def test_a_text_means_what_it_says(text: str) -> None:
    """However it is escaped."""
    written = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    written = "".join(f"\\u{{{ord(one):x}}}" if one in "\r\n" else one for one in written)
    assert expression_of(f"'{written}'") == Literal(text, 1)
    assert not isinstance(expression_of(f"'{written}'"), Text)
