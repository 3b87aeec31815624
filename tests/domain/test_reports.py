"""Reports: what needs a look comes first and is counted in full, and no name breaks out of a format."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.catalog import DataSource, MeasureInfo, SegmentInfo
from shared.domain.report_formats import as_card, as_html, as_markdown
from shared.domain.reports import (
    MOST_ROWS,
    Report,
    ReportType,
    Row,
    Section,
    measures_section,
    refreshes_section,
    report_of,
    segments_section,
    sources_section,
    unification_section,
    unread_section,
)
from shared.domain.snapshot import Job
from tests.factories import START, job, task

CARD_BYTES = 28 * 1024
HOSTILE = st.text(alphabet="<>&'\"`*_[](){}|\\#!~-+.:@$/ab \n\t\x01é漢😀\u202e", max_size=40)
STATUSES = st.sampled_from(["CompletedSuccess", "CompletedFailure", "Cancelled", "Running", "NotQualified", "", "new"])


def segment(name: str, status: str = "CompletedSuccess", state: str = "active", members: int | None = 1) -> SegmentInfo:
    return SegmentInfo(name, name, state=state, evaluation_status=status, evaluated_at=START, members=members)


def report(*sections: Section, kind: ReportType = ReportType.SEGMENTS) -> Report:
    return report_of("environment", "Shop", kind, sections, START)


@given(st.lists(st.builds(segment, HOSTILE, STATUSES, st.sampled_from(["active", "inactive", ""])), max_size=30))
def test_what_is_not_well_comes_first(segments: list[SegmentInfo]) -> None:
    """And only that makes a report unhealthy; what is switched off or under way is neither."""
    section = segments_section(segments)
    wells = [row.well for row in section.rows]
    unwell = [
        one
        for one in segments
        if one.state != "inactive" and one.evaluation_status in ("CompletedFailure", "Cancelled")
    ]
    assert wells == sorted(wells, key=lambda well: (well is not False, well is not None))
    assert sorted(row.name for row in section.unwell) == sorted(one.display_name for one in unwell)
    found = report(section)
    assert found.healthy is not bool(unwell)
    told = "Needs a look: " if unwell else "All well: " if True in wells else "Nothing is known yet"
    assert found.summary.startswith(told)


@given(st.integers(0, 450), st.integers(0, 450))
def test_nothing_is_left_out_unsaid(bad: int, good: int) -> None:
    """Not more than 200 rows of a kind, and how many more there are, with how many of them are not well."""
    section = segments_section(
        [*(segment(f"b{n}", "CompletedFailure") for n in range(bad)), *map(segment, map(str, range(good)))]
    )
    assert len(section.rows) == min(bad + good, MOST_ROWS)
    assert len(section.rows) + section.left_out == bad + good
    assert len(section.unwell) + section.unwell_left_out == bad
    summary = report(section).summary
    assert bad or not good or f"{good} segments" in summary
    more = re.search(r"and (\d+) more", summary)
    assert (int(more[1]) if more else 0) == max(0, bad - 3)
    if section.left_out:
        assert f"… and {section.left_out} more" in as_html(report(section))
        assert f"… and {section.left_out} more" in as_markdown(report(section))


def test_ten_thousand_segments_are_a_card_that_fits() -> None:
    for name in ("n", "漢" * 500, '"\\' * 500, "😀" * 500, "\x01" * 500, "*" * 500):
        segments = [segment(f"{name}{n}", "CompletedFailure") for n in range(10_000)]
        found = report(*[segments_section(segments)] * 5, kind=ReportType.ENVIRONMENT)
        written = json.dumps(as_card(found))
        assert len(written) < CARD_BYTES
        assert "50000" in str(sum(len(one.rows) + one.left_out for one in found.sections))
        assert as_card(found)["body"]


class Texts(HTMLParser):
    """The tags and the texts of HTML, as a mail program sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"style", "cellpadding"}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def every_section(name: str) -> Sequence[Section]:
    """All kinds of things, each of that name."""
    failed = task(name, "failed", operation="merge")
    return (
        sources_section([DataSource("id", name, refresh_state="updateFailed")]),
        segments_section([segment(name, name, name)]),
        measures_section([MeasureInfo(name, name, state="failed", error=name)]),
        unification_section(job("j", "failed", failed)),
    )


@given(HOSTILE)
def test_a_name_stays_a_text_in_html(name: str) -> None:
    parser = Texts()
    parser.feed(as_html(report(*every_section(name))))
    assert parser.tags <= {"h2", "h3", "p", "strong", "table", "tr", "td"}
    if name.strip():
        assert name.replace("\r", "\n") in "\n".join(parser.texts) or name in parser.texts


@given(HOSTILE)
def test_a_name_stays_a_text_in_markdown(name: str) -> None:
    """Every character that means something has a backslash before it, and a row stays in its line."""
    text = as_markdown(report(*every_section(name)))
    rows = [line for line in text.split("\n") if line.startswith(("| ✗", "| -"))]
    assert len(rows) == 4
    for row in rows:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 6, row
        assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]`*_]", row), row


@given(HOSTILE)
@example("[Sign in](https://example.com)")
@example("a]\n(b")
def test_a_card_is_json_without_links(name: str) -> None:
    """Links are what a card knows of Markdown, and a text is one line of 200 letters at most."""
    card = json.loads(json.dumps(as_card(report(*every_section(name)))))
    body = card["body"]
    texts = [part["text"] for part in body if "text" in part]
    texts += [value for part in body for fact in part.get("facts", ()) for value in fact.values()]
    assert not [text for text in texts if "](" in text or "\n" in text or len(text) > 200]
    assert {part["type"] for part in body} <= {"TextBlock", "FactSet"}


def test_the_newest_full_refresh_counts() -> None:
    jobs = [
        job("3", "successful", operation="ingestion"),
        job("2", "failed", operation="all"),
        job("1", "successful", operation="all"),
    ]
    (row,) = refreshes_section(jobs).rows
    assert row.well is False
    under_way = refreshes_section([job("4", "running", operation="all"), *jobs])
    assert [row.well for row in under_way.rows] == [False, None]
    assert refreshes_section([]).rows == ()
    assert refreshes_section(jobs[:1]).rows == ()


def test_stages_of_a_unification_and_nothing_else() -> None:
    tasks = [task(one, "successful", operation=one) for one in ("map", "match", "merge", "segmentation")]
    section = unification_section(job("1", "successful", *tasks))
    assert sorted(row.name for row in section.rows) == ["Map", "Match", "Merge"]
    assert unification_section(None) == Section("Unification stages", ())
    nothing: list[Job] = []
    assert report(refreshes_section(nothing), unification_section(None)).healthy


LATER = START + timedelta(hours=1)


def test_refreshes_are_the_last_that_ended_and_the_one_under_way() -> None:
    """How they were begun, and when they ended or, as long as they have not, began."""
    ended = Job("a", "all", "successful", "scheduled", START, LATER)
    running = Job("b", "all", "running", "onDemand", LATER)
    other = Job("c", "merge", "failed", "byMagic", START, LATER)
    assert refreshes_section([other, running, ended, replace(ended, status="failed")]) == Section(
        "Full refreshes",
        (
            Row("Full refresh under way", "Refreshing", None, LATER, "by hand"),
            Row("Last full refresh", "Successful", True, LATER, "by schedule"),
        ),
    )
    magic = replace(ended, submission="byMagic", ended_at=None)
    assert refreshes_section([magic]).rows == (Row("Last full refresh", "Successful", True, START, "byMagic"),)
    assert refreshes_section([other]) == Section("Full refreshes", ())


def test_what_cannot_be_read_needs_a_look() -> None:
    assert unread_section("Segments", "No answer.") == Section(
        "Segments", (Row("Segments", "Could not be read", False, None, "No answer."),)
    )


def test_unification_is_told_stage_by_stage() -> None:
    failed = task("", "failed", operation="match", errors=("too wide", "too long"))
    whole = job("j", "failed", task("", operation="map"), failed, task("Orders", operation="ingestion"))
    assert unification_section(whole) == Section(
        "Unification stages",
        (
            Row("Match", "Failure", False, failed.ended_at, "too wide; too long"),
            Row("Map", "Successful", True, failed.ended_at),
        ),
    )
    assert unification_section(None) == Section("Unification stages", ())


def test_sources_segments_and_measures_are_told_with_when_and_what() -> None:
    source = DataSource("s", "Shop", refresh_state="updateFailed", last_refresh_at=START)
    assert sources_section([source]) == Section("Data sources", (Row("Shop", "Failure", False, START),))
    shown = MeasureInfo("M", "Sales", state="new", evaluated_at=START, error="no data")
    assert measures_section([shown]) == Section("Measures", (Row("Sales", "new", None, START, "no data"),))
    off = SegmentInfo("O", "Off", state="Inactive", evaluated_at=START, members=1234)
    on = SegmentInfo("N", "On", state="active", evaluation_status="", evaluated_at=START)
    assert segments_section([on, off]) == Section(
        "Segments", (Row("Off", "Inactive", None, START, "1,234 members"), Row("On", "Unknown", None, START))
    )
