"""Which addresses does it answer? OpenID metadata, keys, tokens, the managed identity's endpoint, and the controls."""

import secrets
from collections.abc import Mapping
from typing import Any

import jwt
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local.entra.control import Control, Kind, control_routes
from local.entra.directory import FOREIGN_TENANT, IDENTITY, TENANT, Resource, resource_of
from local.entra.grants import TokenDesk
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from local.entra.refusals import RefusedError, busy, no_tenant

IDENTITY_HEADER = "local"
_TENANTS = (TENANT, FOREIGN_TENANT)


def make_app(issuer: Issuer, control: Control | None = None, identity_header: str = IDENTITY_HEADER) -> web.Application:
    """The application; everything is in the issuer and the control."""
    control = control or Control()
    app = web.Application(middlewares=[refusing()])
    app.add_routes(
        [
            *metadata_routes(issuer, control),
            *token_routes(TokenDesk(issuer, control)),
            *identity_routes("/msi/token", issuer, control, identity_header),
            *control_routes(control, issuer),
        ]
    )
    return app


def refusing() -> Middleware:
    """The middleware that answers refusals in Entra's shape, and mistakes in controls as 400."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RefusedError as refused:
            return web.json_response(refused.body(), status=refused.status)
        except msgspec.MsgspecError as error:
            return web.json_response({"error": str(error)}, status=400)

    return enter


def metadata_routes(issuer: Issuer, control: Control) -> list[web.RouteDef]:
    """The OpenID metadata of both versions, and the keys."""

    def metadata(version: int) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            tenant = _entered(request, control, "metadata")
            return web.json_response(openid_configuration(issuer, tenant, version))

        return answer

    async def keys(request: web.Request) -> web.Response:
        return web.json_response(issuer.jwks(_entered(request, control, "keys")))

    return [
        web.get("/{tenant}/v2.0/.well-known/openid-configuration", metadata(2)),
        web.get("/{tenant}/.well-known/openid-configuration", metadata(1)),
        web.get("/{tenant}/discovery/v2.0/keys", keys),
        web.get("/{tenant}/discovery/keys", keys),
    ]


def openid_configuration(issuer: Issuer, tenant: str, version: int) -> dict[str, Any]:
    """Where things are at an authority; each version names its own issuer and addresses."""
    root, part = f"{issuer.authority}/{tenant}", "/v2.0" if version == 2 else ""
    return {
        "issuer": issuer.issuer_of(tenant, version),
        "authorization_endpoint": f"{root}/oauth2{part}/authorize",
        "token_endpoint": f"{root}/oauth2{part}/token",
        "jwks_uri": f"{root}/discovery{part}/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
    }


def token_routes(desk: TokenDesk) -> list[web.RouteDef]:
    """The token endpoint (version 2)."""

    async def token(request: web.Request) -> web.Response:
        tenant = _entered(request, desk.control, "token")
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        answer = desk.answer(form, tenant)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    return [web.post("/{tenant}/oauth2/v2.0/token", token)]


def identity_routes(path: str, issuer: Issuer, control: Control, identity_header: str) -> list[web.RouteDef]:
    """App Service's managed identity endpoint (IDENTITY_ENDPOINT, api-version 2019-08-01)."""

    async def token(request: web.Request) -> web.Response:
        if control.is_down("msi"):
            return _identity_refusal(503, "The managed identity service is not available.")
        if problem := _identity_problem(request.headers, request.query, identity_header):
            return _identity_refusal(*problem)
        written = request.query["resource"]
        resource = resource_of(written) or Resource(written, written)
        access_token = Mint(issuer).app(IDENTITY, resource=resource)
        expires_on = jwt.decode(access_token, options={"verify_signature": False})["exp"]
        answer = {"access_token": access_token, "expires_on": str(expires_on), "resource": written}
        return web.json_response({**answer, "token_type": "Bearer", "client_id": IDENTITY.id})

    return [web.get(path, token)]


def _identity_problem(
    headers: Mapping[str, str], query: Mapping[str, str], identity_header: str
) -> tuple[int, str] | None:
    if not secrets.compare_digest(headers.get("X-IDENTITY-HEADER", "").encode(), identity_header.encode()):
        return 401, "The header X-IDENTITY-HEADER is missing or wrong."
    if query.get("api-version") != "2019-08-01":
        return 400, "api-version must be 2019-08-01."
    if not query.get("resource"):
        return 400, "resource is missing."
    if query.get("client_id", IDENTITY.id).lower() != IDENTITY.id:
        return (
            400,
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
        )
    return None


def _identity_refusal(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)


def _entered(request: web.Request, control: Control, kind: Kind) -> str:
    """The tenant that a request is for, once it is counted."""
    tenant = request.match_info["tenant"].lower()
    if control.is_down(kind):
        raise busy()
    if tenant not in _TENANTS:
        raise no_tenant(tenant)
    return tenant
