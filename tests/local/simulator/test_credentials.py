"""Who is let in?"""

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from azure.identity.aio import ManagedIdentityCredential

from local.entra.directory import (
    ADMIN,
    DAEMON,
    FOREIGN_TENANT,
    IDENTITY,
    INSIGHTS,
    MAKER,
    OPERATIONS,
    OUTSIDER,
    STORAGE,
    TENANT,
    VIEWER,
    User,
)
from local.entra.mint import Mint
from local.entra.published import PublishedKeys
from local.simulator.__main__ import main
from local.simulator.identity import check_with
from local.simulator.model import Scenario
from local.simulator.server import Credentials, make_app, simulation_of
from tests.entra import running_entra, shared_issuer
from tests.local.simulator.conftest import Caller

TOKEN_PATH = f"/identity/token?api-version=2019-08-01&resource={INSIGHTS.uri}"


async def test_microsofts_own_credential_gets_a_token_that_is_let_in(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the simulator's own endpoint, where it runs without a stand-in for Entra ID."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(caller.client.make_url("/identity/token")))
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    async with ManagedIdentityCredential() as credential:
        token = await credential.get_token(f"{INSIGHTS.uri}/.default")
    caller.headers["Authorization"] = f"Bearer {token.token}"
    assert (await caller.get("/rbac/myrole"))["principalId"] == IDENTITY.object_id


@pytest.mark.parametrize("missing", ["Authorization", "Ocp-Apim-Subscription-Key"])
@pytest.mark.parametrize("instead", [None, "wrong", "Bearer wrong", "Bearer a.b.c", "Bearer "])
async def test_either_credential_missing_or_wrong_is_a_401(caller: Caller, missing: str, instead: str | None) -> None:
    caller.headers.pop(missing)
    if instead:
        caller.headers[missing] = instead
    status, headers, _ = await caller.ask("/rbac/myrole")
    assert status == 401
    assert headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource": STORAGE},
        {"exp": 1},
        {"nbf": 10**10, "exp": 2 * 10**10},
        {"tenant": FOREIGN_TENANT},
        {"oid": None},
        {"aud": [INSIGHTS.uri, STORAGE.uri]},
    ],
    ids=str,
)
async def test_a_token_that_is_no_good_here_is_a_401(caller: Caller, wrong: dict[str, Any]) -> None:
    token = Mint(shared_issuer()).user(ADMIN, **{"resource": INSIGHTS, **wrong})
    caller.headers["Authorization"] = f"Bearer {token}"
    assert (await caller.ask("/rbac/myrole"))[0] == 401


@pytest.mark.parametrize("user", [ADMIN, MAKER, VIEWER], ids=lambda user: user.key)
async def test_each_user_has_its_own_role(caller: Caller, user: User) -> None:
    caller.sign_in(user)
    assert await caller.get("/rbac/myrole") == {
        "principalId": user.oid,
        "principalType": "user",
        "roles": [user.role],
        "instanceId": caller.simulation.scenario.environments[0].id,
    }


async def test_whoever_has_no_role_is_a_403(caller: Caller) -> None:
    """In the vendor's words; and the list of environments is empty."""
    caller.sign_in(OUTSIDER)
    status, _, body = await caller.ask("/rbac/myrole")
    assert (status, body["message"]) == (403, "The caller has no role in this environment.")
    async with caller.client.get("/v1/instances", headers=caller.headers) as answer:
        assert (answer.status, await answer.json()) == (200, [])


@pytest.mark.parametrize("app", [DAEMON, OPERATIONS], ids=lambda app: app.name)
async def test_other_applications_have_no_role_of_their_own(caller: Caller, app: Any) -> None:
    caller.headers["Authorization"] = f"Bearer {Mint(shared_issuer()).app(app, resource=INSIGHTS)}"
    assert (await caller.ask("/rbac/myrole"))[0] == 403


async def test_what_arrived_is_known_with_its_caller(caller: Caller) -> None:
    """As it was written, and whether it was let in or not."""
    await caller.ask("/rbac/myrole?a=%2e")
    caller.headers.pop("Authorization")
    await caller.ask("/rbac/../x")
    first, second = caller.simulation.seen
    assert (first.method, first.path, first.query) == ("GET", f"{caller.root}/rbac/myrole", "a=.")
    assert (first.principal_id, second.principal_id) == (ADMIN.oid, "")


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        (TOKEN_PATH, "other", 401),
        (TOKEN_PATH, None, 401),
        ("/identity/token?api-version=2019-08-01", "local", 400),
        (f"/identity/token?resource={INSIGHTS.uri}", "local", 400),
        (f"{TOKEN_PATH}&client_id={IDENTITY.id}", "local", 200),
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
        answer = await client.get(TOKEN_PATH, headers={"X-IDENTITY-HEADER": "secret"})
        token = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Ocp-Apim-Subscription-Key": "key"}
        assert (await client.get("/v1/instances", headers=headers)).status == 200


async def test_with_a_stand_in_its_published_keys_decide(day: Scenario, tmp_path: Path) -> None:
    """After a rotation too. The simulator then gives no tokens itself, and while no keys can be had none is good."""
    with running_entra(tmp_path) as entra:
        check = check_with(PublishedKeys(entra.issuer.authority, entra.certificate.ca))
        async with TestClient(TestServer(make_app(simulation_of(day, paused=True), check=check))) as client:

            async def status(token: str) -> int:
                headers = {"Authorization": f"Bearer {token}", "Ocp-Apim-Subscription-Key": "local-key"}
                return (await client.get("/v1/instances", headers=headers)).status

            entra.control.down["keys"] = 1
            assert await status(entra.mint.user(MAKER, resource=INSIGHTS)) == 401
            assert await status(entra.mint.user(MAKER, resource=INSIGHTS)) == 200
            entra.issuer.rotate()
            assert await status(entra.mint.user(MAKER, resource=INSIGHTS)) == 200
            assert await status(Mint(shared_issuer()).user(MAKER, resource=INSIGHTS)) == 401
            assert (await client.get(TOKEN_PATH, headers={"X-IDENTITY-HEADER": "local"})).status == 404
        ended = entra
    assert (
        PublishedKeys(ended.issuer.authority, ended.certificate.ca).claims_of(ended.mint.app(IDENTITY), TENANT) is None
    )


def test_authority_and_its_certificate_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--authority", "https://127.0.0.1:1"])
    assert refused.value.code == 2
    assert "--authority and --ca belong together" in capsys.readouterr().err
