"""How an HTTP function answers: JSON, and one shape for every error."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import azure.functions as func
import msgspec

from functions.requests import link
from shared.adapters.messages import UNREADABLE, encode_events_list
from shared.domain.events import Event
from shared.domain.shown import shown
from shared.entra_settings import EntraSettings
from shared.errors import (
    ClaimsNeeded,
    Conflict,
    Forbidden,
    IdentityUnavailable,
    InsightsConflict,
    InsightsDeclined,
    InsightsError,
    InsightsForbidden,
    InsightsNotFound,
    InsightsOutcomeUnknown,
    InsightsThrottled,
    InsightsTimeout,
    NotAuthenticated,
    NotFound,
    RequestInvalid,
    SignalsError,
    SubscriptionBusy,
)
from shared.observability import redact
from shared.services.read_items import ItemPage

_STATUSES: tuple[tuple[type[SignalsError], int], ...] = (
    (RequestInvalid, 400),
    (InsightsDeclined, 400),
    (NotAuthenticated, 401),
    (Forbidden, 403),
    (InsightsForbidden, 403),
    (NotFound, 404),
    (InsightsNotFound, 404),
    (Conflict, 409),
    (InsightsConflict, 409),
    (InsightsOutcomeUnknown, 409),
    (InsightsThrottled, 429),
    (InsightsTimeout, 504),
    (InsightsError, 502),
    (SubscriptionBusy, 503),
    (IdentityUnavailable, 503),
)
MAX_BODY_BYTES = 64 * 1024
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """A JSON answer; a dataclass's fields are written in camelCase, without those that have no value."""
    return raw_answer(status, msgspec.json.encode(shown(body)), headers)


def no_content() -> func.HttpResponse:
    """Done, with nothing to say. The library would call nothing `text/plain`."""
    return func.HttpResponse(status_code=204, mimetype="application/json")


def raw_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """JSON as it came."""
    return func.HttpResponse(body, status_code=status, mimetype="application/json", headers=dict(headers or {}))


def list_answer(things: Sequence[object]) -> func.HttpResponse:
    """A whole list."""
    return json_answer(200, {"value": [shown(one) for one in things]})


def items_answer(page: ItemPage, path: str, query: Mapping[str, str]) -> func.HttpResponse:
    """Rows as they came, and where the rest of them is."""
    more = {}
    if page.rest is not None:
        top = {} if page.rest.top is None else {"$top": str(page.rest.top)}
        more = {"nextLink": link(path, {**query, **top, "$skip": str(page.rest.skip)})}
    return json_answer(200, {"value": [msgspec.Raw(row) for row in page.rows], **more})


def events_answer(
    status: int,
    events: Sequence[Event],
    more: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> func.HttpResponse:
    """A JSON answer whose `value` is a list of events, their numbers to the last digit."""
    rest = {name: msgspec.Raw(msgspec.json.encode(part)) for name, part in (more or {}).items()}
    body = {"value": msgspec.Raw(encode_events_list(events)), **rest}
    return json_answer(status, body, headers)


def error_answer(error: SignalsError, entra: EntraSettings, *, has_token: bool) -> func.HttpResponse:
    """An error of ours as an answer that says what to do. One that is a fault of ours is raised again."""
    status = status_of(error)
    if status is None:
        raise error
    refused = isinstance(error, NotAuthenticated) or (isinstance(error, Forbidden) and error.named)
    code = type(error).reason if refused else error.reason  # why a token does not do is for the log
    field = {"field": redact(error.field)} if isinstance(error, RequestInvalid) else {}
    body = {"error": {"code": code, "message": redact(str(error)), **field}}
    return json_answer(status, body, _headers(error, entra, has_token=has_token))


def object_body(request: func.HttpRequest) -> bytes:
    """The request's JSON object as it was written, its numbers untouched. Raises RequestInvalid."""
    if not isinstance(json_body(request), dict):
        raise RequestInvalid("body", "must be a JSON object")
    return request.get_body()


def json_body(request: func.HttpRequest) -> object:
    """The request's JSON, its numbers to the last digit. Raises RequestInvalid."""
    body = request.get_body()
    if len(body) > MAX_BODY_BYTES:
        raise RequestInvalid("body", f"must not be larger than {MAX_BODY_BYTES // 1024} KiB", reason="body_too_large")
    if not body.strip():
        raise RequestInvalid("body", "is missing: send a JSON object")
    try:
        return _decoder.decode(body)
    except UNREADABLE:
        raise RequestInvalid("body", "must be JSON") from None


def status_of(error: SignalsError) -> int | None:
    """None for a fault of ours."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), None)


def _headers(error: SignalsError, entra: EntraSettings, *, has_token: bool) -> dict[str, str]:
    if isinstance(error, NotAuthenticated):
        return {"WWW-Authenticate": f"Bearer {_challenge(error, entra, has_token=has_token)}"}
    if isinstance(error, Forbidden) and error.reason == "permission_missing":
        return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
    wait = error.retry_after_seconds if isinstance(error, InsightsError | IdentityUnavailable) else None
    return {"Retry-After": str(int(wait) + 1)} if wait else {}


def _challenge(error: NotAuthenticated, entra: EntraSettings, *, has_token: bool) -> str:
    """RFC 6750, section 3, and Microsoft's page on claims challenges."""
    address = f'authorization_uri="{entra.authority}/{entra.tenant_ids[0]}/oauth2/v2.0/authorize"'
    if isinstance(error, ClaimsNeeded) and error.claims:
        return f'{address}, error="insufficient_claims", claims="{error.claims}"'
    return f'{address}, error="invalid_token"' if has_token else address
