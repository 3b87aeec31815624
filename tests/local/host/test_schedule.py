"""Do timers fire when Azure would fire them?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.errors import HostError
from local.host.schedule import (
    NEVER,
    IntervalSchedule,
    TimerStatus,
    first_status,
    is_monitored,
    next_occurrence,
    parse_schedule,
    resumed,
    status_after,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
HOURLY = parse_schedule("0 0 * * * *", "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * * *", NOON + timedelta(seconds=1)),
        ("*/15 * * * * *", NOON + timedelta(seconds=15)),
        ("0 */5 * * * *", NOON + timedelta(minutes=5)),
        ("*/5 * * * *", NOON + timedelta(minutes=5)),
        ("0 30 9-17 * * 1-5", NOON + timedelta(minutes=30)),
        ("0 0 0 * Jan Mon", datetime(2027, 1, 4, tzinfo=UTC)),
        ("00:00:10", NOON + timedelta(seconds=10)),
        ("1.00:00:00", NOON + timedelta(days=1)),
    ],
)
def test_the_next_occurrence_follows_the_expression(text: str, expected: datetime) -> None:
    assert parse_schedule(text, "x").after(NOON) == expected


def test_day_and_weekday_must_both_fit() -> None:
    """NCRONTAB differs from cron here: the 13th that is a Friday, not each 13th and each Friday."""
    assert parse_schedule("0 0 0 13 * 5", "x").after(NOON) == datetime(2026, 3, 13, tzinfo=UTC)
    assert parse_schedule("0 0 0 14 * 5", "x").after(NOON) == datetime(2026, 8, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "* * * *", "* * * * * * *", "60 * * * * *", "@daily", "0 0 0 L * *", "H * * * * *", "00:00:00", "5"]
)
def test_what_is_no_schedule_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(HostError, match="function f: schedule") as caught:
        parse_schedule(text, "function f: schedule")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "use_monitor", "expected"),
    [
        ("0 * * * * *", None, True),
        ("00:01:00", True, True),
        ("0 0 3 * * *", False, False),
        ("30 * * * * *", True, True),
        ("*/30 * * * * *", True, False),
        ("0,10 0 * * * *", None, False),
        ("00:00:59", True, False),
    ],
)
def test_only_timers_at_least_a_minute_apart_are_monitored(text: str, use_monitor: bool | None, expected: bool) -> None:
    assert is_monitored(parse_schedule(text, "x"), use_monitor, NOON) is expected


def test_a_timer_that_never_ran_is_not_past_due() -> None:
    assert resumed(HOURLY, None, NOON) == (TimerStatus(NEVER, NOON + timedelta(hours=1), NOON), False)


@given(st.integers(1, 10_000))
def test_any_number_of_missed_occurrences_makes_one_late_run(minutes: int) -> None:
    """After the late run the timer is on time again."""
    now = NOON + timedelta(minutes=minutes, seconds=1)
    status, past_due = resumed(HOURLY, status_after(HOURLY, NOON), now)
    assert past_due is (minutes >= 60)
    if past_due:
        after = status_after(HOURLY, now)
        assert resumed(HOURLY, after, now + timedelta(seconds=1)) == (after, False)
    assert next_occurrence(HOURLY, status, now) > now


def test_a_status_that_another_schedule_wrote_is_no_ground_for_a_late_run() -> None:
    daily = parse_schedule("0 0 3 * * *", "x")
    status, past_due = resumed(HOURLY, status_after(daily, NOON), NOON + timedelta(days=9))
    assert not past_due
    assert status.next_at == NOON + timedelta(days=9, hours=1)
    assert resumed(HOURLY, status, NOON + timedelta(days=9, minutes=1)) == (status, False)


def test_occurrences_under_a_long_run_are_not_made_up_for() -> None:
    begun = NOON
    ended = NOON + timedelta(hours=2, minutes=30)
    assert next_occurrence(HOURLY, status_after(HOURLY, begun), ended) == NOON + timedelta(hours=3)


def test_an_interval_goes_on_from_where_the_last_host_left_it() -> None:
    every_six_hours = IntervalSchedule(timedelta(hours=6))
    status = first_status(every_six_hours, NOON)
    now = NOON + timedelta(hours=5)
    assert next_occurrence(every_six_hours, resumed(every_six_hours, status, now)[0], now) == NOON + timedelta(hours=6)
