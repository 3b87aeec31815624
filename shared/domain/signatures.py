"""How a receiver can tell that a call is ours: Standard Webhooks 1.0.0, symmetric signatures (`v1`).

Flows do not check them; their callback URL is the secret. They are for receivers that are no flows.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification asks for 24 to 64
OVERLAP = timedelta(hours=24)
REPEATED_WITHIN = timedelta(minutes=2)
_MOST = 6  # a caller repeats itself four times


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret that calls are signed with, until a time when a newer one took its place."""

    secret: str = field(repr=False)
    until: datetime | None = None


def new_secret() -> str:
    """A secret in the form that the libraries take: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def rotated(current: Sequence[SigningSecret], secret: str, now: datetime) -> tuple[SigningSecret, ...]:
    """The secrets with a new one in front. The one it replaces signs too for a day, older ones no more.

    But a change within two minutes may be the one before, asked for again because its answer was lost: nobody knows
    the secret of that, and what signed before goes on.
    """
    previous = [replace(one, until=now + OVERLAP) for one in current if one.until is None]
    lately = [one for one in current if one.until and abs(one.until - OVERLAP - now) < REPEATED_WITHIN]
    return (SigningSecret(secret), *previous, *lately)[:_MOST]


def valid(current: Iterable[SigningSecret], now: datetime) -> tuple[str, ...]:
    """The secrets to sign with."""
    return tuple(one.secret for one in current if one.until is None or now < one.until)


def sign(secrets_: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each secret, with spaces between.

    `timestamp` is in Unix seconds, of the attempt. What is signed is `{id}.{timestamp}.{body}`.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_mac(secret, signed)}" for secret in secrets_)


def _mac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
