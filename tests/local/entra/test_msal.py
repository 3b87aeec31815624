"""Microsoft's own library signs in here as it does at Entra ID, unmodified and over TLS."""

from typing import Any

import jwt
import msal
import pytest
from azure.identity import ManagedIdentityCredential

from local.entra.directory import (
    ADMIN,
    API,
    API_APP,
    DAEMON,
    EXCHANGE,
    IDENTITY,
    INSIGHTS,
    MAKER,
    STORAGE,
    Resource,
)
from tests.entra import Entra

READ_INSIGHTS = [f"{INSIGHTS.uri}/.default"]


def confidential(entra: Entra, client_id: str = API_APP.id, credential: Any = API_APP.secret) -> Any:
    return msal.ConfidentialClientApplication(
        client_id, authority=entra.authority, client_credential=credential, instance_discovery=False
    )


def on_behalf_of(
    entra: Entra, assertion: str, scopes: list[str] | None = None, credential: Any = API_APP.secret
) -> Any:
    app = confidential(entra, credential=credential)
    return app.acquire_token_on_behalf_of(assertion, scopes or READ_INSIGHTS)


def said(answer: dict[str, Any]) -> tuple[str, int]:
    return answer["error"], answer["error_codes"][0]


@pytest.mark.parametrize("resource", [INSIGHTS, STORAGE], ids=lambda resource: resource.name)
def test_a_users_token_becomes_one_for_another_resource(entra: Entra, resource: Any) -> None:
    """It is the same user's, through our app, and may do what the user may."""
    answer = on_behalf_of(entra, entra.mint.user(MAKER), [f"{resource.uri}/.default"])
    claims = entra.issuer.claims_of(answer["access_token"], resource.uri)
    assert claims
    assert (claims["oid"], claims["appid"], claims["scp"]) == (MAKER.oid, API_APP.id, "user_impersonation")
    assert claims["sub"] != MAKER.oid
    assert 3500 < answer["expires_in"] <= 5400
    assert answer["id_token_claims"]["oid"] == MAKER.oid


@pytest.mark.parametrize("version", [1, 2])
def test_a_users_token_of_either_version_is_exchanged(entra: Entra, version: int) -> None:
    assert "access_token" in on_behalf_of(entra, entra.mint.user(MAKER, version=version))


def test_the_managed_identity_stands_in_for_a_secret(entra: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a federated credential: its own token for api://AzureADTokenExchange proves who the app is."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{entra.issuer.authority}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    with ManagedIdentityCredential() as identity:

        def proven() -> str:
            token: str = identity.get_token(f"{EXCHANGE}/.default").token
            return token

        answer = on_behalf_of(entra, entra.mint.user(MAKER), credential={"client_assertion": proven})
    assert entra.issuer.claims_of(answer["access_token"], INSIGHTS.uri)


def test_an_application_signs_in_with_its_secret(entra: Entra) -> None:
    """Its token has its roles, no scopes, and itself as subject."""
    answer = confidential(entra, DAEMON.id, DAEMON.secret).acquire_token_for_client([f"{API.uri}/.default"])
    claims = entra.issuer.claims_of(answer["access_token"], API.client_id)
    assert claims
    assert (claims["idtyp"], claims["azp"], claims["roles"]) == ("app", DAEMON.id, list(DAEMON.roles))
    assert claims["sub"] == claims["oid"] == DAEMON.object_id
    assert "scp" not in claims


def test_what_cannot_be_exchanged(entra: Entra) -> None:
    """An application's own token, one for somebody else, an expired one, and one that nobody signed."""
    mint = entra.mint
    unsigned = jwt.encode({"aud": API.client_id}, "k" * 32, algorithm="HS256", headers={"kid": entra.issuer.key.id})
    refused = {
        mint.app(DAEMON): 7000114,
        mint.user(MAKER, resource=INSIGHTS): 500131,
        mint.user(MAKER, exp=int(entra.issuer.clock()) - 61): 500133,
        mint.user(MAKER, nbf=int(entra.issuer.clock()) + 3600): 500133,
        mint.user(MAKER, iss="https://sts.windows.net/other/"): 50013,
        unsigned: 50013,
        "nonsense": 50013,
    }
    assert {code: said(on_behalf_of(entra, token)) for token, code in refused.items()} == {
        code: ("invalid_grant", code) for code in refused.values()
    }


def test_a_user_who_must_sign_in_anew(entra: Entra) -> None:
    """The answer says which claims are wanted, for the caller to hand on."""
    entra.control.challenged.add(MAKER.oid)
    answer = on_behalf_of(entra, entra.mint.user(MAKER))
    assert said(answer) == ("interaction_required", 50076)
    assert '"capolids"' in answer["claims"]
    assert "access_token" in on_behalf_of(entra, entra.mint.user(ADMIN))


def test_a_user_who_has_not_consented(entra: Entra) -> None:
    entra.control.without_consent.add(MAKER.oid)
    answer = on_behalf_of(entra, entra.mint.user(MAKER))
    assert (*said(answer), answer["suberror"]) == ("invalid_grant", 65001, "consent_required")


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        ("wrong", 7000215),
        ({"client_assertion": "audience"}, 700212),
        ({"client_assertion": "subject"}, 700213),
        ({"client_assertion": "issuer"}, 700211),
        ({"client_assertion": "expired"}, 700024),
        ({"client_assertion": "signature"}, 700027),
    ],
)
@pytest.mark.filterwarnings("ignore:Passing a static string")
def test_an_app_that_does_not_prove_who_it_is(entra: Entra, credential: Any, code: int) -> None:
    answer = on_behalf_of(entra, entra.mint.user(MAKER), credential=proof(entra, credential))
    assert said(answer) == ("invalid_client", code)


def proof(entra: Entra, credential: Any) -> Any:
    """The credential, with the token that it describes by what is wrong with it."""
    if isinstance(credential, str):
        return credential
    exchange, mint = Resource(EXCHANGE, EXCHANGE), entra.mint
    tokens = {
        "audience": lambda: mint.app(IDENTITY),
        "subject": lambda: mint.app(DAEMON, resource=exchange),
        "issuer": lambda: mint.app(IDENTITY, resource=exchange, version=1),
        "expired": lambda: mint.app(IDENTITY, resource=exchange, exp=1),
        "signature": lambda: mint.app(IDENTITY, resource=exchange)[:-8] + "AAAAAAAA",
    }
    return {"client_assertion": tokens[credential["client_assertion"]]}
