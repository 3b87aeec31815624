"""The keys that a tenant's tokens are signed with, as Entra ID publishes them.

Kept in memory: asked for anew once a day and when a token names an unknown key, but then at most twice a minute. Keys
that are known go on counting while Entra ID cannot be reached. PyJWT's own client forgets them then, and it blocks.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import jwt

from shared.errors import IdentityUnavailable, NotAuthenticated

Fetch = Callable[[str], Awaitable[bytes]]
REFRESH_SECONDS = 24 * 3600.0
KEEP_SECONDS = 7 * REFRESH_SECONDS
COOLDOWN_SECONDS = 30.0
_FETCH_SECONDS = 5.0
_MAX_BYTES = 1024 * 1024
_log = logging.getLogger(__name__)


class TenantKeys:
    """The signing keys of one tenant, by key id."""

    def __init__(
        self, authority: str, tenant_id: str, fetch: Fetch, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = f"{authority}/{tenant_id}/v2.0"
        self._tenant_id = tenant_id
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = -math.inf
        self._asked_at = -math.inf
        self._failed = False
        self._asking = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK:
        """The key. Raises NotAuthenticated for an unknown one, IdentityUnavailable when that cannot be told."""
        known = self._keys.get(key_id) if self._age() < KEEP_SECONDS else None
        if known is not None and (self._age() < REFRESH_SECONDS or self._asking.locked()):
            return known
        async with self._asking:
            if key_id not in self._keys or self._age() >= REFRESH_SECONDS:
                await self._refresh()
        found = self._keys.get(key_id) if self._age() < KEEP_SECONDS else None
        if found is not None:
            return found
        if self._failed:
            raise IdentityUnavailable(reason="signing_keys_unavailable")
        raise NotAuthenticated(reason="unknown_key")

    def _age(self) -> float:
        return self._monotonic() - self._fetched_at

    async def _refresh(self) -> None:
        """Ask, unless that was done a moment ago."""
        if self._monotonic() - self._asked_at < COOLDOWN_SECONDS:
            return
        self._asked_at, self._failed = self._monotonic(), True  # until it is known; whoever asks may go away
        try:
            metadata = _object(await self._fetch(f"{self._issuer}/.well-known/openid-configuration"))
            if metadata.get("issuer") != self._issuer:
                raise IdentityUnavailable(reason="metadata_of_another_issuer")
            address = metadata.get("jwks_uri")
            if not isinstance(address, str) or not address.startswith("https://"):
                raise IdentityUnavailable(reason="metadata_unreadable")
            self._keys = self._usable(_object(await self._fetch(address)).get("keys"))
        except IdentityUnavailable as failure:
            fields = {"action": "keys_unavailable", "tenant_id": self._tenant_id, "reason": failure.reason}
            _log.error("The signing keys of tenant %s cannot be had: %s", self._tenant_id, failure.reason, extra=fields)
            return
        self._failed, self._fetched_at = False, self._monotonic()

    def _usable(self, published: object) -> dict[str, jwt.PyJWK]:
        """RSA keys for signatures that are this tenant's."""
        found = {}
        for key in published if isinstance(published, list) else []:
            if not isinstance(key, dict) or not isinstance(key.get("kid"), str):
                continue
            owner = str(key.get("issuer", self._issuer)).replace("{tenantid}", self._tenant_id)
            if key.get("kty") != "RSA" or key.get("use", "sig") != "sig" or owner != self._issuer:
                continue
            try:
                found[key["kid"]] = jwt.PyJWK(key, algorithm="RS256")
            except (jwt.PyJWTError, ValueError, TypeError):
                continue
        if not found:
            raise IdentityUnavailable(reason="no_signing_keys")
        return found


async def fetch_document(url: str) -> bytes:
    """What Entra ID publishes at an address. Raises IdentityUnavailable."""
    timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise IdentityUnavailable(reason="signing_keys_unavailable")
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > _MAX_BYTES:
                    raise IdentityUnavailable(reason="signing_keys_unavailable")
            return bytes(body)
    except (aiohttp.ClientError, TimeoutError, UnicodeError):  # the last for a name that no host has
        raise IdentityUnavailable(reason="signing_keys_unavailable") from None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IdentityUnavailable(reason="metadata_unreadable")
    return found
