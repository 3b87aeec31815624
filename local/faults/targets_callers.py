"""Which bytes come from callers: tokens, bodies, queries, headers, callback URLs, cursors?"""

import base64
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import azure.functions as func
import jwt
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from functions.answers import json_body, object_body
from local.entra.directory import API, API_APP, CONNECTOR, DAEMON, MAKER, TENANT
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from local.faults.target import AUTHORITY, ENVIRONMENT, Target, promise, run, text_of
from shared.adapters.entra_tokens import TokenValidator
from shared.domain import asking
from shared.domain.access import Principal
from shared.domain.callback_url import parse_callback_url
from shared.domain.callers import flow_of
from shared.domain.cursors import read_cursor, write_cursor
from shared.domain.subscribing import (
    check_fields,
    environment_id,
    fields_of_query,
    filters_of,
    flag,
    parse_filters,
    text,
)
from shared.domain.subscriptions import Trigger
from shared.entra_settings import EntraSettings, read_entra_settings
from shared.errors import CallbackRejected, Forbidden, IdentityUnavailable, NotAuthenticated, RequestInvalid
from shared.telemetry import is_traceparent

SUFFIXES = (".logic.azure.com", ".environment.api.powerplatform.com")
SECRET = "5ecret-of-the-flow"  # noqa: S105 - nothing opens to it
ENTRA = {
    "ENTRA_AUTHORITY": AUTHORITY,
    "ENTRA_TENANT_IDS": TENANT,
    "ENTRA_CLIENT_ID": API_APP.id,
    "ENTRA_APP_ID_URI": API.uri,
    "ENTRA_CLIENT_SECRET": "not asked for here",
    "CALLING_APPS": f"{CONNECTOR.id},{DAEMON.id}",
}
_HEADERS = ("name", "run-id", "operation-name", "subscription-id", "resourcegroup-name")


def callback_url(body: bytes) -> None:
    """What passes is https to an allowed host, and its text shows nothing of it."""
    url = parse_callback_url(text_of(body), allowed_suffixes=SUFFIXES)
    promise(url.host.endswith(SUFFIXES) and url.secret.lower().startswith(f"https://{url.host}"), "a host not allowed")
    promise(SECRET not in f"{url} {url!r} {url.fingerprint} {url.digest} {url.is_signed}", "the URL is shown")


def token(body: bytes) -> None:
    """A token as it comes: no other is taken than one that was signed."""
    given = text_of(body)
    run(_validator().principal_of(given))
    promise(
        given.rpartition(".")[0] in {one.decode().rpartition(".")[0] for one in tokens()}, "a forged token is taken"
    )


def signed_token(body: bytes) -> None:
    """A header and a payload, a NUL between them, well signed: the answer is a caller of our tenant, or no."""
    header, _, payload = body.partition(b"\0")
    start = f"{_segment(header)}.{_segment(payload)}"
    signature = issuer().key.private.sign(start.encode(), padding.PKCS1v15(), SHA256())
    found: Principal = run(_validator().principal_of(f"{start}.{_segment(signature)}"))
    promise(found.tenant_id == TENANT and found.object_id and found.client_id, "a caller whom nobody can name")
    promise(json.loads(header)["alg"] == "RS256", "another algorithm")


def order(body: bytes) -> None:
    """The body of a subscribe call, for every trigger."""
    request = func.HttpRequest("POST", "https://signals.example.com/api", body=body)
    told = json_body(request)
    _each_trigger(lambda trigger: _ordered(trigger, told))


def item(body: bytes) -> None:
    """The body of a write: it goes on as it came, and is an object."""
    request = func.HttpRequest("POST", "https://signals.example.com/api", body=body)
    promise(object_body(request).strip().startswith(b"{"), "no object goes on")


def query(body: bytes) -> None:
    """A query, each parameter on a line of its own."""
    asked = _lines(body)
    _each_trigger(lambda trigger: _polled(trigger, asked))
    readers: tuple[Callable[[], object], ...] = (
        lambda: asking.item_query(asked),
        lambda: asking.write_options(asked),
        lambda: asking.moment(asked, "since"),
        lambda: asking.whole_number(asked, "top", default=100, most=1000),
        lambda: asking.version(asked),
        lambda: asking.environment(asked),
        lambda: asking.column(asked, "keyColumn", "CustomerId"),
    )
    _each(readers)


def name(body: bytes) -> None:
    """Names and ids in a path: what passes leads nowhere else."""
    given = {"name": text_of(body)}
    found = [_or_empty(reader, given) for reader in (asking.name, asking.file_name, asking.item_id)]
    for one in found:
        promise(
            one.isascii() and ".." not in one and not set(one) & set("/\\?#% \r\n\0"), "a name that leads elsewhere"
        )


def cursor(body: bytes) -> None:
    """triggerState, and the cursor of a list: only what this app wrote is read."""
    given = text_of(body)
    number = read_cursor(given, ENVIRONMENT, field="triggerState")
    promise(write_cursor(ENVIRONMENT, number) == given, "a cursor that nobody wrote")


def headers(body: bytes) -> None:
    """The platform's headers, each on a line of its own, and the trace of a message."""
    flow = flow_of({f"x-ms-workflow-{header}": value for header, value in zip(_HEADERS, _texts(body), strict=False)})
    promise(f"{flow.name}{flow.environment}{flow.step}".isprintable(), "a name of two lines")
    given = text_of(body)
    promise(not is_traceparent(given) or len(given) == 55, "a long trace")


def caller_targets() -> Sequence[Target]:
    """All of them."""
    refused = (NotAuthenticated, Forbidden, IdentityUnavailable)
    return (
        Target("callback URL", callback_url, (CallbackRejected,), _urls),
        Target("token", token, refused, tokens),
        Target("signed token", signed_token, refused, _opened_tokens),
        Target("subscribe body", order, (RequestInvalid,), _orders),
        Target(
            "item body", item, (RequestInvalid,), lambda: [b'{"CustomerId": "c2", "Revenue": 12345678901234567890.5}']
        ),
        Target("query", query, (RequestInvalid,), _queries),
        Target("name", name, (RequestInvalid,), lambda: [b"Loyal_1", b"part-0.csv", b"a@b.example"]),
        Target("cursor", cursor, (RequestInvalid,), lambda: [write_cursor(ENVIRONMENT, 7).encode(), b"MTp4OjE"]),
        Target("headers", headers, (), lambda: [b"flow\nrun\naction\nsubscription\ngroup", b"00-" + b"a" * 52]),
    )


@cache
def issuer() -> Issuer:
    """Who signs, with keys of this process."""
    return Issuer(AUTHORITY)


@cache
def entra() -> EntraSettings:
    """Whose tokens are taken."""
    return read_entra_settings(ENTRA, [])


@cache
def tokens() -> Sequence[bytes]:
    """Good ones: of a user and an application, of both versions."""
    mint = Mint(issuer())
    versions = (1, 2)
    given = [
        made for version in versions for made in (mint.user(MAKER, version=version), mint.app(DAEMON, version=version))
    ]
    return [one.encode() for one in given]


async def published(url: str) -> bytes:
    """What the issuer publishes at an address."""
    if url.endswith("/keys"):
        return json.dumps(issuer().jwks(TENANT)).encode()
    return json.dumps({"issuer": issuer().issuer_of(TENANT, 2), "jwks_uri": f"{AUTHORITY}/keys"}).encode()


@cache
def _validator() -> TokenValidator:
    return TokenValidator(entra(), published)


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _opened_tokens() -> list[bytes]:
    opened = [
        (jwt.get_unverified_header(one), jwt.decode(one, options={"verify_signature": False})) for one in tokens()
    ]
    return [b"\0".join(json.dumps(part).encode() for part in parts) for parts in opened]


def _ordered(trigger: Trigger, told: object) -> None:
    fields = check_fields(trigger, told)
    environment_id(fields)
    text(fields, "callbackUrl")
    flag(fields, "batch")
    found = parse_filters(trigger, filters_of(fields))
    promise(repr(found).isprintable(), "a filter of two lines")


def _polled(trigger: Trigger, asked: dict[str, str]) -> None:
    parse_filters(trigger, fields_of_query(trigger, asked))


def _each_trigger(read: Callable[[Trigger], None]) -> None:
    for trigger in Trigger:
        with suppress(RequestInvalid):
            read(trigger)


def _each(readers: Sequence[Callable[[], object]]) -> None:
    for read in readers:
        with suppress(RequestInvalid):
            read()


def _or_empty(reader: Callable[[dict[str, str], str], str], given: dict[str, str]) -> str:
    with suppress(RequestInvalid):
        return reader(given, "name")
    return ""


def _texts(body: bytes) -> list[str]:
    return text_of(body).split("\n")


def _lines(body: bytes) -> dict[str, str]:
    parted = (line.partition("=") for line in _texts(body))
    return {parameter: value for parameter, _, value in parted}


def _urls() -> list[bytes]:
    hosts = ("prod-01.westeurope.logic.azure.com", "a1.environment.api.powerplatform.com:443", "127.0.0.1", "[::1]")
    return [f"https://{host}/workflows/w/run?sp=%2Frun&sig={SECRET}".encode() for host in hosts]


def _orders() -> list[bytes]:
    shared: dict[str, Any] = {
        "environmentId": ENVIRONMENT,
        "callbackUrl": _urls()[0].decode(),
        "label": "Ærø",
        "batch": True,
    }
    threshold = {"threshold": 5.5, "direction": "both", "rearmAt": "4", "thresholdKind": "value"}
    dimensions = {"measureName": "m", "alias": "Total", "dimensions": {"Country": "NO"}}
    more: tuple[dict[str, Any], ...] = (
        {"dataSourceId": "d", "submission": "scheduled"},
        {"segmentName": "Loyal", **threshold},
        {**dimensions, **threshold},
        {"operationTypes": ["export", "match"], "outcomes": "failed"},
        {"withinHours": 26, "dataSourceId": "d"},
    )
    return [json.dumps({**shared, **one}).encode() for one in more]


def _queries() -> list[bytes]:
    texts = (
        f"environmentId={ENVIRONMENT}\ntop=10\nsince=2026-03-02T12:00:00+01:00\ntriggerState=x\nsubmission=any",
        f'environmentId={ENVIRONMENT}\nmeasureName=m\nalias=Total\ndimensions={{"Country":"NO"}}\nthreshold=5',
        "$filter=a eq 'b'\n$top=5\n$skip=10\n$search=\"x\"\nvalidUntil=2026-03-02T12:00:00Z\ncaller=me\nkeyColumn=Id",
    )
    return [one.encode() for one in texts]
