"""What the tokens say, and that the published keys verify them."""

import ssl
from typing import Any

import jwt
import pytest

from local.entra.directory import (
    ADMIN,
    API,
    CONNECTOR,
    DAEMON,
    FOREIGN_TENANT,
    IDENTITY,
    INSIGHTS,
    MAKER,
    OPERATIONS,
    STORAGE,
    TENANT,
    Resource,
)
from local.entra.issuer import KEEP_SECONDS, Issuer
from local.entra.mint import Mint
from tests.entra import Entra

VERSION_ONE_ISSUER = f"https://sts.windows.net/{TENANT}/"


def verified(entra: Entra, token: str, audience: str, issuer: str, part: str) -> Any:
    """What PyJWT's own client for published keys makes of it."""
    trust = ssl.create_default_context(cafile=entra.certificate.ca)
    with_keys = jwt.PyJWKClient(f"{entra.authority}/discovery{part}/keys", ssl_context=trust)
    options: Any = {"require": ["exp", "nbf", "iat", "iss", "aud", "sub", "tid"], "strict_aud": True}
    key = with_keys.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=issuer, options=options)


@pytest.mark.parametrize("part", ["", "/v2.0"])
def test_a_version_one_token_is_verified(entra: Entra, part: str) -> None:
    """Its audience is the App ID URI, and its header names the key twice."""
    token = entra.mint.user(MAKER, version=1)
    claims = verified(entra, token, API.uri, VERSION_ONE_ISSUER, part)
    assert (claims["ver"], claims["appid"], claims["upn"]) == ("1.0", CONNECTOR.id, MAKER.login)
    assert "azp" not in claims
    header = jwt.get_unverified_header(token)
    assert header["kid"] == header["x5t"] == entra.issuer.key.id


@pytest.mark.parametrize("part", ["", "/v2.0"])
def test_a_version_two_token_is_verified(entra: Entra, part: str) -> None:
    """Its audience is the client id; its header names the key once."""
    token = entra.mint.user(ADMIN)
    claims = verified(entra, token, API.client_id, f"{entra.authority}/v2.0", part)
    assert (claims["ver"], claims["azp"], claims["preferred_username"]) == ("2.0", CONNECTOR.id, ADMIN.login)
    assert (claims["scp"], claims["roles"]) == (" ".join(API.scopes), ["Insights.Admin"])
    assert "appid" not in claims
    assert set(jwt.get_unverified_header(token)) == {"alg", "typ", "kid"}


def test_users_and_applications_differ() -> None:
    """A user has scopes and another subject at each resource; an application has roles and is its own subject."""
    mint = Mint(Issuer("https://entra.invalid"))
    user, elsewhere, app = (
        read(token) for token in (mint.user(MAKER), mint.user(MAKER, resource=INSIGHTS), mint.app(DAEMON))
    )
    assert user["sub"] != elsewhere["sub"]
    assert MAKER.oid not in (user["sub"], elsewhere["sub"])
    assert user["oid"] == elsewhere["oid"] == MAKER.oid
    assert "roles" not in user
    assert "idtyp" not in user
    assert (app["idtyp"], app["oid"], app["sub"]) == ("app", DAEMON.object_id, DAEMON.object_id)
    assert "scp" not in app
    assert read(mint.app(OPERATIONS))["roles"] == ["Insights.Admin"]
    assert "roles" not in read(mint.app(IDENTITY))


def test_a_token_lasts_between_an_hour_and_an_hour_and_a_half() -> None:
    mint = Mint(Issuer("https://entra.invalid", clock=lambda: 1_000.0))
    lives = [(claims := read(mint.app(DAEMON)))["exp"] - claims["nbf"] for _ in range(20)]
    assert all(3600 <= life < 5400 for life in lives)
    assert len(set(lives)) > 1


def test_any_claim_can_be_changed_or_left_out() -> None:
    claims = read(Mint(Issuer("https://entra.invalid")).user(MAKER, aud="other", sub=None, tenant=FOREIGN_TENANT))
    assert claims["aud"] == "other"
    assert "sub" not in claims
    assert claims["iss"] == f"https://entra.invalid/{FOREIGN_TENANT}/v2.0"
    assert claims["tid"] == FOREIGN_TENANT


@pytest.mark.parametrize("resource", [API, INSIGHTS, STORAGE], ids=lambda resource: resource.name)
def test_the_issuer_takes_its_own_tokens_for_one_audience_and_while_they_live(resource: Resource) -> None:
    now = 10_000.0
    issuer = Issuer("https://entra.invalid", clock=lambda: now)
    token = Mint(issuer).user(MAKER, resource=resource, exp=10_600)
    audience = resource.audience(resource.version)
    assert issuer.claims_of(token, audience)
    assert issuer.claims_of(token, "another") is None
    assert issuer.claims_of(token[:-6] + "AAAAAA", audience) is None
    assert Issuer("https://entra.invalid").claims_of(token, audience) is None
    now = 10_660.0
    assert issuer.claims_of(token, audience) is None


def test_after_a_rotation_both_keys_are_published_for_a_day() -> None:
    """Unless the old one is withdrawn at once."""
    now = 0.0
    issuer = Issuer("https://entra.invalid", clock=lambda: now)
    old, token = issuer.key.id, Mint(issuer).app(DAEMON, exp=10**9)
    new = issuer.rotate()
    assert published(issuer) == {old, new}
    assert issuer.claims_of(token, API.client_id)
    assert jwt.get_unverified_header(Mint(issuer).app(DAEMON))["kid"] == new
    now = KEEP_SECONDS
    assert published(issuer) == {new}
    assert issuer.claims_of(token, API.client_id) is None
    assert published(issuer) != (withdrawn := {issuer.rotate(keep_old=False)})
    assert published(issuer) == withdrawn


def published(issuer: Issuer) -> set[str]:
    return {key["kid"] for key in issuer.jwks(TENANT)["keys"]}


def read(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})
