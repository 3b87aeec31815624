"""Customer Insights and its storage, with the rights of whoever calls."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from azure.core.rest import HttpRequest

from shared.acting import Stretch
from shared.adapters.insights_actions import CustomerInsightsActions
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.domain.callers import Caller
from shared.errors import (
    Conflict,
    Forbidden,
    InsightsAnswerInvalid,
    InsightsNotFound,
    InsightsUnavailable,
    NotFound,
)

STORAGE_SCOPE = "https://storage.azure.com/.default"
_STORAGE_VERSION = "2023-11-03"
_FILE_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "localhost")
_SIZE = re.compile(r"\d{1,18}", re.ASCII)
_ETAG = re.compile(r'"?([A-Za-z0-9+/=_-]{1,100})"?')


@dataclass(frozen=True, slots=True)
class TokenForUser:
    """A caller's token for one scope, on the caller's behalf."""

    on_behalf_of: OnBehalfOf
    caller: Caller
    scope: str

    async def get(self) -> str:
        """The token. Raises ClaimsNeeded, Forbidden and IdentityUnavailable."""
        return await self.on_behalf_of.token(self.caller.token, self.caller.tenant_id, self.scope)

    def forget(self) -> None:
        """It was refused: the next one has to be a new one."""
        self.on_behalf_of.forget(self.caller.token, self.scope)


class ActingFor:
    """Makes the client that a caller's actions go through: a user's with the user's rights, others with the app's."""

    def __init__(
        self,
        *,
        app: InsightsHttp,
        user: InsightsHttp,
        on_behalf_of: OnBehalfOf,
        scope: str,
        subscription_key: Callable[[str], str],
    ) -> None:
        self._app = app
        self._user = user
        self._on_behalf_of = on_behalf_of
        self._scope = scope
        self._subscription_key = subscription_key
        self._spellings: dict[str, tuple[str, str]] = {}

    def __call__(self, caller: Caller, environment_id: str) -> CustomerInsightsActions:
        """The client. Raises NotFound for an environment that this app has no subscription key for."""
        key = self._subscription_key(environment_id)
        if not key:
            raise NotFound(
                "This app has no subscription key for that environment; an administrator sets "
                "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__<environment id without dashes>.",
                reason="environment_not_configured",
            )
        if not caller.token:
            return CustomerInsightsActions(self._app, key, None, self._spellings)
        token = TokenForUser(self._on_behalf_of, caller, self._scope)
        return CustomerInsightsActions(self._user, key, token, self._spellings)


class StoragePartitions:
    """Reads partitions: files in Azure Storage, at addresses that Customer Insights gives."""

    def __init__(self, http: InsightsHttp, on_behalf_of: OnBehalfOf, allowed_hosts: Collection[str]) -> None:
        self._http = http
        self._on_behalf_of = on_behalf_of
        self._allowed_hosts = tuple(allowed_hosts)

    async def read(self, caller: Caller, location: str, *, start: int, length: int, version: str = "") -> Stretch:
        """Some bytes of a partition, with a user's own rights to the storage.

        An application reads at signed addresses only: whoever may attach a data source says where its files lie, and
        this app's identity reads its own storage too.
        """
        self._check(location)
        headers = {"Range": f"bytes={start}-{start + length - 1}", "x-ms-version": _STORAGE_VERSION}
        if version:
            headers["If-Match"] = f'"{version}"'
        if "sig=" not in urlsplit(location).query:
            if not caller.token:
                raise Forbidden(
                    "Customer Insights does not sign this partition's address; only a user with the role Storage Blob "
                    "Data Reader on its storage can read it.",
                    reason="storage_forbidden",
                )
            token = TokenForUser(self._on_behalf_of, caller, STORAGE_SCOPE)
            headers["Authorization"] = f"Bearer {await token.get()}"
        request = HttpRequest("GET", location, headers=headers)
        reply = await self._http.send(request, max_bytes=length + 1, deadline_seconds=_FILE_SECONDS, raw=True)
        return _stretch(reply, start)

    def _check(self, location: str) -> None:
        """Storage, or on one machine where the API itself is: no other host is sent a token."""
        host, allowed = "", False
        with suppress(ValueError):  # what is no address is allowed nowhere
            parts, home = urlsplit(location), urlsplit(self._http.base_url)
            host = parts.hostname or ""
            at_home = home.hostname in _LOOPBACK and (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
            stored = parts.scheme == "https" and parts.port in (None, 443) and host.endswith(self._allowed_hosts)
            allowed = (at_home or stored) and not parts.username
        if not allowed or "\\" in location or not location.isprintable():
            raise InsightsAnswerInvalid(
                f"The partition lies at a host that this app does not read from ({host[:100]}).",
                reason="partition_host_not_allowed",
            )


def _stretch(reply: Reply, start: int) -> Stretch:
    total = reply.headers.get("Content-Range", "").rpartition("/")[2]
    found = _ETAG.fullmatch(reply.headers.get("ETag", ""))
    version = found[1] if found else ""
    if reply.status == 200:
        return Stretch(reply.content[start:], len(reply.content), version)
    if reply.status == 206:
        if not _SIZE.fullmatch(total):
            raise InsightsAnswerInvalid("The storage does not tell how large the partition is.")
        return Stretch(reply.content, int(total), version)
    if reply.status == 416:
        return Stretch(b"", int(total) if _SIZE.fullmatch(total) else start, version)
    if reply.status == 412:
        raise Conflict("The partition was written anew meanwhile: begin at its start.", reason="partition_changed")
    if reply.status in (401, 403):
        raise Forbidden(
            "The storage does not let you read this partition: you need the role Storage Blob Data Reader there.",
            reason="storage_forbidden",
        )
    if reply.status == 404:
        raise InsightsNotFound("The partition's file is not there any more; ask for the partitions again.")
    raise InsightsUnavailable(f"The storage of the partition failed ({reply.status}).")
