"""Does a $filter let through the rows that it should, whatever is written in it?"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulator.cells import Kind, number
from local.simulator.odata_filter import COMPARISONS, FilterError, parse_filter

KINDS: dict[str, Kind] = {
    "Name": "text",
    "Points": "integer",
    "Spend": "decimal",
    "Told": "boolean",
    "Born": "date",
    "Seen": "time",
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text("aB'é ", max_size=3),
    "integer": st.integers(-3, 3),
    "decimal": st.decimals(-3, 3, places=1).map(abs),
    "boolean": st.booleans(),
    "date": st.dates(date(2026, 1, 1), date(2026, 1, 3)),
    "time": st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
}
Row = dict[str, Any]
ROWS: st.SearchStrategy[Row] = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in KINDS.items()})


class Said(NamedTuple):
    """A condition as it is written, and as Python has it."""

    text: str
    holds: Callable[[Row], bool]


def literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'{}'".format(value.replace("'", "''"))
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def as_told(row: Row) -> Row:
    """The row as the API has it: decimals as raw JSON, times as texts."""

    def cell(value: Any) -> Any:
        if isinstance(value, Decimal):
            return number(str(value))
        return literal(value) if isinstance(value, date) else value

    return {name: cell(value) for name, value in row.items()}


def compared(column: str, compare: str, value: Any) -> Said:
    def holds(row: Row) -> bool:
        cell = row[column]
        if cell is None or value is None:
            return {"eq": cell is value, "ne": cell is not value}.get(compare, False)
        return COMPARISONS[compare](cell, value)

    return Said(f"{column} {compare} {literal(value)}", holds)


@st.composite
def comparisons(draw: st.DrawFn) -> Said:
    column = draw(st.sampled_from(sorted(KINDS)))
    value = draw(st.none() | VALUES[KINDS[column]])
    ordered = value is not None and KINDS[column] != "boolean"
    return compared(column, draw(st.sampled_from(sorted(COMPARISONS) if ordered else ["eq", "ne"])), value)


@st.composite
def text_calls(draw: st.DrawFn) -> Said:
    calls: dict[str, Callable[[str, str], bool]] = {
        "contains": lambda text, part: part in text,
        "startswith": str.startswith,
        "endswith": str.endswith,
    }
    name, part = draw(st.sampled_from(sorted(calls))), draw(VALUES["text"])
    text = f"{name}(Name,{draw(st.sampled_from(['', ' ']))}{literal(part)})"
    return Said(text, lambda row: row["Name"] is not None and calls[name](row["Name"], part))


def combined(inner: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda one: Said(f"not ({one.text})", lambda row: not one.holds(row))),
        pairs.map(lambda two: Said(f"({two[0].text}) and ({two[1].text})", lambda row: all(o.holds(row) for o in two))),
        pairs.map(lambda two: Said(f"({two[0].text} or {two[1].text})", lambda row: any(o.holds(row) for o in two))),
    )


LEAVES = comparisons() | text_calls()
CONDITIONS = st.recursive(LEAVES, combined, max_leaves=8)


@given(CONDITIONS, ROWS)
def test_a_filter_lets_through_what_its_meaning_lets_through(said: Said, row: Row) -> None:
    assert parse_filter(said.text, KINDS)(as_told(row)) is said.holds(row)


@given(st.lists(st.tuples(LEAVES, st.booleans()), min_size=1, max_size=6), st.randoms(), ROWS)
def test_not_binds_more_than_and_and_and_more_than_or(leaves: list[tuple[Said, bool]], random: Any, row: Row) -> None:
    words = [random.choice(["and", "or"]) for _ in leaves[1:]] + [""]
    text, python = "", ""
    for (leaf, negated), word in zip(leaves, words, strict=True):
        prefix = "not " if negated else ""
        text += f"{prefix}{leaf.text} {word} "
        python += f"{prefix}{leaf.holds(row)} {word} "
    assert parse_filter(text, KINDS)(as_told(row)) is eval(python)  # noqa: S307 - Python has the same precedence


@given(st.text(max_size=40))
def test_any_text_can_be_asked_for(text: str) -> None:
    condition = parse_filter(f"Name eq {literal(text)}", KINDS)
    assert condition({"Name": text})
    assert not condition({"Name": f"{text}x"})


PIECES = [*KINDS, *COMPARISONS, "and", "or", "not", "(", ")", ",", "'a'", "'", "1", "-2.5", "1e9", "2026-01-01",
          "2026-13-01", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "true", "null", "contains",
          "IsMemberOfSegment", "\x00", "é"]  # fmt: skip


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.sampled_from(PIECES), ROWS
)
def test_any_other_text_is_understood_or_refused(text: str, row: Row) -> None:
    with suppress(FilterError):
        parse_filter(text, KINDS)(as_told(row))


@pytest.mark.parametrize("text", ["(" * 5000 + "Points eq 1" + ")" * 5000, "not " * 5000 + "Points eq 1"])
def test_a_filter_that_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="nested"):
        parse_filter(text, KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Name",
        "Name eq",
        "Name eq 'a",
        "Name eq 'a'b'",
        "Name eq 'a''",
        "Name eq a",
        "Name eq 1",
        "Name gt null",
        "Told ge true",
        "Points eq '1'",
        "Points eq 1x",
        "Points eq 1 and",
        "Points eq 1 Points eq 2",
        "Points is 1",
        "(Points eq 1",
        "Points eq 1)",
        "Age eq 1",
        "1 eq Points",
        "Born eq 2026-02-30",
        "Seen gt 2026-01-01",
        "Seen gt 2026-01-01T25:00:00Z",
        "Seen gt 2026-01-01T00:00:00",
        "contains(Points,'1')",
        "contains(Name)",
        "length(Name) eq 1",
        "IsMemberOfSegment('A')",
        "Name eq 'a'; drop",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text, KINDS)


def test_membership_of_a_segment_is_asked_of_whoever_knows_it() -> None:
    condition = parse_filter(
        "not IsMemberOfSegment('O''Neill') and Points gt 1", KINDS, lambda name: lambda row: row["Name"] in name
    )
    assert [condition({"Name": name, "Points": 2}) for name in ("O'Neill", "other")] == [False, True]
