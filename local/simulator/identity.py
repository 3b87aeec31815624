"""Who gets a token: the stand-in for App Service's managed identity endpoint, and the check of its tokens."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

AUDIENCE = "https://api.ci.ai.microsoft.com"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is good for."""

    resource: str
    expires_on: int


@dataclass(slots=True)
class Tokens:
    """The tokens given out; they are random and expire by the real clock, as Entra ID's do."""

    lifetime_seconds: int = 3600
    clock: Callable[[], float] = time.time
    _grants: dict[str, Grant] = field(default_factory=dict)

    def issue(self, resource: str) -> tuple[str, Grant]:
        """A new token for this resource."""
        now = self.clock()
        self._grants = {token: grant for token, grant in self._grants.items() if grant.expires_on > now}
        token, grant = secrets.token_urlsafe(32), Grant(resource.rstrip("/"), int(now) + self.lifetime_seconds)
        self._grants[token] = grant
        return token, grant

    def accepts(self, authorization: str) -> bool:
        """Whether this Authorization header lets its sender call Customer Insights."""
        scheme, _, token = authorization.partition(" ")
        grant = self._grants.get(token)
        alive = grant is not None and grant.resource == AUDIENCE and grant.expires_on > self.clock()
        return alive and scheme.lower() == "bearer"


def identity_routes(tokens: Tokens, identity_header: str) -> list[web.RouteDef]:
    """GET /identity/token, as App Service's IDENTITY_ENDPOINT answers it (2019-08-01)."""

    async def token(request: web.Request) -> web.Response:
        if not secrets.compare_digest(request.headers.get("X-IDENTITY-HEADER", ""), identity_header):
            return _refusal(401, "The header X-IDENTITY-HEADER is missing or wrong.")
        if request.query.get("api-version") != "2019-08-01":
            return _refusal(400, "api-version must be 2019-08-01.")
        resource = request.query.get("resource")
        if not resource:
            return _refusal(400, "resource is missing.")
        access_token, grant = tokens.issue(resource)
        answer = {"access_token": access_token, "expires_on": str(grant.expires_on), "resource": resource}
        return web.json_response({**answer, "token_type": "Bearer"})

    return [web.get("/identity/token", token)]


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)
