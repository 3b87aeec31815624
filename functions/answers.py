"""How an HTTP function answers: JSON, and one shape for every error."""

import dataclasses
import functools
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

import azure.functions as func
import msgspec

from shared.errors import InsightsError, InsightsThrottled, NotFound, RequestInvalid, SignalsError

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]  # the worker passes `req` by name
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """A JSON answer; a dataclass's fields are written in camelCase, without those that are None."""
    shown = _camel(dataclasses.asdict(body)) if dataclasses.is_dataclass(body) and not isinstance(body, type) else body
    text = msgspec.json.encode(shown)
    return func.HttpResponse(text, status_code=status, mimetype="application/json", headers=dict(headers or {}))


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
            field = {"field": error.field} if isinstance(error, RequestInvalid) else {}
            body = {"error": {"code": error.reason, "message": str(error), **field}}
            return json_answer(status, body, _headers(error))

    return answer


def json_body(request: func.HttpRequest) -> object:
    """The request's JSON, its numbers to the last digit. Raises RequestInvalid."""
    try:
        return _decoder.decode(request.get_body())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestInvalid("body", "must be JSON") from None


def _camel(fields: Mapping[str, object]) -> dict[str, object]:
    def name(text: str) -> str:
        first, *rest = text.split("_")
        return first + "".join(word.title() for word in rest)

    return {name(key): value for key, value in fields.items() if value is not None}


def _status(error: SignalsError) -> int | None:
    if isinstance(error, RequestInvalid):
        return 400
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, InsightsThrottled):
        return 429
    return 502 if isinstance(error, InsightsError) else None


def _headers(error: SignalsError) -> dict[str, str]:
    wait = error.retry_after_seconds if isinstance(error, InsightsError) else None
    return {"Retry-After": str(int(wait) + 1)} if wait else {}
