"""Which application asks for a token, and does it prove that it is the one?"""

import secrets
from collections.abc import Mapping

import jwt

from local.entra.directory import API_APP, EXCHANGE, IDENTITY, TENANT, App, app_of
from local.entra.issuer import Issuer
from local.entra.refusals import RefusedError, missing, no_app

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def named_client(form: Mapping[str, str], tenant: str) -> App:
    """The app that the client id names."""
    client_id = form.get("client_id", "")
    if not client_id:
        raise missing("client_id")
    app = app_of(client_id)
    if app is None or tenant != TENANT:
        raise no_app(client_id, tenant)
    return app


def proven_client(form: Mapping[str, str], tenant: str, issuer: Issuer) -> App:
    """The same, where it shows its secret, or our API app a token of its managed identity."""
    app = named_client(form, tenant)
    if "client_assertion" in form:
        _check_assertion(form, app, issuer)
    elif "client_secret" in form:
        _check_secret(form["client_secret"], app)
    else:
        message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise RefusedError("invalid_client", 7000218, message, status=401)
    return app


def _check_secret(secret: str, app: App) -> None:
    if not app.secret or not secrets.compare_digest(secret.encode(), app.secret.encode()):
        message = f"Invalid client secret provided. Ensure the secret being sent is for the app '{app.id}'."
        raise RefusedError("invalid_client", 7000215, message, status=401)


def _check_assertion(form: Mapping[str, str], app: App, issuer: Issuer) -> None:
    """Take what the federated identity credential says: the issuer, the identity's object id, the exchange audience."""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise RefusedError("invalid_request", 90014, "The required field 'client_assertion_type' is missing.")
    try:
        claims = issuer.checked(form["client_assertion"], EXCHANGE)
    except jwt.InvalidAudienceError:
        raise _unmatched(700212, "audience") from None
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        message = "Client assertion is not within its valid time range."
        raise RefusedError("invalid_client", 700024, message, status=401) from None
    except jwt.PyJWTError:
        message = "Client assertion failed signature validation."
        raise RefusedError("invalid_client", 700027, message, status=401) from None
    if claims["iss"] != issuer.issuer_of(TENANT, 2):
        raise _unmatched(700211, "issuer")
    if app is not API_APP or claims.get("sub") != IDENTITY.object_id:
        raise _unmatched(700213, "subject")


def _unmatched(code: int, what: str) -> RefusedError:
    message = f"No matching federated identity record found for presented assertion {what}."
    return RefusedError("invalid_client", code, message, status=401)
