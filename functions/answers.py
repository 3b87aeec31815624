"""How an HTTP function answers: JSON, and one shape for every error."""

import dataclasses
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

import azure.functions as func
import msgspec

from shared.adapters.messages import encode_events_list
from shared.domain.events import Event
from shared.errors import (
    Conflict,
    InsightsError,
    InsightsThrottled,
    NotFound,
    RequestInvalid,
    SignalsError,
    SubscriptionBusy,
)
from shared.observability import redact

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]  # the worker passes `req` by name
_STATUSES: tuple[tuple[type[SignalsError], int], ...] = (
    (RequestInvalid, 400),
    (NotFound, 404),
    (Conflict, 409),
    (InsightsThrottled, 429),
    (InsightsError, 502),
    (SubscriptionBusy, 503),
)
MAX_BODY_BYTES = 64 * 1024
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """A JSON answer; a dataclass's fields are written in camelCase, without those that are None."""
    shown = _camel(dataclasses.asdict(body)) if dataclasses.is_dataclass(body) and not isinstance(body, type) else body
    text = msgspec.json.encode(shown)
    return func.HttpResponse(text, status_code=status, mimetype="application/json", headers=dict(headers or {}))


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


def answering(handler: Handler) -> Handler:
    """Turn our errors into answers that say what to do. Anything else is our fault: the host makes a 500 of it."""

    @functools.wraps(handler)
    async def answer(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return await handler(req)
        except SignalsError as error:
            status = _status(error)
            if status is None:
                raise
            field = {"field": redact(error.field)} if isinstance(error, RequestInvalid) else {}
            body = {"error": {"code": error.reason, "message": redact(str(error)), **field}}
            return json_answer(status, body, _headers(error))

    return answer


def json_body(request: func.HttpRequest) -> object:
    """The request's JSON, its numbers to the last digit. Raises RequestInvalid."""
    body = request.get_body()
    if not body.strip():
        raise RequestInvalid("body", "is missing: send a JSON object")
    if len(body) > MAX_BODY_BYTES:
        raise RequestInvalid("body", f"must not be larger than {MAX_BODY_BYTES // 1024} KiB", reason="body_too_large")
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestInvalid("body", "must be JSON") from None


def _camel(fields: Mapping[str, object]) -> dict[str, object]:
    def name(text: str) -> str:
        first, *rest = text.split("_")
        return first + "".join(word.title() for word in rest)

    return {name(key): value for key, value in fields.items() if value is not None}


def _status(error: SignalsError) -> int | None:
    """None for a fault of ours."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), None)


def _headers(error: SignalsError) -> dict[str, str]:
    wait = error.retry_after_seconds if isinstance(error, InsightsError) else None
    return {"Retry-After": str(int(wait) + 1)} if wait else {}
