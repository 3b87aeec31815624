"""What a flow's answer means."""

import pytest

from shared.domain.deliveries import Answer, DeadDelivery, Verdict, judge
from shared.domain.events import EventType, make_event
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
