"""What a person sees of a run."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from local.report import Delivery, Expectation, SimulatedClock, compare
from local.show import Screen

START = datetime(2026, 3, 2, tzinfo=UTC)
NOON = START + timedelta(hours=12)
EVENT = Delivery("Post to Teams", "1", "process.ended", "jobs/1", NOON, NOON, "Export was [skipped]")


@pytest.fixture
def log() -> StringIO:
    return StringIO()


@pytest.fixture
def screen(log: StringIO) -> Screen:
    return Screen(Console(file=log, width=120))


def test_a_change_and_an_event_are_one_line_each(screen: Screen, log: StringIO) -> None:
    """However long, and with any characters that mean something to the terminal library."""
    screen.change(NOON, "Web orders failed: " + "x" * 150)
    screen.delivery(EVENT, 1.26, NOON)
    assert log.getvalue().splitlines() == [
        "12:00  source  Web orders failed: " + "x" * 150,
        "12:00  event   process.ended  Export was [skipped]  ->  Post to Teams  (1.3 s)",
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
    assert lines[-1] == "0 of 1 expected events reached their flows: 1 missing, 1 unexpected, 1 duplicates."
