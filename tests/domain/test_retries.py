"""When a failed delivery is tried again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.retries import MAX_DELAY_SECONDS, SCHEDULE_SECONDS, delay_before

LAST_ATTEMPT = len(SCHEDULE_SECONDS) + 1


def test_the_schedule_is_that_of_the_design() -> None:
    steps = [delay_before(attempt, retry_after_seconds=None, jitter=0) for attempt in range(2, LAST_ATTEMPT + 2)]
    assert steps == [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200, 86_400, None]


def test_jitter_lengthens_a_step_by_a_fifth_at_most() -> None:
    assert delay_before(5, retry_after_seconds=None, jitter=1) == 720
    assert delay_before(5, retry_after_seconds=None, jitter=0.5) == 660


def test_a_longer_retry_after_wins_and_a_shorter_one_does_not() -> None:
    assert delay_before(2, retry_after_seconds=90, jitter=0) == 90
    assert delay_before(4, retry_after_seconds=90, jitter=0) == 120


@pytest.mark.parametrize("absurd", [10.0**12, math.inf])
def test_an_absurd_retry_after_is_cut_to_what_a_queue_can_hide(absurd: float) -> None:
    assert delay_before(2, retry_after_seconds=absurd, jitter=0) == MAX_DELAY_SECONDS


@pytest.mark.parametrize("useless", [0.0, -5.0, math.nan, -math.inf])
def test_a_useless_retry_after_is_ignored(useless: float) -> None:
    assert delay_before(2, retry_after_seconds=useless, jitter=0) == 5


def test_after_the_last_attempt_not_even_a_retry_after_gives_another() -> None:
    assert delay_before(LAST_ATTEMPT + 1, retry_after_seconds=60, jitter=0) is None


@given(st.integers(2, LAST_ATTEMPT), st.none() | st.floats(allow_nan=True), st.floats(0, 1, allow_nan=False))
def test_every_delay_is_whole_seconds_that_a_queue_can_keep(attempt: int, asked: float | None, jitter: float) -> None:
    delay = delay_before(attempt, retry_after_seconds=asked, jitter=jitter)
    assert isinstance(delay, int)
    assert SCHEDULE_SECONDS[attempt - 2] <= delay <= MAX_DELAY_SECONDS
