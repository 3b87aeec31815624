"""What a flow's answer means."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.deliveries import LONGEST_WAIT, Answer, DeadDelivery, FlowCall, Pair, Verdict, judge
from shared.domain.events import Event, EventType, make_event
from shared.domain.retries import SCHEDULE_SECONDS
from tests.factories import ENVIRONMENT, at


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_an_accepted_event_is_delivered(status: int) -> None:
    assert judge(Answer(status)) is Verdict.DELIVERED


@pytest.mark.parametrize("code", ["", "WorkflowNotFound", "WorkflowTriggerVersionNotFound"])
@pytest.mark.parametrize("status", [404, 410])
def test_a_flow_that_is_gone_ends_its_subscription(status: int, code: str) -> None:
    assert judge(Answer(status, code)) is Verdict.GONE


def test_a_flow_that_is_off_suspends_its_subscription() -> None:
    assert judge(Answer(400, "WorkflowTriggerIsNotEnabled")) is Verdict.OFF


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 599])
def test_a_passing_trouble_is_tried_again(status: int) -> None:
    assert judge(Answer(status, "WorkflowTriggerIsNotEnabled")) is Verdict.RETRY


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_signature_is_tried_again_before_the_subscription_is_suspended(status: int) -> None:
    assert judge(Answer(status)) is Verdict.RETRY


@pytest.mark.parametrize("code", ["", "TriggerInputSchemaMismatch", "InvalidRequestContent", "workflowtrigger"])
def test_an_event_that_the_flow_cannot_take_is_dead(code: str) -> None:
    assert judge(Answer(400, code)) is Verdict.REFUSED


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_not_a_delivery(status: int) -> None:
    assert judge(Answer(status)) is Verdict.REFUSED


@pytest.mark.parametrize("status", [100, 405, 406, 409, 411, 413, 415, 422])
def test_any_other_answer_is_a_refusal(status: int) -> None:
    assert judge(Answer(status)) is Verdict.REFUSED


def test_every_status_has_a_verdict() -> None:
    assert all(isinstance(judge(Answer(status)), Verdict) for status in range(100, 600))


def test_an_event_that_dies_twice_for_one_subscription_is_one_row() -> None:
    event = make_event(ENVIRONMENT, EventType.PROCESS_ENDED, subject="jobs/j", occurrence="j", time=at(0), data={})
    first = DeadDelivery(ENVIRONMENT, "s", event, "refused", 1, at(1))
    again = DeadDelivery(ENVIRONMENT, "s", event, "expired", 10, at(2))
    other = DeadDelivery(ENVIRONMENT, "t", event, "refused", 1, at(1))
    assert first.id == again.id
    assert first.id != other.id


def _events(count: int) -> tuple[Event, ...]:
    return tuple(
        make_event(ENVIRONMENT, EventType.PROCESS_ENDED, subject="jobs/j", occurrence=str(n), time=at(0), data={})
        for n in range(count)
    )


def test_a_call_about_one_event_has_its_id() -> None:
    (event,) = _events(1)
    assert FlowCall("https://x", (event,)).id == event.id


def test_a_list_has_an_id_that_follows_from_its_events_and_their_order() -> None:
    events = _events(3)
    whole = FlowCall("https://x", events, as_list=True).id
    assert whole == FlowCall("https://y", events, as_list=True, secrets=("s",)).id
    others = {FlowCall("https://x", part, as_list=True).id for part in (events[:2], events[1:], events[::-1])}
    assert len(others | {whole} | {event.id for event in events}) == 7
    assert uuid.UUID(whole).version == 5


def test_a_call_shows_neither_its_url_nor_its_secrets() -> None:
    call = FlowCall("https://prod.logic.azure.com/w?sig=abc", _events(1), secrets=("whsec_def",))
    assert not {"sig", "abc", "whsec", "def"} & set(repr(call).replace("'", " ").replace("=", " ").split())
    assert "logic.azure" not in repr(call)


@given(st.integers(0, 8), st.integers(1, 10))
def test_what_is_left_of_a_pair_begins_anew_behind_the_first(place: int, attempt: int) -> None:
    pair = Pair("s", tuple(range(8)), attempt, since=at(1), slot_at=at(2))
    rest = pair.rest_from(place)
    assert rest.events == tuple(range(place, 8))
    assert rest.attempt == (attempt if place == 0 else 1)
    assert (rest.since, rest.slot_at) == (pair.since, at(2) if place == 0 else None)


def test_events_are_given_up_after_three_days_and_not_when_they_never_waited() -> None:
    assert not Pair("s", (0,)).is_too_old(at(10**6))
    waited = Pair("s", (0,), since=at(0))
    assert not waited.is_too_old(at(0) + LONGEST_WAIT)
    assert waited.is_too_old(at(0) + LONGEST_WAIT + timedelta(seconds=1))


def test_nothing_is_given_up_before_its_last_attempt() -> None:
    longest = timedelta(seconds=1.2 * sum(SCHEDULE_SECONDS))
    assert longest < LONGEST_WAIT


def test_what_is_left_of_a_pair_begins_anew_unless_it_is_all_of_it() -> None:
    whole = Pair("s", (3, 4, 5), attempt=4, since=at(0), slot_at=at(0), not_before=at(0))
    assert whole.rest_from(0) is whole
    assert whole.rest_from(1) == Pair("s", (4, 5), since=at(0))
