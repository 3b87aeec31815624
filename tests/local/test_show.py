"""What a person sees of a run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from local.report import Delivery, Expectation, SimulatedClock, compare
from local.show import Screen, counted, verdict

START = datetime(2026, 3, 2, tzinfo=UTC)
NOON = START + timedelta(hours=12)
EVENT = Delivery("Post to Teams", "1", "process.ended", "jobs/1", NOON, NOON, "Export was [skipped]")


@pytest.fixture
def log() -> StringIO:
    return StringIO()


@pytest.fixture
def screen(log: StringIO) -> Screen:
    return Screen(Console(file=log, width=200))


def on_terminal(log: StringIO, width: int) -> Screen:
    return Screen(Console(file=log, width=width, force_terminal=True, color_system=None, legacy_windows=False))


def test_a_change_and_an_event_are_one_line_each(screen: Screen, log: StringIO) -> None:
    """Long ones too, whatever characters they have; times are those at the source."""
    screen.change(NOON, "Web orders failed:\n" + "x" * 150)
    screen.delivery(EVENT, 1.26)
    assert log.getvalue().splitlines() == [
        "12:00  source  Web orders failed: " + "x" * 150,
        "12:00  event   process.ended  Export was [skipped]  ->  Post to Teams  (1.3 s)",
    ]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_line_fits_its_terminal_and_keeps_flow_and_lag(width: int) -> None:
    """What the event says gives way, with an ellipsis; nothing is broken in the middle of a word."""
    log = StringIO()
    on_terminal(log, width).delivery(replace(EVENT, summary="very long " * 30), 2.0)
    (line,) = log.getvalue().splitlines()
    assert len(line) == width
    assert line.endswith("…  ->  Post to Teams  (2.0 s)")
    assert ("process.ended" in line) is (width >= 120)


def test_a_call_that_a_flow_did_not_take(screen: Screen, log: StringIO) -> None:
    """It is no event at the flow; the answer says why one is late."""
    screen.delivery(replace(EVENT, answer=500), 1.0)
    assert log.getvalue() == "12:00  call    Post to Teams answered 500\n"


def test_the_table_fits_80_columns() -> None:
    """With the longest event type in full."""
    log = StringIO()
    kind = "datasource.refresh.succeeded"
    report = compare([], [replace(EVENT, type=kind)] * 1000, SimulatedClock(START, START, 999.0))
    on_terminal(log, 80).summary(report, duplicates_allowed=False)
    lines = log.getvalue().splitlines()
    assert any(line.startswith(kind) for line in lines)
    assert max(len(line) for line in lines) <= 80


def test_notes_break_between_words_but_not_what_is_to_be_copied() -> None:
    """A path that is broken in two can neither be clicked nor copied."""
    log = StringIO()
    screen = on_terminal(log, 20)
    screen.note("a few words that are too long for it")
    screen.to_copy("curl http://127.0.0.1:7071/api/triggers")
    assert log.getvalue().splitlines() == [
        "a few words that are",
        "too long for it",
        "curl http://127.0.0.1:7071/api/triggers",
    ]


def test_a_log_file_gets_a_line_for_each_tenth_of_the_day(screen: Screen, log: StringIO) -> None:
    """No bar is drawn where there is no terminal."""
    for minutes in range(0, 24 * 60 + 1, 10):
        screen.day(START + timedelta(minutes=minutes), START, START + timedelta(days=1))
    assert len(log.getvalue().splitlines()) == 11


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    """Closing gives the terminal back; closing twice does no harm."""
    log = StringIO()
    screen = Screen(Console(file=log, width=120, force_terminal=True))
    screen.day(NOON, START, START + timedelta(days=1))
    screen.close()
    screen.close()
    assert "Mon 12:00" in log.getvalue()


def test_the_summary_says_what_is_wrong(screen: Screen, log: StringIO) -> None:
    """Each missing and each unexpected event is named, and the last line is the verdict."""
    wanted = [Expectation("refresh.completed", "jobs/2", NOON, "Tell the boss")]
    report = compare(wanted, [EVENT, EVENT], SimulatedClock(START, START, 1.0))
    screen.summary(report, duplicates_allowed=False)
    lines = log.getvalue().splitlines()
    assert "missing     02 Mar 12:00  refresh.completed  jobs/2  ->  Tell the boss" in lines
    assert "unexpected  02 Mar 12:00  process.ended  jobs/1  ->  Post to Teams" in lines
    assert lines[-1] == "0 of 1 expected events reached their flows: 1 missing, 1 unexpected, 1 duplicate."


@pytest.mark.parametrize(
    ("expected", "came", "said"),
    [
        (0, 0, "Nothing was expected, and nothing came."),
        (1, 1, "The one expected event reached its flow."),
        (1, 2, "The one expected event reached its flow (and came again)."),
        (2, 2, "All 2 expected events reached their flows, once."),
        (0, 1, "Nothing was expected, but something came: 0 missing, 1 unexpected, 0 duplicates."),
    ],
)
def test_the_verdict_is_a_sentence(expected: int, came: int, said: str) -> None:
    """One is one, none is nothing."""
    wanted = [EVENT.meets] * expected
    ids = ["1", "1"] if came > expected == 1 else ["1", "2"][:came]
    report = compare(wanted, [replace(EVENT, id=each) for each in ids], SimulatedClock(START, START, 1.0))
    assert verdict(report, good=report.is_good(duplicates_allowed=True)) == said


def test_numbers_and_their_nouns() -> None:
    """Also irregular ones."""
    assert (counted(1, "flow"), counted(0, "flow"), counted(2, "watch", "watches")) == (
        "1 flow",
        "0 flows",
        "2 watches",
    )
