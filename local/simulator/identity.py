"""Whose token does a call carry? Tokens of the stand-in for Entra ID (local/entra), each for one audience."""

from collections.abc import Callable
from typing import Protocol

from local.entra.directory import INSIGHTS, principal_of
from local.entra.issuer import Claims
from local.simulator.principal import Principal

AUDIENCE = INSIGHTS.uri
OWN_AUTHORITY = "https://simulator.invalid"
Check = Callable[[str, str], Principal | None]


class Keys(Protocol):
    """What knows whether a token is good: an issuer, or the keys that one publishes."""

    def claims_of(self, token: str, audience: str) -> Claims | None:
        """What it says, or None."""


def check_with(keys: Keys) -> Check:
    """Who stands behind an Authorization header, for an audience; None for a token that is missing or not good."""

    def check(authorization: str, audience: str) -> Principal | None:
        scheme, _, token = authorization.partition(" ")
        claims = keys.claims_of(token.strip(), audience) if scheme.lower() == "bearer" else None
        return principal_of(str(claims["oid"])) if claims else None

    return check
