"""Is every way to ask for a pause understood, and nothing else?"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.adapters.retry_after import MAX_SECONDS, http_date, retry_after_seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 120 ", 120),
        ("86401", MAX_SECONDS),
        ("9" * 400, MAX_SECONDS),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_SECONDS),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("nan", None),
        ("²", None),
        ("٣", None),
        ("Mon, 99 Foo 2026", None),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(text: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(text) == seconds


def test_a_date_is_told_from_now() -> None:
    seconds = retry_after_seconds(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert seconds is not None
    assert 3000 < seconds <= 3600


@pytest.mark.parametrize(
    "text", ["Mon, 02 Mar 2026 12:00:00 GMT", "Mon, 02 Mar 2026 13:00:00 +0100", "Mon, 02 Mar 2026 12:00:00 -0000"]
)
def test_a_date_is_utc_however_it_is_written(text: str) -> None:
    assert http_date(text) == datetime(2026, 3, 2, 12, tzinfo=UTC)
