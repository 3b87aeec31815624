"""What is published, the managed identity's endpoint, the controls, and how refusals look."""

import re
import ssl
import sys
from typing import Any

import pytest
import urllib3
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

from local.children import ROOT
from local.entra.directory import (
    ADMIN,
    API,
    API_APP,
    CONNECTOR,
    DAEMON,
    EXCHANGE,
    FOREIGN_TENANT,
    IDENTITY,
    INSIGHTS,
    MAKER,
    PASSWORD,
    STORAGE,
    TENANT,
)
from tests.entra import Entra

MSI = f"/msi/token?api-version=2019-08-01&resource={STORAGE.uri}"
SECRET = {"grant_type": "client_credentials", "client_id": DAEMON.id, "client_secret": DAEMON.secret}
LOGIN = {"grant_type": "password", "client_id": CONNECTOR.id, "username": MAKER.login, "password": PASSWORD}
OBO = {
    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "requested_token_use": "on_behalf_of",
    "client_id": API_APP.id,
    "client_secret": API_APP.secret,
}


def ask(entra: Entra, path: str, method: str = "GET", **more: Any) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    context = ssl.create_default_context(cafile=entra.certificate.ca)
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        answer = pool.request(method, entra.issuer.authority + path, **more)
        return answer.status, answer.json()


def get_token(entra: Entra, form: dict[str, str], tenant: str = TENANT) -> tuple[int, Any]:
    return ask(entra, f"/{tenant}/oauth2/v2.0/token", "POST", fields=form, encode_multipart=False)


def control(entra: Entra, what: str, **body: object) -> Any:
    status, state = ask(entra, f"/control/{what}", "POST", json=body)
    assert status == 200
    return state


@pytest.mark.parametrize("tenant", [TENANT, FOREIGN_TENANT])
def test_metadata_of_both_versions_lead_to_the_keys(entra: Entra, tenant: str) -> None:
    """Each names its own issuer; keys say whose they are, as Microsoft's do."""
    root = f"{entra.issuer.authority}/{tenant}"
    for part, issuer in (("", f"https://sts.windows.net/{tenant}/"), ("/v2.0", f"{root}/v2.0")):
        status, found = ask(entra, f"/{tenant}{part}/.well-known/openid-configuration")
        assert (status, found["issuer"]) == (200, issuer)
        assert found["token_endpoint"] == f"{root}/oauth2{part}/token"
        status, published = ask(entra, found["jwks_uri"].removeprefix(entra.issuer.authority))
        (key,) = published["keys"]
        assert (key["kid"], key["issuer"]) == (entra.issuer.key.id, f"{root}/v2.0")
        assert {"kty", "use", "alg", "kid", "x5t", "n", "e", "issuer"} == set(key)
        assert "d" not in key


def test_a_tenant_that_is_not_there(entra: Entra) -> None:
    status, body = ask(entra, "/contoso/v2.0/.well-known/openid-configuration")
    assert (status, body["error"], body["error_codes"]) == (400, "invalid_tenant", [90002])


def test_a_refusal_looks_like_entras(entra: Entra) -> None:
    """Its description begins with the code and carries the ids that support asks for."""
    status, body = get_token(entra, {**SECRET, "client_secret": "wrong", "scope": f"{API.uri}/.default"})
    assert (status, body["error"]) == (401, "invalid_client")
    assert re.fullmatch(
        r"AADSTS7000215: .+ Trace ID: [\w-]{36} Correlation ID: [\w-]{36} Timestamp: [\d-]{10} [\d:]{8}Z",
        body["error_description"],
    )
    assert body["trace_id"] in body["error_description"]
    assert {"error_codes", "timestamp", "trace_id", "correlation_id"} <= set(body)
    assert not {"suberror", "claims"} & set(body)


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        ({}, "invalid_request", 900144),
        ({"grant_type": "device_code"}, "unsupported_grant_type", 70003),
        ({"grant_type": "client_credentials"}, "invalid_request", 900144),
        ({**SECRET, "client_id": TENANT}, "unauthorized_client", 700016),
        ({**SECRET}, "invalid_request", 900144),
        ({**SECRET, "scope": f"{API.uri}/Insights.Read"}, "invalid_scope", 1002012),
        ({**SECRET, "scope": "https://nowhere.example/.default"}, "invalid_resource", 500011),
        ({**SECRET, "client_id": CONNECTOR.id, "scope": f"{API.uri}/.default"}, "invalid_client", 7000215),
        ({"grant_type": "client_credentials", "client_id": DAEMON.id}, "invalid_client", 7000218),
        ({**LOGIN, "username": "nobody@contoso.example"}, "invalid_grant", 50034),
        ({**LOGIN, "password": "wrong"}, "invalid_grant", 50126),
        ({**LOGIN, "scope": "openid profile"}, "invalid_request", 900144),
        ({**LOGIN, "scope": f"{API.uri}/Insights.Admin"}, "invalid_client", 650053),
        ({**LOGIN, "scope": f"{API.uri}/Insights.Read {STORAGE.uri}/.default"}, "invalid_scope", 28000),
        ({**LOGIN, "client_id": DAEMON.id}, "invalid_client", 7000218),
        ({**OBO, "requested_token_use": ""}, "invalid_request", 900144),
        ({**OBO, "scope": f"{INSIGHTS.uri}/.default"}, "invalid_request", 900144),
        ({**OBO, "client_assertion": "x", "client_assertion_type": "y"}, "invalid_request", 90014),
    ],
)
def test_what_the_token_endpoint_refuses(entra: Entra, form: dict[str, str], error: str, code: int) -> None:
    status, body = get_token(entra, form)
    assert status in (400, 401)
    assert (body["error"], body["error_codes"]) == (error, [code])


def test_the_foreign_tenant_knows_none_of_our_apps(entra: Entra) -> None:
    _, body = get_token(entra, {**SECRET, "scope": f"{API.uri}/.default"}, FOREIGN_TENANT)
    assert body["error_codes"] == [700016]


def test_a_user_signs_in_through_the_connector(entra: Entra) -> None:
    """By password; with the scopes asked for, and with app roles where the user has any."""
    scope = f"{API.uri}/Insights.Read {API.uri}/Triggers.Manage"
    _, body = get_token(entra, {**LOGIN, "username": ADMIN.login, "scope": scope})
    claims = entra.issuer.claims_of(body["access_token"], API.client_id)
    assert claims
    assert (claims["scp"], claims["roles"]) == ("Insights.Read Triggers.Manage", ["Insights.Admin"])
    assert (claims["preferred_username"], claims["azp"], claims["tid"]) == (ADMIN.login, CONNECTOR.id, TENANT)
    assert body["scope"] == scope


def test_scopes_of_one_resource_may_be_several(entra: Entra) -> None:
    """What msal adds beside them changes nothing but that an id token comes too."""
    scope = f"openid profile offline_access {API.uri}/Insights.Read api://{API.client_id}/Insights.Write"
    status, body = get_token(entra, {**LOGIN, "scope": scope})
    claims = entra.issuer.claims_of(body["access_token"], API.client_id)
    assert status == 200
    assert claims
    assert claims["scp"] == "Insights.Read Insights.Write"
    assert "id_token" in body
    assert "id_token" not in get_token(entra, {**LOGIN, "scope": f"{API.client_id}/.default"})[1]


@pytest.mark.parametrize("resource", [INSIGHTS.uri, STORAGE.uri, "https://service.flow.microsoft.com/"])
def test_microsofts_own_credential_gets_the_identitys_token(
    entra: Entra, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    """For any resource, in version 1, naming what was asked for."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{entra.issuer.authority}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    with ManagedIdentityCredential(client_id=IDENTITY.id) as credential:
        token = credential.get_token(f"{resource}/.default")
    claims = entra.issuer.claims_of(token.token, resource)
    assert claims
    assert (claims["oid"], claims["idtyp"], claims["ver"]) == (IDENTITY.object_id, "app", "1.0")
    assert claims["exp"] == token.expires_on


async def test_its_asynchronous_twin_needs_only_the_two_variables(entra: Entra) -> None:
    """In a process of its own, since aiohttp reads SSL_CERT_FILE when it is imported."""
    import asyncio

    code = (
        "import asyncio\nfrom azure.identity.aio import ManagedIdentityCredential\n"
        "async def main():\n  async with ManagedIdentityCredential() as identity:\n"
        f"    print((await identity.get_token('{EXCHANGE}/.default')).token)\nasyncio.run(main())"
    )
    variables = {"IDENTITY_ENDPOINT": f"{entra.issuer.authority}/msi/token", "IDENTITY_HEADER": "local"}
    variables["SSL_CERT_FILE"] = str(entra.certificate.bundle)
    ended = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, env=variables, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(ended.communicate(), 60)
    claims = entra.issuer.claims_of(said.decode().strip(), EXCHANGE)
    assert claims
    assert (claims["iss"], claims["sub"]) == (f"{entra.authority}/v2.0", IDENTITY.object_id)


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        (MSI, "local", 200),
        (f"{MSI}&client_id={IDENTITY.id.upper()}", "local", 200),
        (f"{MSI}&client_id={DAEMON.id}", "local", 400),
        (MSI, "other", 401),
        (MSI, None, 401),
        ("/msi/token?api-version=2019-08-01", "local", 400),
        (f"/msi/token?resource={STORAGE.uri}", "local", 400),
    ],
)
def test_the_identity_endpoint_answers_its_own_header_only(
    entra: Entra, path: str, header: str | None, status: int
) -> None:
    assert ask(entra, path, headers={"X-IDENTITY-HEADER": header} if header else {})[0] == status


def test_an_identity_that_is_not_this_apps_gets_nothing(entra: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{entra.issuer.authority}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    with ManagedIdentityCredential(client_id=DAEMON.id) as credential, pytest.raises(ClientAuthenticationError):
        credential.get_token(f"{STORAGE.uri}/.default")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("metadata", f"/{TENANT}/v2.0/.well-known/openid-configuration"),
        ("keys", f"/{TENANT}/discovery/v2.0/keys"),
        ("msi", MSI),
    ],
)
def test_each_part_can_be_down_for_a_while_or_until_told(entra: Entra, kind: str, path: str) -> None:
    """The others go on; what was asked is counted all the same."""
    header = {"X-IDENTITY-HEADER": "local"}
    control(entra, "down", kind=kind, times=2)
    assert [ask(entra, path, headers=header)[0] for _ in range(3)] == [503, 503, 200]
    state = control(entra, "down", kind=kind)
    assert state["down"] == {kind: None}
    assert state["requests"][kind] == 3
    assert ask(entra, path, headers=header)[0] == 503
    assert get_token(entra, {**LOGIN, "scope": f"{API.uri}/.default"})[0] == 200
    control(entra, "down", kind=kind, times=0)
    assert ask(entra, path, headers=header)[0] == 200
    assert ask(entra, "/control/state")[1]["requests"][kind] == 5


def test_controls_over_http(entra: Entra) -> None:
    """A new key, a challenge and a consent that is taken away; `reset` undoes all but the key."""
    before = entra.issuer.key.id
    assert control(entra, "rotate")["keys"] == [entra.issuer.key.id, before]
    assert control(entra, "rotate", keep_old=False)["keys"] == [entra.issuer.key.id]
    assert control(entra, "challenge", user="maker")["challenged"] == [MAKER.oid]
    assert control(entra, "challenge", user=MAKER.login, on=False)["challenged"] == []
    assert control(entra, "revoke", user=MAKER.oid)["withoutConsent"] == [MAKER.oid]
    assert control(entra, "reset")["withoutConsent"] == []


@pytest.mark.parametrize(
    ("what", "body"),
    [("down", {"kind": "all"}), ("down", {}), ("rotate", {"keep": 1}), ("challenge", {"user": "nobody"})],
)
def test_a_control_that_is_written_wrong(entra: Entra, what: str, body: object) -> None:
    context = ssl.create_default_context(cafile=entra.certificate.ca)
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        assert pool.request("POST", f"{entra.issuer.authority}/control/{what}", json=body).status == 400
