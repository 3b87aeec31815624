"""The line at the head of a report: what needs a look by name, or how much is well."""

from dataclasses import replace

import pytest

from shared.domain.catalog import MeasureInfo, SegmentInfo
from shared.domain.reports import ReportType, Row, Section, measures_section, report_of, segments_section
from tests.factories import START

WELL = Row("W", "Successful", True)
OFF = Row("O", "Inactive", None)


def unwell(*names: str) -> list[Row]:
    return [Row(name, "Failure", False) for name in names]


def summary(*sections: Section) -> str:
    return report_of("e", "Shop", ReportType.SEGMENTS, sections, START).summary


@pytest.mark.parametrize(
    ("names", "left_out", "told"),
    [
        ("a", 0, "a"),
        ("abc", 0, "a, b, c"),
        ("abcd", 0, "a, b, c and 1 more"),
        ("abcde", 2, "a, b, c and 4 more"),
        ("ab", 2, "a, b and 1 more"),
    ],
)
def test_three_are_named_and_the_others_counted(names: str, left_out: int, told: str) -> None:
    section = Section("Segments", (*unwell(*names), WELL), left_out=9, unwell_left_out=left_out)
    assert summary(section, Section("Measures", (WELL,))) == f"Needs a look: {told}"


@pytest.mark.parametrize(("length", "told"), [(100, "a" * 100), (101, "a" * 99 + "…")])
def test_a_long_name_is_cut(length: int, told: str) -> None:
    assert summary(Section("Segments", tuple(unwell("a" * length)))) == f"Needs a look: {told}"


def test_what_is_well_is_counted_by_kind() -> None:
    """With those that were left out; a kind of which there is nothing is not named."""
    sections = [Section("Segments", (WELL, OFF), left_out=3), Section("Measures", ()), Section("Data sources", (WELL,))]
    assert summary(*sections) == "All well: 5 segments, 1 data sources"
    assert summary(Section("Segments", (OFF,))) == summary() == "Nothing is known yet"


def test_rows_are_ordered_by_how_they_are_and_then_by_name() -> None:
    """As small letters are: a dash before a letter."""
    measures = [MeasureInfo(name, name, state="completed") for name in ("b", "A_b", "Ab")]
    section = measures_section(
        [*measures, MeasureInfo("z", "z", state="failed"), MeasureInfo("y", "y", state="running")]
    )
    assert [row.name for row in section.rows] == ["z", "y", "A_b", "Ab", "b"]


def test_a_segment_that_is_switched_off_is_so_however_it_is_written() -> None:
    one = SegmentInfo("S", "S", state="INACTIVE", evaluation_status="CompletedFailure", evaluated_at=START, members=5)
    assert segments_section([one]).rows == (Row("S", "Inactive", None, START, "5 members"),)
    on = replace(one, state="Active")
    assert segments_section([on]).rows == (Row("S", "Failure", False, START, "5 members"),)
