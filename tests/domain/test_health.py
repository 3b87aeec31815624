"""The breaker and the slots: when a flow is left alone, for how long, and what makes it well."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.deliveries import Attempt, Verdict
from shared.domain.health import (
    FAILURES_TO_OPEN,
    LONGEST_OPEN,
    PROBE,
    PROBE_LOOK,
    REFUSALS_TO_SUSPEND,
    admission,
    after_failure,
    after_success,
    begin_probe,
    is_ahead,
    next_slot,
    reserved,
)
from shared.domain.subscriptions import Health, Subscription, SubscriptionState
from tests.factories import START, subscription

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RETRY = Attempt(Verdict.RETRY, "http_503")
OFF = Attempt(Verdict.OFF, "WorkflowTriggerIsNotEnabled")
GONE = Attempt(Verdict.GONE, "http_404")
REFUSED = Attempt(Verdict.REFUSED, "TriggerInputSchemaMismatch")
FORBIDDEN = Attempt(Verdict.RETRY, "http_403", refused_token=True)
ASKED = Attempt(Verdict.RETRY, "http_429", retry_after_seconds=60)
FAILURES = (RETRY, OFF, GONE, REFUSED, FORBIDDEN, ASKED)


def failed(failure: Attempt, times: int = 1, one: Subscription | None = None) -> tuple[Subscription, datetime]:
    """A subscription after failures in a row, each at the end of the rest before it; and when the last one was."""
    one, now = one or subscription(), START
    for _ in range(times):
        now = max(now + SECOND, one.health.open_until or now)
        one = after_failure(one, now, failure)
    return one, now


def rests(failure: Attempt, times: int) -> list[float]:
    """How long a flow is left alone after each of so many failures in a row."""
    found = []
    for count in range(1, times + 1):
        one, now = failed(failure, count)
        found.append((one.health.open_until - now).total_seconds() if one.health.open_until else 0)
    return found


def test_rests_grow_from_the_fifth_failure_to_an_hour() -> None:
    assert rests(RETRY, 10) == [0, 0, 0, 0, 30, 120, 600, 3600, 3600, 3600]


def test_a_flow_that_is_off_is_tried_on_a_slow_schedule() -> None:
    assert rests(OFF, 8) == [600, 3600, 10_800, 21_600, 43_200, 86_400, 86_400, 86_400]


def test_the_slow_schedule_begins_at_its_beginning_after_other_failures() -> None:
    one, _ = failed(RETRY, 9)
    one, now = failed(OFF, 1, one)
    assert one.health.open_until == now + timedelta(minutes=10)


def test_refusals_of_our_call_suspend_at_the_fifth() -> None:
    states = [failed(FORBIDDEN, times)[0].state for times in range(1, REFUSALS_TO_SUSPEND + 1)]
    assert states == [SubscriptionState.ACTIVE] * (REFUSALS_TO_SUSPEND - 1) + [SubscriptionState.SUSPENDED]


def test_a_flow_that_asks_for_a_rest_gets_it_at_its_first_failure() -> None:
    assert rests(ASKED, 6) == [60, 60, 60, 60, 60, 120]


@pytest.mark.parametrize(("asked", "rest"), [(10.0**12, DAY), (math.inf, DAY), (math.nan, None), (-5, None)])
def test_an_absurd_wish_is_cut_and_a_useless_one_ignored(asked: float, rest: timedelta | None) -> None:
    one, now = failed(replace(RETRY, retry_after_seconds=asked))
    assert one.health.open_until == (now + rest if rest else None)


def test_an_event_at_fault_says_nothing_about_its_flow() -> None:
    one, _ = failed(REFUSED, 9)
    assert (one.health.failures, one.health.open_until, one.state) == (0, None, SubscriptionState.ACTIVE)
    assert (one.health.failed, one.health.last_reason) == (9, REFUSED.reason)


def test_a_flow_that_is_gone_ends_its_subscription() -> None:
    one, now = failed(GONE)
    assert (one.state, one.state_since, one.health.open_until) == (SubscriptionState.ENDED, now, None)


@pytest.mark.parametrize("state", [SubscriptionState.ENDED, SubscriptionState.REPLACED])
@given(st.lists(st.sampled_from([*FAILURES, None]), max_size=12))
def test_nothing_brings_back_what_has_ended_or_was_replaced(
    state: SubscriptionState, story: list[Attempt | None]
) -> None:
    one = subscription(state=state)
    for place, failure in enumerate(story):
        now = START + place * HOUR
        one = after_failure(one, now, failure) if failure else after_success(one, now, delivered=1, run_id="")
    assert one.state is state


@given(st.lists(st.sampled_from(FAILURES), max_size=12))
def test_a_success_after_any_failures_makes_a_live_flow_well(story: list[Attempt]) -> None:
    one, now = subscription(), START
    for failure in story:
        one = after_failure(one, now, failure)
        now = max(now, one.health.open_until or now) + SECOND
    well = after_success(one, now, delivered=3, run_id="run")
    assert (well.health.failures, well.health.refusals, well.health.open_until) == (0, 0, None)
    assert well.state is (SubscriptionState.ENDED if GONE in story else SubscriptionState.ACTIVE)
    assert (well.health.delivered, well.health.failed, well.health.last_run_id) == (3, len(story), "run")
    assert admission(well, now).wait_until is None


@given(st.lists(st.sampled_from([*FAILURES, None]), max_size=8), st.integers(1, 59))
def test_no_late_answer_ends_a_rest_or_makes_it_longer_than_the_flow_asked(
    story: list[Attempt | None], seconds: int
) -> None:
    """Late: the call began before the rest did."""
    one, began = failed(ASKED)
    until = one.health.open_until
    assert until is not None
    now = began + seconds * SECOND
    for failure in story:
        one = after_failure(one, now, failure) if failure else after_success(one, now, delivered=1, run_id="")
        assert one.health.open_until is not None
        assert until <= one.health.open_until <= now + timedelta(minutes=10)
    assert one.health.failures == 1


def test_a_success_from_before_a_failure_does_not_hide_it() -> None:
    one, now = failed(RETRY, 4)
    noted = after_success(one, now - SECOND, delivered=2, run_id="run")
    assert (noted.health.failures, noted.health.delivered, noted.health.last_run_id) == (4, 2, "run")


def test_nobody_is_let_in_during_a_rest_then_one_and_then_everybody() -> None:
    one, _ = failed(RETRY, FAILURES_TO_OPEN)
    until = one.health.open_until
    assert until is not None
    assert admission(one, until - SECOND).wait_until == until
    assert admission(one, until).probe
    probing = begin_probe(one, until)
    waiting = admission(probing, until + SECOND)
    assert waiting.wait_until is not None
    assert not waiting.probe
    assert admission(probing, until + PROBE).probe
    assert admission(after_success(probing, until, delivered=1, run_id=""), until) == admission(subscription(), until)


@given(
    st.lists(st.sampled_from([RETRY, OFF, REFUSED, FORBIDDEN, ASKED]), min_size=1, max_size=12),
    st.sampled_from([SECOND, HOUR, 5 * DAY, 30 * DAY]) | st.timedeltas(0 * DAY, 60 * DAY),
)
def test_a_clock_that_was_set_back_keeps_no_flow_waiting_for_longer_than_a_day(
    story: list[Attempt], back: timedelta
) -> None:
    """Then it is tried, by one at a time, and a success makes it well."""
    one, now = subscription(), START
    for attempt in story:
        now = max(now, one.health.open_until or now) + SECOND
        one = begin_probe(after_failure(one, now, attempt), now)
    now -= back
    let_in = now
    while (until := admission(one, let_in).wait_until) is not None:
        let_in = until
    assert let_in - now <= LONGEST_OPEN + PROBE + PROBE_LOOK
    assume(not is_ahead(one.health.last_failure_at, let_in, 5 * MINUTE))
    well = after_success(one, let_in, delivered=1, run_id="")
    assert (well.state, admission(well, now)) == (SubscriptionState.ACTIVE, admission(subscription(), now))


@given(st.sampled_from([HOUR, 5 * DAY, 30 * DAY]), st.integers(1, 3600))
def test_a_clock_that_was_set_back_keeps_no_call_waiting_for_its_slot_for_longer_than_an_hour(
    back: timedelta, calls: int
) -> None:
    health = reserved(Health(), START, calls, 1)
    assert next_slot(health, START - back) - (START - back) <= HOUR


@pytest.mark.parametrize("back", [HOUR, 5 * DAY, 30 * DAY])
def test_a_failure_after_the_clock_was_set_back_rests_as_any_other(back: timedelta) -> None:
    one, now = failed(RETRY, FAILURES_TO_OPEN + 2)
    late = after_failure(one, now - back, RETRY)
    assert late.health.open_until is not None
    assert late.health.open_until - (now - back) <= HOUR + timedelta(minutes=10)


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 100)), min_size=1, max_size=20), st.sampled_from([1, 10, 15])
)
def test_slots_never_overlap_and_leave_no_gap_while_any_wait(asked: list[tuple[float, int]], rate: float) -> None:
    health, now, free_at = Health(), START, START
    for passed, calls in asked:
        now += timedelta(seconds=passed)
        starts_at = next_slot(health, now)
        assert starts_at == max(now, free_at)
        health = reserved(health, now, calls, rate)
        free_at = starts_at + timedelta(seconds=calls / rate)
        assert health.next_slot_at == free_at


def test_a_failure_ends_a_trial_and_one_of_another_kind_ends_a_row_of_refused_tokens() -> None:
    refused = Attempt(Verdict.RETRY, "http_401", refused_token=True)
    tried = begin_probe(after_failure(subscription(), START, refused), START)
    assert tried.health.refusals == 1
    failed = after_failure(tried, START, RETRY)
    assert (failed.health.probe_until, failed.health.refusals, failed.health.failures) == (None, 0, 2)


def test_a_flow_that_is_on_again_is_so_from_now_on() -> None:
    off = replace(subscription(state=SubscriptionState.SUSPENDED), state_since=START)
    well = after_success(off, START + HOUR, delivered=1, run_id="")
    assert (well.state, well.state_since) == (SubscriptionState.ACTIVE, START + HOUR)


def test_while_another_tries_one_looks_again_soon() -> None:
    rested = subscription()
    rested = replace(rested, health=Health(failures=5, open_until=START - SECOND))
    assert admission(begin_probe(rested, START), START).wait_until == START + PROBE_LOOK


def test_a_moment_is_believed_as_far_ahead_as_it_can_have_been_set() -> None:
    """With a minute by which clocks differ, to the moment."""
    for ahead, believed in (
        (timedelta(0), False),
        (SECOND, True),
        (HOUR + MINUTE, True),
        (HOUR + MINUTE + SECOND, False),
    ):
        assert is_ahead(START + ahead, START, HOUR) is believed
