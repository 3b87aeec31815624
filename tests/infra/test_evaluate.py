"""Is what can be known computed as Azure computes it, and nothing else?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.infra.evaluate import possibilities, value_of
from local.infra.expressions import (
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
    ObjectOf,
    Operation,
    Text,
)
from local.infra.known_functions import FUNCTIONS
from local.infra.scope import Scope, Unknown, known, scope_of
from local.infra.syntax import read_text

PATH = Path("some.bicep")
KNOWN = [
    ("concat(['a'], ['b'])", ["a", "b"]),
    ("concat('a', 'b')", "ab"),
    ("union({ a: { b: 1 }, c: 1 }, { a: { d: 2 }, c: 2 })", {"a": {"b": 1, "d": 2}, "c": 2}),
    ("union([1, 2], [2, 3])", [1, 2, 3]),
    ("intersection([1, 2], [2, 3])", [2]),
    ("contains({ Key: 1 }, 'key')", True),
    ("contains('abc', 'B')", False),
    ("contains([1], 2)", False),
    ("[empty(''), empty([]), empty({}), empty(null), empty('a')]", [True, True, True, True, False]),
    ("toLower('AbC')", "abc"),
    ("replace('a-b-c', '-', '')", "abc"),
    ("join(['a', 'b'], ',')", "a,b"),
    ("split('a,b;c', [',', ';'])", ["a", "b", "c"]),
    ("take('abc', 2)", "ab"),
    ("skip([1, 2, 3], 5)", []),
    ("[first(''), first([]), last([1, 2])]", ["", None, 2]),
    ("substring('abc', 1)", "bc"),
    ("format('{0}-{1}', 'a', 3)", "a-3"),
    ("padLeft(7, 3, '0')", "007"),
    ("range(2, 3)", [2, 3, 4]),
    ("items({ b: 1, a: 2 })", [{"key": "a", "value": 2}, {"key": "b", "value": 1}]),
    ("[max(1, 3), min([4, 2])]", [3, 2]),
    ("flatten([[1], [2, 3]])", [1, 2, 3]),
    ("[string(true), string(1), string({ a: [1] })]", ["True", "1", '{"a":[1]}']),
    ("[int('7'), bool('TRUE')]", [7, True]),
    ("json('{\"a\": [1, true]}')", {"a": [1, True]}),
    ("[startsWith('Abc', 'aB'), endsWith('abc', 'x')]", [True, False]),
    ("[-7 / 2, -7 % 2, 7 / 2]", [-3, -1, 3]),
    ("['a' =~ 'A', 'a' !~ 'A', 1 == true, 'a' != 'b']", [True, False, False, True]),
    ("map(['a', 'b'], (x, i) => '${x}${i}')", ["a0", "b1"]),
    ("filter([1, 2, 3], x => x > 1)", [2, 3]),
    ("reduce([1, 2, 3], 0, (sum, next) => sum + next)", 6),
    ("sort([3, 1, 2], (a, b) => a < b)", [1, 2, 3]),
    ("toObject(['a'], x => '${x}1', x => [x])", {"a1": ["a"]}),
    ("mapValues({ a: 1 }, x => x * 2)", {"a": 2}),
    ("groupBy([{ t: 'a', n: 1 }, { t: 'a', n: 2 }], x => x.t, x => x.n)", {"a": [1, 2]}),
    ("{ a: 1 }.?b ?? 'none'", "none"),
    ("[1, 2][?5]", None),
    ("null.?a", None),
    ("{ a: { b: [7] } }.a.b[0]", 7),
    ("false && group().x", False),
    ("group().x || true", True),
    ("sys.toUpper('a')", "A"),
]
UNKNOWN = [
    "resourceGroup().location",
    "az.subscription().id",
    "other",
    "'${other}'",
    "other + 1",
    "join([other], ',')",
    "1 / 0",
    "[1][3]",
    "{ a: 1 }.b",
    "substring('a', 2)",
    "int('x')",
    "'a' + 'b'",
    "guid('a')",
    "json('1.5')",
    "9223372036854775807 + 1",
    "filter([1], x => other)",
    "padLeft('a', 99999999)",
    "range(0, 99999999)",
    "reduce(range(0, 64), 'aaaa', (all, one) => concat(all, all))",
    "itself",
    "a::b",
]


def value(text: str, scope: Scope | None = None) -> object:
    """The value of what is written."""
    file = read_text(f"var itself = itself\nvar x = {text}\n", PATH)
    assert file.trouble == ()
    return value_of(file.variables["x"].value, scope or scope_of(file))


@pytest.mark.parametrize(("text", "expected"), KNOWN, ids=[text for text, _ in KNOWN])
def test_what_is_known_is_computed(text: str, expected: object) -> None:
    """As Azure does."""
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_not_known_is_unknown(text: str) -> None:
    """Also what Azure would refuse, and what would take for ever."""
    assert isinstance(value(text), Unknown)


def test_parts_that_are_not_known_leave_the_rest() -> None:
    """In objects and arrays, also when they are merged."""
    found = value("union({ a: other, b: 1 }, { c: [other, 2] })")
    assert isinstance(found, dict)
    assert (found["b"], found["c"][1], isinstance(found["a"], Unknown)) == (1, 2, True)
    assert not known(found)
    assert value("length([other, other])") == 2


def test_names_are_given_defaulted_or_computed() -> None:
    """A variable does not see the names of the lambda that asks for it."""
    file = read_text("param a string = 'x'\nvar b = '${a}!'\nvar c = map(['y'], a => '${a}${b}')\n", PATH)
    for given_, with_defaults, expected in (({}, True, ["yx!"]), ({"a": "z"}, True, ["yz!"])):
        assert value_of(file.variables["c"].value, scope_of(file, given_, defaults=with_defaults)) == expected
    assert not known(value_of(file.variables["c"].value, scope_of(file, defaults=False)))


def test_both_ways_of_a_test_are_possible() -> None:
    """The same test turns out the same way everywhere."""
    file = read_text("var x = [p ? 1 : 2, q ? 3 : 4, p ? 5 : 6, p && q ? 7 : true ? 8 : 9]\n", PATH)
    found = [tuple(one) for one in possibilities(file.variables["x"].value) if isinstance(one, list)]
    assert {(one[0], one[2]) for one in found} == {(1, 5), (2, 6)}
    assert {one[1] for one in found} == {3, 4}
    assert {one[3] for one in found} == {7, 8}
    assert isinstance(value("other ? 1 : 2"), Unknown)


def test_possibilities_end() -> None:
    """Also of very many tests."""
    many = ", ".join(f"p{number} ? 1 : 2" for number in range(40))
    file = read_text(f"var x = [{many}]\n", PATH)
    assert len(list(possibilities(file.variables["x"].value))) == 64


def test_samples_stand_for_what_is_not_known() -> None:
    """One item of an array, and a property that may be any."""
    sampling = Scope().sampling()
    assert value("[for one in other: { a: 1, b: one }]", sampling) != []
    assert len(value("map(other, one => 1)", sampling)) == 1  # type: ignore[arg-type]
    merged = value("union({ a: 1 }, other)", sampling)
    assert isinstance(merged, dict)
    assert (merged["a"], len(merged)) == (1, 2)


names = st.sampled_from(["a", "b", "c"])
leaves: st.SearchStrategy[Expression] = st.one_of(
    st.builds(Literal, st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)), st.just(1)),
    st.builds(Name, names, st.just(1)),
)


def grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Expressions made of others, also such as make no sense."""
    some = st.lists(inner, max_size=3).map(tuple)
    operators = st.sampled_from(["+", "-", "*", "/", "%", "==", "<", "=~", "&&", "||", "??", "!", "...", "postfix !"])
    pair = st.tuples(inner, inner)
    entries = st.lists(st.builds(Entry, st.one_of(names, inner), inner, st.just(1)), max_size=3)
    return st.one_of(
        st.builds(Text, some, st.just(1)),
        st.builds(ArrayOf, some, st.just(1)),
        st.builds(ObjectOf, entries.map(tuple), st.just(1)),
        st.builds(Conditional, inner, inner, inner, st.just(1)),
        st.builds(Member, inner, names, st.booleans(), st.just(1)),
        st.builds(At, inner, inner, st.booleans(), st.just(1)),
        st.builds(Operation, operators, pair, st.just(1)),
        st.builds(Lambda, st.lists(names, max_size=2).map(tuple), inner, st.just(1)),
        st.builds(Loop, names, st.one_of(st.none(), names), inner, inner, st.none(), st.just(1)),
        st.builds(Call, st.sampled_from(sorted(FUNCTIONS)), some, st.none(), st.just(1)),
    )


@given(st.recursive(leaves, grown, max_leaves=12))
def test_nothing_makes_it_fail(expression: Expression) -> None:
    """Any expression has a value, or none that is known; with samples and choices too."""
    scope = Scope({"a": 1}, variables={"b": expression, "c": Literal("x", 1)})
    value_of(expression, scope)
    for one in possibilities(expression, scope.sampling()):
        known(one)
