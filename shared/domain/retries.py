"""When a failed delivery is tried again."""

SCHEDULE_SECONDS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
MAX_DELAY_SECONDS = 7 * 24 * 3600  # a queue message can be hidden for seven days at most
_JITTER = 0.2


def delay_before(attempt: int, *, retry_after_seconds: float | None, jitter: float) -> int | None:
    """Seconds to wait before attempt number `attempt` (the first retry is 2), or None when there is none left.

    `jitter` is a random number from 0 to 1: the step is lengthened by up to a fifth, so that a herd spreads out. A
    longer Retry-After wins.
    """
    step = max(0, attempt - 2)
    if step >= len(SCHEDULE_SECONDS):
        return None
    wait = SCHEDULE_SECONDS[step] * (1 + _JITTER * jitter)
    return int(min(max(wait, retry_after_seconds or 0), MAX_DELAY_SECONDS))
