"""How long does a Retry-After header ask to wait? Seconds or a date (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_SECONDS = 24 * 3600.0


def retry_after_seconds(text: str | None) -> float | None:
    """The seconds to wait, a day at most, or None for a text that is neither."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_SECONDS)
    moment = http_date(text) if text else None
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), MAX_SECONDS) if moment else None


def http_date(text: str) -> datetime | None:
    """The moment that a header such as Date tells."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
