"""What goes to Entra ID in an exchange of tokens, and what is made of whatever comes back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from aiohttp.test_utils import TestServer

from local.entra.certificate import make_certificate
from local.entra.directory import API_APP, TENANT
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.entra_settings import read_entra_settings
from shared.errors import ClaimsNeeded, Forbidden, IdentityUnavailable, SignalsError
from tests.adapters.loopback import Loopback
from tests.adapters.vendor import Watch
from tests.certificates import certificate
from tests.tokens import ENTRA

SCOPE = "https://api.ci.ai.microsoft.com/.default"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
BY_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
async def entra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loopback]:
    """A server over TLS with metadata, whose next answers are a test's."""
    made, certificate = Loopback(), make_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.bundle))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = TestServer(made.app)
    await server.start_server(ssl=certificate.context())
    made.url = str(server.make_url("")).rstrip("/")
    at = f"{made.url}/{TENANT}"
    names = {"authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token", "issuer": f"{at}/v2.0"}
    made.answer(200, json.dumps(names).encode(), Connection="close")
    yield made
    await server.close()


async def never(scope: str) -> str:
    """A managed identity that nobody asks."""
    raise AssertionError(scope)


def exchange(entra: Loopback, watch: Watch | None = None, **changes: str) -> OnBehalfOf:
    """What is tested; a secret proves who the app is, if no change says otherwise."""
    variables = {**ENTRA, "ENTRA_AUTHORITY": entra.url, "ENTRA_CLIENT_SECRET": "s3cr3t", **changes}
    problems: list[str] = []
    settings = read_entra_settings(variables, problems)
    assert not problems
    return OnBehalfOf(settings, never, watch or Watch())


def answer(entra: Loopback, body: object, status: int = 200, **headers: str) -> None:
    """Have this answered next, as JSON or, in bytes, as it is."""
    entra.answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), Connection="close", **headers)


def sent(entra: Loopback, place: int = -1) -> dict[str, str]:
    """The form of a request."""
    return {name: value for name, (value,) in parse_qs(entra.asked[place].body.decode()).items()}


async def failure(entra: Loopback, body: object, status: int = 200) -> SignalsError:
    """What an answer becomes that is no token."""
    answer(entra, body, status)
    with pytest.raises(SignalsError) as caught:
        await exchange(entra).token("assertion", TENANT, SCOPE)
    return caught.value


async def test_what_is_sent_is_an_exchange_on_behalf_of_a_user(entra: Loopback) -> None:
    """In the body: an address ends in logs."""
    answer(entra, {"access_token": "t", "expires_in": 3600})
    assert await exchange(entra).token("assertion", TENANT, SCOPE) == "t"
    form = sent(entra)
    wanted = {"grant_type": GRANT, "requested_token_use": "on_behalf_of", "assertion": "assertion"}
    proof = {"client_id": API_APP.id, "client_secret": "s3cr3t"}
    assert {**form, **wanted, **proof} == form
    assert SCOPE in form["scope"].split()
    assert [(one.method, one.raw_path) for one in entra.asked] == [
        ("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration"),
        ("POST", f"/{TENANT}/token"),
    ]


@pytest.mark.parametrize(("lasts", "kept_for"), [(3600, 3299), (301, 0), (300, None), (0, None), (-5, None)])
async def test_a_token_is_kept_until_five_minutes_before_it_expires(
    entra: Loopback, lasts: int, kept_for: int | None
) -> None:
    answer(entra, {"access_token": "t", "expires_in": lasts})
    watch = Watch()
    one, asked = exchange(entra, watch), []
    for wait in (0, kept_for or 0, 1):
        watch.seconds += wait
        await one.token("assertion", TENANT, SCOPE)
        asked.append(len(entra.asked) - 1)
    assert asked == ([1, 2, 3] if kept_for is None else [1, 1, 2])


@pytest.mark.parametrize("lasts", [{}, {"expires_in": "soon"}, {"expires_in": None}, {"expires_in": [1]}])
async def test_a_token_that_does_not_say_how_long_it_lasts_is_not_kept(entra: Loopback, lasts: dict[str, Any]) -> None:
    answer(entra, {"access_token": "t", **lasts})
    one = exchange(entra)
    assert [await one.token("assertion", TENANT, SCOPE) for _ in range(2)] == ["t", "t"]
    assert len(entra.asked) == 3


async def test_an_answer_that_asks_to_wait_is_never_given_to_another_user(entra: Loopback) -> None:
    """By itself msal would keep it by app and scope, whoever the user is."""
    answer(entra, {"access_token": "first", "expires_in": 3600}, Retry_After="60")
    answer(entra, {"error": "interaction_required", "claims": "{}"}, 400, Retry_After="60")
    answer(entra, {"access_token": "third", "expires_in": 3600}, Retry_After="60")
    one = exchange(entra)
    assert await one.token("of the first", TENANT, SCOPE) == "first"
    with pytest.raises(ClaimsNeeded):
        await one.token("of the second", TENANT, SCOPE)
    assert await one.token("of the third", TENANT, SCOPE) == "third"
    assert [sent(entra, place)["assertion"] for place in (1, 2, 3)] == ["of the first", "of the second", "of the third"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_when_entra_id_asks_everybody_to_wait_nobody_asks_it(entra: Loopback, status: int) -> None:
    answer(entra, b"<html>busy</html>", status, Retry_After="60")
    one = exchange(entra)
    for user in ("first", "second", "third"):
        with pytest.raises(IdentityUnavailable):
            await one.token(user, TENANT, SCOPE)
    assert len(entra.asked) == 2


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ({"error": "invalid_grant"}, ClaimsNeeded, "claims_needed"),
        ({"error": "interaction_required", "error_codes": [50076]}, ClaimsNeeded, "claims_needed"),
        ({"error": "invalid_grant", "suberror": "consent_required"}, Forbidden, "consent_required"),
        ({"error": "invalid_grant", "error_codes": [65001]}, Forbidden, "consent_required"),
        ({"error": "invalid_client", "error_codes": [7000215]}, IdentityUnavailable, "token_exchange_refused"),
        ({"error": "unauthorized_client"}, IdentityUnavailable, "token_exchange_refused"),
        ({"error": "temporarily_unavailable"}, IdentityUnavailable, "token_exchange_unreachable"),
        ({"error": "x", "error_codes": 7}, IdentityUnavailable, "token_exchange_refused"),
        ({"error": "x", "error_codes": None, "suberror": None}, IdentityUnavailable, "token_exchange_refused"),
        ({"error": ["x"]}, IdentityUnavailable, "token_exchange_refused"),
    ],
)
async def test_what_an_error_of_entra_id_means(
    entra: Loopback, body: dict[str, Any], kind: type[SignalsError], reason: str
) -> None:
    told = await failure(entra, body, 400)
    assert (type(told), told.reason) == (kind, reason)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"t"',
        b"7",
        {},
        {"token": "t"},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": ["t"], "expires_in": 3600},
        {"access_token": "t\r\nX: 1", "expires_in": 3600},
    ],
)
async def test_an_answer_that_is_none_is_an_outage_and_nothing_else(entra: Loopback, body: object) -> None:
    """Not a fault of ours, and above all no token."""
    assert isinstance(await failure(entra, body), IdentityUnavailable)


@pytest.mark.parametrize("metadata", [b"", b"{}", b"[]", b"<html>", b'{"token_endpoint": 7}'])
async def test_metadata_that_is_none_is_an_outage(entra: Loopback, metadata: bytes) -> None:
    entra.answers.clear()
    assert isinstance(await failure(entra, metadata), IdentityUnavailable)


@pytest.mark.parametrize("key_first", [True, False])
async def test_a_certificate_proves_who_the_app_is(entra: Loopback, key_first: bool) -> None:
    """By a short assertion that its key signed, for this endpoint; the key itself goes nowhere."""
    key, public, check = certificate()
    text = key + public if key_first else public + key
    answer(entra, {"access_token": "t", "expires_in": 3600})
    one = exchange(entra, ENTRA_CLIENT_SECRET="", ENTRA_CLIENT_CERTIFICATE=text.replace("\n", "\\n"))
    assert await one.token("assertion", TENANT, SCOPE) == "t"
    form, audience = sent(entra), f"{entra.url}/{TENANT}/token"
    assert form["client_assertion_type"] == BY_ASSERTION
    assert "client_secret" not in form
    told = jwt.decode(form["client_assertion"], check, algorithms=["PS256", "RS256"], audience=audience)
    assert told["sub"] == told["iss"] == API_APP.id
    assert told["exp"] - told["iat"] <= 600
