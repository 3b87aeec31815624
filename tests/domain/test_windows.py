"""How many calls a flow gets at once: more the better it answers, one when it is slow, none while it rests."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import windows as module
from shared.domain.health import LONGEST_OPEN
from shared.domain.windows import SLOW, Window, Windows
from tests.factories import START

SECOND = timedelta(seconds=1)
QUICK = timedelta(milliseconds=20)


def answered(window: Window, times: int, took: timedelta = QUICK, *, well: bool = True) -> None:
    """Calls one after the other."""
    for _ in range(times):
        assert window.try_enter(START)
        window.leave(START, took, well=well)


def entered(window: Window) -> int:
    """How many calls get in."""
    count = 0
    while window.try_enter(START):
        count += 1
    return count


def test_a_flow_begins_with_one_call_at_a_time() -> None:
    assert entered(Window()) == 1


def test_every_quick_answer_doubles_the_number_up_to_a_limit() -> None:
    found = []
    for times in (1, 2, 3, 20):
        window = Window()
        answered(window, times)
        found.append(entered(window))
    assert found == [2, 4, 8, 64]


def test_a_slow_or_failed_answer_brings_it_back_to_one() -> None:
    for took, well in ((SLOW, True), (QUICK, False), (30 * SECOND, False)):
        window = Window()
        answered(window, 5)
        answered(window, 1, took, well=well)
        assert entered(window) == 1
        assert window.is_slow == (took >= SLOW)


def test_nobody_gets_in_while_the_flow_rests() -> None:
    window = Window()
    window.rest_until(START + SECOND, START)
    for shorter in (START, None):
        window.rest_until(shorter, START)
        assert entered(window) == 0
    assert window.try_enter(START + SECOND)


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=5), timedelta(days=30)])
def test_a_clock_that_was_set_back_closes_nothing_for_longer_than_a_day(back: timedelta) -> None:
    window = Window()
    window.rest_until(START + SECOND, START)
    assert window.takes(10, 10, START)
    now = START - back
    assert window.is_closed(now) == (back < LONGEST_OPEN)
    assert window.takes(10, 10, now)
    window.rest_until(now + SECOND, now)
    assert window.try_enter(now + LONGEST_OPEN)


def test_waiting_is_worth_it_while_calls_end_and_not_when_none_has_for_half_a_second() -> None:
    window = Window()
    assert not window.stands_still(START)
    window.try_enter(START)
    assert not window.stands_still(START + 0.5 * SECOND)
    assert window.stands_still(START + 0.6 * SECOND)
    window.leave(START + 0.7 * SECOND, QUICK, well=True)
    assert not window.stands_still(START + SECOND)
    answered(window, 1, SLOW)
    assert window.stands_still(START)


@given(st.lists(st.tuples(st.floats(0, 12), st.integers(1, 12)), max_size=40), st.sampled_from([1, 10, 15]))
def test_what_passes_without_a_slot_is_two_seconds_calls_in_any_ten_seconds_at_most(
    asked: list[tuple[float, int]], rate: int
) -> None:
    window, now, passed = Window(), START, []
    for waited, calls in asked:
        now += timedelta(seconds=waited)
        if window.takes(calls, rate, now):
            passed += [now] * calls
    for began in passed:
        assert sum(began <= other < began + 10 * SECOND for other in passed) <= 2 * rate


def test_a_single_call_passes_at_any_rate() -> None:
    assert all(Window().takes(1, rate, START) for rate in (1, 10))


def test_windows_are_remembered_by_flow_and_the_oldest_is_forgotten() -> None:
    windows = Windows()
    answered(windows.of("first"), 3)
    windows.of("busy").try_enter(START)
    assert entered(windows.of("first")) == 8
    windows.of("old").limit = 7
    for number in range(10_001):
        windows.of(f"flow-{number}")
    assert windows.of("busy").calls == 1
    assert windows.of("first").calls == 8


def test_what_the_clock_made_of_a_rest_or_of_spent_calls_is_not_believed() -> None:
    """It was set back: neither stands farther ahead than it could have been set."""
    window = Window(closed_until=START + 2 * LONGEST_OPEN, spent_until=START + 85 * SECOND)
    window.rest_until(START + SECOND, START)
    assert window.closed_until == START + SECOND
    assert window.takes(1, 1, START)
    assert window.spent_until == START + 10 * SECOND


def test_as_many_flows_are_remembered_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FLOWS", 2)
    windows = Windows()
    first, second = windows.of("a"), windows.of("b")
    assert (windows.of("a"), windows.of("b")) == (first, second)
    assert windows.of("a") is first
    windows.of("c")
    assert windows.of("a") is first
    assert windows.of("b") is not second
