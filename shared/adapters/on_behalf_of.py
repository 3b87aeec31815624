"""Tokens to act on behalf of a user, got with msal for the token that the user called with (OAuth 2.0 on-behalf-of).

The app proves who it is by its managed identity (a federated credential of the registration), by a secret or a
certificate.
"""

import asyncio
import base64
import hashlib
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError

from shared.entra_settings import EntraSettings
from shared.errors import ClaimsNeeded, Forbidden, IdentityUnavailable

if TYPE_CHECKING:
    import msal

EXCHANGE_SCOPE = "api://AzureADTokenExchange/.default"
_REMEMBERED = 1000
_EARLY_SECONDS = 300
_TIMEOUT_SECONDS = 10
_DEADLINE_SECONDS = 30.0  # msal's time-out begins anew with every byte
_EXCHANGES_AT_ONCE = 8
_REST_SECONDS = 5.0
_LONGEST_SECONDS = 2 * 24 * 3600.0  # with continuous access evaluation a token counts for 28 hours
_TOKEN = re.compile(r"[\w.~+/=-]+", re.ASCII)
_OF_ODD_ANSWERS = (KeyError, TypeError, AttributeError)  # msal takes any JSON for an object with all its fields
_log = logging.getLogger(__name__)


class OnBehalfOf:
    """Exchanges users' tokens; what it got is kept in memory, for each token it was got for."""

    def __init__(
        self,
        settings: EntraSettings,
        identity_token: Callable[[str], Awaitable[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._identity_token = identity_token
        self._clock = clock
        self._apps: dict[str, msal.ConfidentialClientApplication] = {}
        self._proof = ""
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._rest_until = 0.0
        self._asking: dict[str, asyncio.Task[str]] = {}
        # Its own: the loop's threads resolve names for everybody, and must not wait for Entra ID.
        self._threads = ThreadPoolExecutor(_EXCHANGES_AT_ONCE, thread_name_prefix="on-behalf-of")

    def close(self) -> None:
        """Let go of the threads and of msal's connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._apps.clear()

    async def token(self, assertion: str, tenant_id: str, scope: str) -> str:
        """A token for a scope, on behalf of the user whose token the assertion is.

        Raises ClaimsNeeded (the user has to sign in again), Forbidden (nobody consented) and IdentityUnavailable.
        """
        key = _key(assertion, scope)
        until, kept = self._kept.get(key, (0.0, ""))
        if kept and self._clock() < until:
            self._kept.move_to_end(key)
            return kept
        self._check_rest()
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._ask(key, assertion, tenant_id, scope))
            self._asking[key].add_done_callback(partial(self._asked, key))
        return await asyncio.shield(self._asking[key])

    def forget(self, assertion: str, scope: str) -> None:
        """Do not use a token again that was refused."""
        self._kept.pop(_key(assertion, scope), None)

    def _check_rest(self) -> None:
        if self._clock() < self._rest_until:
            raise IdentityUnavailable(reason="token_exchange_unreachable", retry_after_seconds=_REST_SECONDS)

    def _asked(self, key: str, task: asyncio.Task[str]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # whoever asked may have gone away

    async def _ask(self, key: str, assertion: str, tenant_id: str, scope: str) -> str:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                answer = await self._answer(assertion, tenant_id, scope)
        except TimeoutError:
            self._rest()
            raise IdentityUnavailable(reason="token_exchange_unreachable") from None
        found = answer.get("access_token")
        if not isinstance(found, str) or not _TOKEN.fullmatch(found):
            raise _failure(answer)
        self._keep(key, found, _lasts_seconds(answer) - _EARLY_SECONDS)
        return found

    async def _answer(self, assertion: str, tenant_id: str, scope: str) -> Mapping[str, Any]:
        if not (self._settings.client_secret or self._settings.client_certificate):
            self._proof = await self._proof_of_identity()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._exchange, assertion, tenant_id, scope)
        except IdentityUnavailable:
            self._rest()
            raise

    def _rest(self) -> None:
        """Calls that wait for a time-out would pile up."""
        if self._clock() >= self._rest_until:
            self._rest_until = self._clock() + _REST_SECONDS

    async def _proof_of_identity(self) -> str:
        try:
            return await self._identity_token(EXCHANGE_SCOPE)
        except AzureError as error:
            _log.error("No token of the managed identity (%s)", type(error).__name__, extra={"action": "no_identity"})
            raise IdentityUnavailable(reason="identity_unavailable") from None

    def _keep(self, key: str, token: str, lasts_seconds: float) -> None:
        self._kept[key] = (self._clock() + lasts_seconds, token)
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)

    def _exchange(self, assertion: str, tenant_id: str, scope: str) -> Mapping[str, Any]:
        """Ask Entra ID; blocks. Whoever waited for a thread during an outage need not find out anew."""
        self._check_rest()
        import requests
        from msal.exceptions import MsalError

        try:
            found = self._app(tenant_id).acquire_token_on_behalf_of(assertion, [scope])
        except (requests.RequestException, MsalError, ValueError, RuntimeError, *_OF_ODD_ANSWERS) as error:
            if isinstance(error, _OF_ODD_ANSWERS):
                self._apps.pop(tenant_id, None)  # msal remembers an odd answer, and breaks at all that come after it
            kind = type(error).__name__
            _log.error("Entra ID gave no answer that counts (%s)", kind, extra={"action": "exchange_failed"})
            raise IdentityUnavailable(reason="token_exchange_unreachable") from None
        return found if isinstance(found, dict) else {}

    def _app(self, tenant_id: str) -> "msal.ConfidentialClientApplication":
        import msal

        if tenant_id not in self._apps:
            self._apps[tenant_id] = msal.ConfidentialClientApplication(
                self._settings.client_id,
                authority=f"{self._settings.authority}/{tenant_id}",
                client_credential=self._credential(),
                instance_discovery=False,  # the authority is a setting, and is trusted
                timeout=_TIMEOUT_SECONDS,
                token_cache=_forgetful(),
                http_cache=_NobodysAnswers(),
            )
        return self._apps[tenant_id]

    def _credential(self) -> str | dict[str, Any]:
        if self._settings.client_secret:
            return self._settings.client_secret
        if self._settings.client_certificate:
            settings = self._settings
            return {"private_key": settings.client_certificate, "public_certificate": settings.public_certificate}
        return {"client_assertion": lambda: self._proof}


def _key(assertion: str, scope: str) -> str:
    return hashlib.sha256(f"{scope} {assertion}".encode()).hexdigest()


def _forgetful() -> "msal.TokenCache":
    """Keeps nothing: msal's cache would grow with every user, refresh tokens included."""
    import msal

    cache = msal.TokenCache()
    cache.add = lambda *_, **__: None
    return cache


class _NobodysAnswers(dict[str, Any]):
    """What msal keeps of Entra ID's answers, without those that it would give to another user.

    It keeps any answer with a Retry-After by app and scope: on behalf of users, one's would be the next one's too.
    """

    def __setitem__(self, key: str, answer: Any) -> None:
        """Keep metadata, and refusals by all that was sent."""
        if not key.endswith("Retry-After"):
            super().__setitem__(key, answer)


def _lasts_seconds(answer: Mapping[str, Any]) -> float:
    """How long a token counts; where that is not said, it is not kept."""
    with suppress(KeyError, TypeError, ValueError, OverflowError):
        return min(float(answer["expires_in"]), _LONGEST_SECONDS)
    return 0.0


def _failure(answer: Mapping[str, Any]) -> ClaimsNeeded | Forbidden | IdentityUnavailable:
    """What Entra ID's error means (Microsoft's page on-behalf-of flow, "error response")."""
    error, detail = str(answer.get("error", "")), str(answer.get("suberror", ""))
    listed = answer.get("error_codes")
    codes = ",".join(str(code) for code in listed[:5]) if isinstance(listed, list) else ""
    fields = {"action": "on_behalf_of_refused", "error": error[:100], "suberror": detail[:100], "codes": codes}
    _log.warning("No token on behalf of the user: %s %s (AADSTS %s)", error[:100], detail[:100], codes, extra=fields)
    if detail == "consent_required" or "65001" in codes.split(","):
        return Forbidden(
            "Nobody has consented to this app's calling Customer Insights for users: an administrator has to.",
            reason="consent_required",
        )
    if error in ("invalid_grant", "interaction_required"):
        claims = str(answer.get("claims", ""))
        return ClaimsNeeded(base64.urlsafe_b64encode(claims.encode(errors="replace")).decode() if claims else "")
    if error == "temporarily_unavailable":
        return IdentityUnavailable(reason="token_exchange_unreachable")
    return IdentityUnavailable(
        "Entra ID refuses this app's own credentials or its request: an administrator has to look into the log.",
        reason="token_exchange_refused",
    )
