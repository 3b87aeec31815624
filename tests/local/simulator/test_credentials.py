"""Who is let in?"""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from azure.identity.aio import ManagedIdentityCredential

from local.simulator.identity import AUDIENCE, Tokens
from local.simulator.model import Scenario
from local.simulator.server import Credentials, make_app, simulation_of
from tests.local.simulator.conftest import Caller

TOKEN_PATH = "/identity/token?api-version=2019-08-01&resource="


async def test_microsofts_own_credential_gets_a_token_that_is_let_in(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(caller.client.make_url("/identity/token")))
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    async with ManagedIdentityCredential() as credential:
        token = await credential.get_token(f"{AUDIENCE}/.default")
    caller.headers["Authorization"] = f"Bearer {token.token}"
    assert (await caller.ask("/rbac/myrole"))[0] == 200


@pytest.mark.parametrize("missing", ["Authorization", "Ocp-Apim-Subscription-Key"])
@pytest.mark.parametrize("instead", [None, "wrong", "Bearer wrong"])
async def test_either_credential_missing_or_wrong_is_a_401(caller: Caller, missing: str, instead: str | None) -> None:
    caller.headers.pop(missing)
    if instead:
        caller.headers[missing] = instead
    status, headers, _ = await caller.ask("/rbac/myrole")
    assert status == 401
    assert headers["WWW-Authenticate"]


async def test_a_token_for_something_else_is_a_401(caller: Caller) -> None:
    async with caller.client.get(
        f"{TOKEN_PATH}https://storage.azure.com", headers={"X-IDENTITY-HEADER": "local"}
    ) as got:
        token = (await got.json())["access_token"]
    caller.headers["Authorization"] = f"Bearer {token}"
    assert (await caller.ask("/rbac/myrole"))[0] == 401


def test_a_token_ends_with_its_lifetime_by_the_real_clock() -> None:
    now = 1_000.0
    tokens = Tokens(lifetime_seconds=60, clock=lambda: now)
    token, grant = tokens.issue(AUDIENCE)
    assert grant.expires_on == 1_060
    assert tokens.accepts(f"Bearer {token}")
    now = 1_060.0
    assert not tokens.accepts(f"Bearer {token}")


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        (f"{TOKEN_PATH}{AUDIENCE}", "other", 401),
        (f"{TOKEN_PATH}{AUDIENCE}", None, 401),
        (TOKEN_PATH, "local", 400),
        (f"/identity/token?resource={AUDIENCE}", "local", 400),
        (f"{TOKEN_PATH}{AUDIENCE}&client_id=some", "local", 200),
    ],
)
async def test_the_identity_endpoint_answers_its_own_header_only(
    caller: Caller, path: str, header: str | None, status: int
) -> None:
    headers = {"X-IDENTITY-HEADER": header} if header else {}
    async with caller.client.get(path, headers=headers) as answer:
        assert answer.status == status


async def test_credentials_can_be_chosen(day: Scenario) -> None:
    app = make_app(simulation_of(day, paused=True), Credentials("key", "secret"))
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(f"{TOKEN_PATH}{AUDIENCE}", headers={"X-IDENTITY-HEADER": "secret"})
        token = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Ocp-Apim-Subscription-Key": "key"}
        assert (await client.get("/v1/instances", headers=headers)).status == 200
