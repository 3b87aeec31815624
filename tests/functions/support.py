"""The settings that a house needs to stand, what fires a function, and calls of functions as the worker makes them."""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import azure.functions as func
from azure.functions.decorators.core import Trigger
from cryptography.fernet import Fernet

from tests.factories import ENVIRONMENT
from tests.tokens import ENTRA, of_administrator

BASE = "https://signals.example.com"
VARIABLES = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "key",
    "POLL_SCHEDULE": "0 * * * * *",
    "CALLBACK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "PUBLIC_BASE_URL": f"{BASE}/",
    "ENVIRONMENTS": ENVIRONMENT,
    "FAST_POLL_SECONDS": "7",
    **ENTRA,
}
SHOWS_A_SECRET = "renew_signing_secret"
SECRETS = ("sig=", "whsec_", "/workflows/")


def trigger_of(function: func.Function) -> Trigger:
    """What fires it."""
    trigger = function.get_trigger()
    assert trigger is not None
    return trigger


class Caller:
    """Calls the app's functions by name, as the worker does; no answer may hold a callback URL or a secret."""

    def __init__(self, functions: Sequence[func.Function]) -> None:
        self._of = {function.get_function_name(): function for function in functions}

    async def __call__(self, name: str, value: object) -> Any:
        function = self._of[name]
        answer = await function.get_user_function()(**{trigger_of(function).name: value})
        if isinstance(answer, func.HttpResponse) and name != SHOWS_A_SECRET:
            assert not secrets_in(answer)
        return answer


def secrets_in(answer: func.HttpResponse) -> list[str]:
    """What of our secrets an answer holds, in its body or its headers."""
    told = unquote(answer.get_body().decode() + str(dict(answer.headers)))
    return [secret for secret in SECRETS if secret in told]


def http(
    body: object = None,
    *,
    query: Mapping[str, str] | str = "",
    headers: Mapping[str, str] | None = None,
    **route: str,
) -> func.HttpRequest:
    """A request, an administrator's if no header says otherwise.

    A body of bytes goes as it is, and a query may be an address to follow.
    """
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    asked = dict(parse_qsl(urlsplit(query).query)) if isinstance(query, str) else dict(query)
    return func.HttpRequest(
        "POST",
        f"{BASE}/api",
        headers={**of_administrator(), **(headers or {})},
        params=asked,
        route_params=route,
        body=content,
    )


def message(body: bytes | None) -> func.QueueMessage:
    """A queue message."""
    assert body is not None
    return func.QueueMessage(id="1", body=body)


class Tick(func.TimerRequest):
    """What the host hands to a timer."""

    past_due = False
    schedule_status: dict[str, datetime.datetime] = {}  # noqa: RUF012 - as the host's own
    schedule: dict[str, Any] = {}  # noqa: RUF012


def told(answer: func.HttpResponse) -> Any:
    """The JSON of an answer."""
    return json.loads(answer.get_body())


def mistake(answer: func.HttpResponse) -> str:
    """The field that an answer of 400 names."""
    assert answer.status_code == 400, answer.get_body()
    error = told(answer)["error"]
    assert error["code"]
    assert error["message"].startswith(f"{error['field']}: ")
    return str(error["field"])
