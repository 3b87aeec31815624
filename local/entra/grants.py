"""Which token does a request to the token endpoint get? Client credentials, a password, on-behalf-of; or a refusal."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from local.entra.clients import named_client, proven_client
from local.entra.control import Control
from local.entra.directory import API, API_APP, PASSWORD, App, Resource, User, resource_of, user_of
from local.entra.issuer import Claims, Issuer
from local.entra.mint import Mint
from local.entra.refusals import RefusedError, missing, no_resource

ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEFAULT = ".default"
_BESIDE = frozenset({"openid", "profile", "offline_access", "email"})
_CHALLENGE = {"access_token": {"capolids": {"essential": True, "values": ["0f6d5c1e-7a2b-4c83-9d4e-5f60718293a4"]}}}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scope parameter asks for: one resource, names of its permissions, and whether for an id token too."""

    resource: Resource
    names: tuple[str, ...]
    with_id_token: bool


@dataclass(frozen=True, slots=True)
class TokenDesk:
    """The token endpoint without its HTTP."""

    issuer: Issuer
    control: Control

    def answer(self, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        """The token answer. Raises RefusedError."""
        grants = {
            "client_credentials": self._client_credentials,
            "password": self._password,
            ON_BEHALF_OF: self._on_behalf_of,
        }
        wanted = form.get("grant_type", "")
        if not wanted:
            raise missing("grant_type")
        if wanted not in grants:
            message = f"The app requested an unsupported grant type '{wanted}'."
            raise RefusedError("unsupported_grant_type", 70003, message)
        return grants[wanted](form, tenant)

    def _client_credentials(self, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        app = proven_client(form, tenant, self.issuer)
        asked = asked_for(form, tenant)
        if asked.names != (DEFAULT,):
            message = (
                f"The provided value for scope {form['scope']} is not valid. Client credential flows must have a scope "
                "value with /.default suffixed to the resource identifier (application ID URI)."
            )
            raise RefusedError("invalid_scope", 1002012, message)
        return self._taken(Mint(self.issuer).app(app, resource=asked.resource))

    def _password(self, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        app = named_client(form, tenant)
        if not app.signs_in_users:
            app = proven_client(form, tenant, self.issuer)
        user = user_of(form.get("username", ""))
        if user is None:
            message = f"The user account {form.get('username', '')} does not exist in the directory."
            raise RefusedError("invalid_grant", 50034, message)
        if not secrets.compare_digest(form.get("password", "").encode(), PASSWORD.encode()):
            message = "Error validating credentials due to invalid username or password."
            raise RefusedError("invalid_grant", 50126, message)
        return self._delegated(user, app, asked_for(form, tenant), form)

    def _on_behalf_of(self, form: Mapping[str, str], tenant: str) -> dict[str, Any]:
        if form.get("requested_token_use") != "on_behalf_of":
            raise missing("requested_token_use")
        app = proven_client(form, tenant, self.issuer)
        user = self._user_of_assertion(form.get("assertion", ""), app)
        asked = asked_for(form, tenant)
        if user.oid in self.control.without_consent:
            message = (
                f"The user or administrator has not consented to use the application with ID '{app.id}' named "
                f"'{app.name}'. Send an interactive authorization request for this user and resource."
            )
            raise RefusedError("invalid_grant", 65001, message, suberror="consent_required")
        if user.oid in self.control.challenged:
            message = (
                "Due to a configuration change made by your administrator, or because you moved to a new location, "
                f"you must use multi-factor authentication to access '{asked.resource.uri}'."
            )
            claims = json.dumps(_CHALLENGE, separators=(",", ":"))
            raise RefusedError("interaction_required", 50076, message, suberror="basic_action", claims=claims)
        return self._delegated(user, app, asked, form)

    def _user_of_assertion(self, assertion: str, app: App) -> User:
        """Whose delegated token that is; it must be for the app that shows it."""
        if not assertion:
            raise missing("assertion")
        claims = self._checked(assertion, app)
        user = user_of(str(claims["oid"]))
        if "scp" not in claims or user is None:
            message = f"Application '{app.id}' is not allowed to make application on-behalf-of calls."
            raise RefusedError("invalid_grant", 7000114, message)
        return user

    def _checked(self, assertion: str, app: App) -> Claims:
        audiences = (API.audience(2), API.audience(1)) if app is API_APP else (app.id,)
        wrong: RefusedError | None = None
        for audience in audiences:
            try:
                return self.issuer.checked(assertion, audience)
            except jwt.PyJWTError as error:
                wrong = assertion_refused(error) if wrong is None or wrong.code == WRONG_AUDIENCE else wrong
        raise wrong or missing("assertion")

    def _delegated(self, user: User, app: App, asked: Asked, form: Mapping[str, str]) -> dict[str, Any]:
        names = asked.resource.scopes if DEFAULT in asked.names else asked.names
        for name in names:
            if name not in asked.resource.scopes:
                message = (
                    f"The application '{app.name}' asked for scope '{name}' that doesn't exist on the resource "
                    f"'{asked.resource.uri}'. Contact the app vendor."
                )
                raise RefusedError("invalid_client", 650053, message)
        mint = Mint(self.issuer)
        answer = self._taken(mint.user(user, app=app, resource=asked.resource, scopes=names))
        answer["scope"] = " ".join(f"{asked.resource.uri}/{name}" for name in names)
        if asked.with_id_token:
            answer["id_token"] = mint.id_token(user, app)
        if form.get("client_info") == "1":
            answer["client_info"] = client_info(user, app)
        return answer

    def _taken(self, token: str) -> dict[str, Any]:
        expires = jwt.decode(token, options={"verify_signature": False})["exp"]
        seconds = int(expires - self.issuer.clock())
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}


WRONG_AUDIENCE = 500131


def assertion_refused(error: jwt.PyJWTError) -> RefusedError:
    """What is wrong with the token that somebody showed."""
    if isinstance(error, jwt.InvalidAudienceError):
        message = "Assertion audience does not match the Client app presenting the assertion."
        return RefusedError("invalid_grant", WRONG_AUDIENCE, message)
    if isinstance(error, jwt.ExpiredSignatureError | jwt.ImmatureSignatureError):
        return RefusedError("invalid_grant", 500133, "Assertion is not within its valid time range.")
    return RefusedError("invalid_grant", 50013, "Assertion failed signature validation.")


def asked_for(form: Mapping[str, str], tenant: str) -> Asked:
    """What the scope parameter asks for. Raises RefusedError for none, for several resources, for an unknown one."""
    written = form.get("scope", "").split()
    wanted = [scope.rpartition("/") for scope in written if scope not in _BESIDE]
    if not wanted:
        raise missing("scope")
    if len({resource.rstrip("/") for resource, _, _ in wanted}) > 1:
        message = (
            "Provided value for the input parameter scope is not valid because it contains more than one resource. "
            f"Scope {' '.join(written)} is not valid."
        )
        raise RefusedError("invalid_scope", 28000, message)
    named = wanted[0][0]
    resource = resource_of(named)
    if resource is None:
        raise no_resource(named, tenant)
    return Asked(resource, tuple(name for _, _, name in wanted), "openid" in written)


def client_info(user: User, app: App) -> str:
    """Whose token it is, for msal's cache."""
    text = json.dumps({"uid": user.oid, "utid": app.id})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
