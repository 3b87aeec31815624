"""Who does a run or a person act as? Tokens of the stand-in for Entra ID, or of one's own; fetched anew in time."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import urllib3

from local.entra.directory import API, CONNECTOR, DAEMON, NOBODYS_APP, OPERATIONS, PASSWORD, TENANT, USERS
from local.errors import BrokenRunError

TIMEOUT_SECONDS = 10.0
EARLY_SECONDS = 300.0
DEFAULT_SCOPE = f"{API.uri}/.default"
APPLICATIONS = {"daemon": DAEMON, "operations": OPERATIONS, "stranger": NOBODYS_APP}
WHO = (*(user.key for user in USERS), *APPLICATIONS)


class NotRunningError(BrokenRunError):
    """No stand-in answers."""


class Token(NamedTuple):
    """An access token, and for how long it is good."""

    text: str
    seconds: float


@dataclass(slots=True)
class SignIn:
    """Someone who is signed in for as long as a run lasts; `command` prints a token of the same person."""

    command: str
    fetch: Callable[[], Token]
    _kept: Token = field(default=Token("", 0.0))
    _until: float = field(default=0.0)

    def token(self) -> str:
        """A token that is good for some minutes yet."""
        if time.monotonic() >= self._until:
            self._kept = self.fetch()
            self._until = time.monotonic() + self._kept.seconds - EARLY_SECONDS
        return self._kept.text


def form_of(who: str, scope: str) -> dict[str, str]:
    """What the token endpoint is sent for someone; scopes of the app's own need no address before them."""
    scope = " ".join(one if "://" in one else f"{API.uri}/{one}" for one in scope.split())
    if who in APPLICATIONS:
        app = APPLICATIONS[who]
        return {
            "grant_type": "client_credentials",
            "client_id": app.id,
            "client_secret": app.secret,
            "scope": scope,
        }
    login = next(user.login for user in USERS if user.key == who)
    named = {"grant_type": "password", "client_id": CONNECTOR.id, "username": login, "password": PASSWORD}
    return {**named, "scope": scope}


def fetch_token(authority: str, ca: Path, who: str, scope: str = DEFAULT_SCOPE) -> Token:
    """Sign in at a stand-in that runs. Raises NotRunningError, and BrokenRunError when it refuses."""
    url = f"{authority}/{TENANT}/oauth2/v2.0/token"
    try:
        context = ssl.create_default_context(cafile=ca)
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=TIMEOUT_SECONDS) as pool:
            answer = pool.request("POST", url, fields=form_of(who, scope), encode_multipart=False)
            body = answer.json()
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        raise NotRunningError(f"No Entra ID stand-in answers at {authority}.") from None
    if "access_token" not in body:
        said = str(body.get("error_description", body)).partition(" Trace ID:")[0]
        raise BrokenRunError(f"{who} gets no token: {said}")
    return Token(str(body["access_token"]), float(body["expires_in"]))


def nobody() -> SignIn:
    """For an app that asks nobody who he is."""
    return SignIn("", lambda: Token("", float("inf")))
