"""What does a token say? User tokens and application tokens, of both versions, with any claim changed on request."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from local.entra.directory import API, CONNECTOR, EXCHANGE, TENANT, App, Resource, User
from local.entra.issuer import Claims, Issuer

SHORTEST_SECONDS = 3600
SPREAD_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes tokens without asking who wants them: for the token endpoint, which has asked, and for tests.

    Any claim can be given by its name, and None leaves one out: `mint.user(MAKER, aud="other", exp=None)`.
    """

    issuer: Issuer

    def user(
        self,
        user: User,
        *,
        app: App = CONNECTOR,
        resource: Resource = API,
        scopes: tuple[str, ...] | None = None,
        version: int | None = None,
        tenant: str = TENANT,
        **changed: Any,
    ) -> str:
        """A user's token, got through an app."""
        version = version or resource.version
        names = {"preferred_username": user.login} if version == 2 else {"upn": user.login, "unique_name": user.login}
        claims = {
            **self._common(app, resource, version, tenant),
            "oid": user.oid,
            "sub": pairwise(user, resource),
            "name": user.name,
            **names,
            "scp": " ".join(resource.scopes if scopes is None else scopes),
            **({"roles": list(user.roles)} if resource is API and user.roles else {}),
        }
        return self.issuer.sign(with_changes(claims, changed))

    def app(
        self,
        app: App,
        *,
        resource: Resource = API,
        version: int | None = None,
        tenant: str = TENANT,
        **changed: Any,
    ) -> str:
        """An application's own token."""
        version = version or (2 if resource.uri == EXCHANGE else resource.version)
        claims = {
            **self._common(app, resource, version, tenant),
            "idtyp": "app",
            "oid": app.object_id,
            "sub": app.object_id,
            **({"roles": list(app.roles)} if resource is API and app.roles else {}),
        }
        return self.issuer.sign(with_changes(claims, changed))

    def id_token(self, user: User, app: App) -> str:
        """Who signed in, for the app that asked; no API takes it."""
        resource = Resource(app.name, app.id, app.id, 2)
        claims = self._common(app, resource, 2, TENANT)
        names = {"oid": user.oid, "sub": pairwise(user, resource), "name": user.name}
        return self.issuer.sign({**claims, **names, "preferred_username": user.login})

    def _common(self, app: App, resource: Resource, version: int, tenant: str) -> Claims:
        now = int(self.issuer.clock())
        client = {"azp": app.id, "azpacr": app.proof} if version == 2 else {"appid": app.id, "appidacr": app.proof}
        return {
            "aud": resource.audience(version),
            "iss": self.issuer.issuer_of(tenant, version),
            "iat": now,
            "nbf": now,
            "exp": now + SHORTEST_SECONDS + secrets.randbelow(SPREAD_SECONDS),
            "aio": secrets.token_urlsafe(33),
            **client,
            "tid": tenant,
            "uti": secrets.token_urlsafe(16),
            "ver": f"{version}.0",
        }


def pairwise(user: User, resource: Resource) -> str:
    """The user's subject at a resource: another one at each, and never the object id."""
    digest = hashlib.sha256(f"{user.oid} {resource.uri}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def with_changes(claims: Claims, changed: Claims) -> Claims:
    """The claims with others in their place; None leaves one out."""
    return {name: value for name, value in {**claims, **changed}.items() if value is not None}
