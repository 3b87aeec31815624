"""How the HTTP functions answer: one shape for every error, and none of our own faults hidden."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import azure.functions as func
import pytest

from functions.answers import error_answer, json_answer, json_body
from shared.entra_settings import read_entra_settings
from shared.errors import (
    ClaimsNeeded,
    Conflict,
    Forbidden,
    IdentityUnavailable,
    InsightsAnswerInvalid,
    InsightsConflict,
    InsightsDeclined,
    InsightsError,
    InsightsForbidden,
    InsightsNotFound,
    InsightsOutcomeUnknown,
    InsightsRefused,
    InsightsRejected,
    InsightsThrottled,
    InsightsTimeout,
    InsightsUnavailable,
    NotAuthenticated,
    NotFound,
    RequestInvalid,
    SignalsError,
    SubscriptionBusy,
)
from tests.factories import ENVIRONMENT
from tests.functions.support import Caller, http
from tests.services.stage import Stage
from tests.tokens import ENTRA

STATUSES: dict[type[SignalsError], int] = {
    RequestInvalid: 400,
    NotAuthenticated: 401,
    ClaimsNeeded: 401,
    Forbidden: 403,
    IdentityUnavailable: 503,
    NotFound: 404,
    Conflict: 409,
    SubscriptionBusy: 503,
    InsightsError: 502,
    InsightsUnavailable: 502,
    InsightsThrottled: 429,
    InsightsRefused: 502,
    InsightsNotFound: 404,
    InsightsForbidden: 403,
    InsightsConflict: 409,
    InsightsOutcomeUnknown: 409,
    InsightsDeclined: 400,
    InsightsTimeout: 504,
    InsightsRejected: 502,
    InsightsAnswerInvalid: 502,
}


def tree(kind: type[SignalsError]) -> Iterator[type[SignalsError]]:
    """A class and all that derive from it, of ours."""
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == "shared.errors":
            yield from tree(below)


def made(kind: type[SignalsError]) -> SignalsError:
    """An error of this class."""
    return RequestInvalid("threshold", "must be a number") if kind is RequestInvalid else kind()


def request(body: bytes = b"") -> func.HttpRequest:
    """A request as the worker hands it over."""
    return func.HttpRequest("POST", "http://127.0.0.1/api/triggers/x", body=body)


def answer_to(error: SignalsError, *, has_token: bool = True) -> func.HttpResponse:
    """What a caller gets when a handler raises."""
    return error_answer(error, read_entra_settings(ENTRA, []), has_token=has_token)


def content(answer: func.HttpResponse) -> Any:
    """The JSON of an answer."""
    assert answer.mimetype == "application/json"
    return json.loads(answer.get_body())


@pytest.mark.parametrize("kind", [kind for kind in tree(SignalsError) if kind in STATUSES])
def test_an_error_that_concerns_the_caller_has_a_status_and_says_what_to_do(kind: type[SignalsError]) -> None:
    error = made(kind)
    answer = answer_to(error)
    assert answer.status_code == STATUSES[kind]
    told = content(answer)["error"]
    assert (told["code"], told["message"]) == (error.reason, str(error))
    assert told["message"].strip()


@pytest.mark.parametrize("kind", [kind for kind in tree(SignalsError) if kind not in STATUSES])
def test_an_error_that_concerns_us_is_left_to_the_host(kind: type[SignalsError]) -> None:
    with pytest.raises(kind):
        answer_to(made(kind))


async def test_a_bug_is_left_to_the_host(stage: Stage, call: Caller) -> None:
    stage.actions.failure = ZeroDivisionError()  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        await call("list_segments", http(environmentId=ENVIRONMENT))


def test_a_mistake_names_its_field() -> None:
    answer = answer_to(RequestInvalid("threshold", "must be a number"))
    assert content(answer) == {
        "error": {"code": "request_invalid", "message": "threshold: must be a number", "field": "threshold"}
    }


def test_a_secret_that_a_caller_put_into_the_name_of_a_field_is_not_said_back() -> None:
    answer = answer_to(RequestInvalid("https://h/w?sig=abc", "is not a field; whsec_abc is none either"))
    assert b"abc" not in answer.get_body()
    assert content(answer)["error"]["field"] == "https://h/w?sig=***"


@pytest.mark.parametrize("wait", [0.2, 1, 30, 59.5])
def test_whoever_has_to_wait_is_told_how_long(wait: float) -> None:
    """In whole seconds, never fewer than asked for."""
    for kind in (InsightsThrottled, InsightsUnavailable, IdentityUnavailable):
        answer = answer_to(kind(retry_after_seconds=wait))
        assert wait <= int(answer.headers["Retry-After"]) <= wait + 1


def test_without_a_time_to_wait_there_is_no_such_header() -> None:
    assert "Retry-After" not in answer_to(InsightsThrottled()).headers


AUTHORIZE = f'authorization_uri="{ENTRA["ENTRA_AUTHORITY"]}/{ENTRA["ENTRA_TENANT_IDS"]}/oauth2/v2.0/authorize"'


@pytest.mark.parametrize(
    ("error", "has_token", "challenge"),
    [
        (NotAuthenticated(), False, f"Bearer {AUTHORIZE}"),
        (NotAuthenticated(), True, f'Bearer {AUTHORIZE}, error="invalid_token"'),
        (ClaimsNeeded(), True, f'Bearer {AUTHORIZE}, error="invalid_token"'),
        (ClaimsNeeded("e30="), True, f'Bearer {AUTHORIZE}, error="insufficient_claims", claims="e30="'),
        (Forbidden(reason="permission_missing"), True, 'Bearer error="insufficient_scope"'),
    ],
)
def test_who_is_not_let_in_is_told_which_token_would_do(error: SignalsError, has_token: bool, challenge: str) -> None:
    assert answer_to(error, has_token=has_token).headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("error", [NotFound(), InsightsForbidden(), InsightsRefused(), IdentityUnavailable()])
def test_no_other_error_asks_for_a_token(error: SignalsError) -> None:
    assert "WWW-Authenticate" not in answer_to(error).headers


@pytest.mark.parametrize("error", [NotAuthenticated(reason="expired"), Forbidden(reason="x", named={"oid": "o-1"})])
def test_why_a_token_does_not_do_is_not_told(error: SignalsError) -> None:
    """It is in the log."""
    answer = answer_to(error)
    assert content(answer)["error"]["code"] == type(error).reason
    assert b"o-1" not in answer.get_body()


@dataclass
class _Shown:
    environment_id: str
    polled_at: datetime
    missing: str | None = None
    empty: str = ""
    count: int = 0


def test_a_dataclass_is_shown_in_camel_case_without_what_is_absent() -> None:
    answer = json_answer(200, _Shown("e-1", datetime(2026, 5, 4, 2, tzinfo=UTC)), {"X-One": "1"})
    assert content(answer) == {"environmentId": "e-1", "polledAt": "2026-05-04T02:00:00Z", "count": 0}
    assert (answer.status_code, answer.headers["X-One"]) == (200, "1")


def test_a_body_is_read_to_the_last_digit() -> None:
    """docs/subscribing.md: every digit of a threshold counts, also of one that is written as a number."""
    read = json_body(request(b'{"threshold": 1234567890.0000000001, "rearmAt": 123456789012345678901234567890}'))
    assert read == {"threshold": Decimal("1234567890.0000000001"), "rearmAt": 123456789012345678901234567890}


@pytest.mark.parametrize(
    "sent", [b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 65_000, b'{"a":' * 13_000, b'"\xed\xa0\x80"']
)
def test_a_body_that_is_no_json_is_the_callers_mistake(sent: bytes) -> None:
    with pytest.raises(RequestInvalid, match="body: must be JSON"):
        json_body(request(sent))


def test_no_body_is_a_mistake_of_its_own() -> None:
    with pytest.raises(RequestInvalid, match="body: is missing: send a JSON object"):
        json_body(request(b" "))


@pytest.mark.parametrize(("size", "taken"), [(64 * 1024, True), (64 * 1024 + 1, False), (10 * 1024 * 1024, False)])
def test_a_body_may_have_64_kib(size: int, taken: bool) -> None:
    sent = b'"' + b"x" * (size - 2) + b'"'
    if taken:
        assert json_body(request(sent)) == "x" * (size - 2)
        return
    with pytest.raises(RequestInvalid) as raised:
        json_body(request(sent))
    assert (raised.value.field, raised.value.reason) == ("body", "body_too_large")
