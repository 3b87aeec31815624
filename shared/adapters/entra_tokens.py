"""Which access tokens are taken, and whom they speak of (Microsoft's pages access-tokens and claims-validation).

A token is taken when a configured tenant's key signed it with RS256, for this app, within its lifetime. Version 1.0 and
2.0 tokens differ in issuer, audience and names; the registration decides which the app is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt

from shared.adapters.entra_keys import Fetch, TenantKeys, fetch_document
from shared.domain.access import Permission, Principal
from shared.entra_settings import EntraSettings
from shared.errors import Forbidden, NotAuthenticated

MAX_BYTES = 16 * 1024
LEEWAY_SECONDS = 60
_REQUIRED = ["exp", "nbf", "iat", "iss", "aud", "sub", "tid", "oid", "ver"]
_TIMES = ("exp", "nbf", "iat")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
_CLIENT_CLAIM = {"1.0": "appid", "2.0": "azp"}
_WITH_SECRET = {"1", "2"}  # appidacr, azpacr: the application proved who it is by secret or by certificate


class TokenValidator:
    """Takes tokens for one app registration."""

    def __init__(
        self, settings: EntraSettings, fetch: Fetch = fetch_document, keys: Mapping[str, TenantKeys] | None = None
    ) -> None:
        self._settings = settings
        self._keys = keys or {one: TenantKeys(settings.authority, one, fetch) for one in settings.tenant_ids}

    async def principal_of(self, token: str) -> Principal:
        """Whom the token speaks of.

        Raises NotAuthenticated, Forbidden for a calling app that is not listed, and IdentityUnavailable. Their reasons
        are for the log.
        """
        try:
            tenant, key_id = self._unverified(token)
            key = await self._keys[tenant].find(key_id)
            principal = self._at_home(_principal(self._verified(token, key, tenant)))
            allowed = self._settings.calling_apps
            if allowed is not None and principal.client_id not in allowed:
                raise Forbidden(reason="calling_app_not_listed")
        except (NotAuthenticated, Forbidden) as refusal:
            refusal.named = _named(token)
            raise
        return principal

    def _at_home(self, principal: Principal) -> Principal:
        """Only the first tenant's administrators run this app, and only its applications act as it."""
        if principal.tenant_id == self._settings.tenant_ids[0]:
            return principal
        if not principal.is_user:
            raise Forbidden(reason="application_of_another_tenant")
        return replace(principal, roles=principal.roles - {Permission.ADMIN})

    def _unverified(self, token: str) -> tuple[str, str]:
        """The tenant and the key that a token names: only to find the key that it must be signed with."""
        if len(token) > MAX_BYTES or not _SHAPE.fullmatch(token):
            raise NotAuthenticated(reason="not_a_token")
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotAuthenticated(reason="not_a_token") from None
        if header.get("alg") != "RS256":
            raise NotAuthenticated(reason="algorithm_not_allowed")
        tenant, key_id = claims.get("tid"), header.get("kid")
        if not isinstance(tenant, str) or tenant not in self._keys:
            raise NotAuthenticated(reason="tenant_not_allowed")
        if not isinstance(key_id, str) or not key_id:
            raise NotAuthenticated(reason="key_not_named")
        return tenant, key_id

    def _verified(self, token: str, key: jwt.PyJWK, tenant: str) -> Mapping[str, Any]:
        """The claims of a token that the key signed, for us, by the tenant, now."""
        issuers = {
            "1.0": f"https://sts.windows.net/{tenant}/",
            "2.0": f"{self._settings.authority}/{tenant}/v2.0",
        }
        ours = {self._settings.client_id, self._settings.app_id_uri}
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                leeway=LEEWAY_SECONDS,
                issuer=list(issuers.values()),
                options={"require": _REQUIRED, "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise NotAuthenticated(reason=_reason(error)) from None
        if not all(type(claims[name]) is int for name in _TIMES):  # PyJWT takes texts of digits for numbers
            raise NotAuthenticated(reason="claims_unreadable")
        version, audience = claims["ver"], claims["aud"]
        if not isinstance(version, str) or claims["iss"] != issuers.get(version):
            raise NotAuthenticated(reason="issuer_of_another_version")
        if not isinstance(audience, str) or audience not in (ours if version == "1.0" else {self._settings.client_id}):
            raise NotAuthenticated(reason="audience_not_ours")
        if claims["tid"] != tenant:
            raise NotAuthenticated(reason="tenant_not_allowed")
        return claims


def _named(token: str) -> Mapping[str, str]:
    """What a refused token says of itself, for the log: plain words only, none of them verified."""
    if len(token) > MAX_BYTES:
        return {}
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        told = {**jwt.decode(token, options={"verify_signature": False}), "kid": key_id}
    except (jwt.PyJWTError, ValueError, RecursionError):
        return {}
    plain = ((name, told.get(name)) for name in ("kid", "tid", "azp", "appid"))
    return {name: value for name, value in plain if isinstance(value, str) and _PLAIN.fullmatch(value)}


def _principal(claims: Mapping[str, Any]) -> Principal:
    """A user's token has scopes; an application's has none, and says or shows that it is one."""
    client, subject = claims.get(_CLIENT_CLAIM[claims["ver"]]), claims["oid"]
    if not _is_guid(client) or not _is_guid(subject):
        raise NotAuthenticated(reason="claims_incomplete")
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise NotAuthenticated(reason="claims_unreadable")
    names = (claims["tid"], str(subject).lower(), str(client).lower())
    if "scp" in claims:
        scopes = claims["scp"]
        if not isinstance(scopes, str) or not scopes.split() or claims.get("idtyp", "user") != "user":
            raise NotAuthenticated(reason="claims_unreadable")
        return Principal(*names, is_user=True, scopes=frozenset(scopes.split()), roles=frozenset(roles))
    if not _is_application(claims):
        raise NotAuthenticated(reason="neither_user_nor_application")
    return Principal(*names, is_user=False, roles=frozenset(roles))


def _is_application(claims: Mapping[str, Any]) -> bool:
    """`idtyp` says it where the registration asks for that claim; else an application's subject is its own object."""
    if "idtyp" in claims:
        return bool(claims["idtyp"] == "app")
    proof = claims.get("appidacr" if claims["ver"] == "1.0" else "azpacr")
    return claims["sub"] == claims["oid"] and proof in _WITH_SECRET


def _is_guid(value: object) -> bool:
    return isinstance(value, str) and _GUID.fullmatch(value) is not None


def _reason(error: Exception) -> str:
    reasons = {
        jwt.ExpiredSignatureError: "expired",
        jwt.ImmatureSignatureError: "not_yet_valid",
        jwt.InvalidIssuerError: "issuer_not_allowed",
        jwt.MissingRequiredClaimError: "claims_incomplete",
        jwt.InvalidSignatureError: "signature_wrong",
    }
    return next((code for kind, code in reasons.items() if isinstance(error, kind)), "not_a_token")
