"""What does a token say, by the keys that a running stand-in publishes? For programs that are not the stand-in."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import urllib3

from local.entra.directory import TENANT
from local.entra.issuer import Claims, Issuer, claims_of

TIMEOUT_SECONDS = 5.0


@dataclass(slots=True)
class PublishedKeys:
    """The keys of an authority, asked for when a token names one that is not known."""

    authority: str
    ca: Path
    keys: dict[str, Any] = field(default_factory=dict)

    def claims_of(self, token: str, audience: str) -> Claims | None:
        """What a token says that is for this audience and alive; None for any other, and while there are no keys."""
        issuer = Issuer(self.authority)
        issuers = [issuer.issuer_of(TENANT, version) for version in (1, 2)]
        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid")))
            return claims_of(token, key, audience, issuers, issuer.clock()) if key else None
        except (jwt.PyJWTError, urllib3.exceptions.HTTPError, OSError, ValueError):
            return None

    def _key(self, key_id: str) -> Any:
        if key_id not in self.keys:
            self.keys = {str(key.key_id): key.key for key in self._asked().keys}
        return self.keys.get(key_id)

    def _asked(self) -> jwt.PyJWKSet:
        context = ssl.create_default_context(cafile=self.ca)
        with urllib3.PoolManager(ssl_context=context, retries=False, timeout=TIMEOUT_SECONDS) as pool:
            answer = pool.request("GET", f"{self.authority}/{TENANT}/discovery/v2.0/keys")
            return jwt.PyJWKSet.from_json(answer.data.decode())
