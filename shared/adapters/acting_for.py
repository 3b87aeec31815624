"""Customer Insights and its storage, with the rights of whoever calls."""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from urllib.parse import urlsplit

from azure.core.rest import HttpRequest

from shared.acting import Stretch
from shared.adapters.insights_actions import CustomerInsightsActions
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.domain.callers import Caller
from shared.errors import (
    Forbidden,
    InsightsAnswerInvalid,
    InsightsNotFound,
    InsightsUnavailable,
    NotFound,
)

STORAGE_SCOPE = "https://storage.azure.com/.default"
_STORAGE_VERSION = "2023-11-03"
_FILE_SECONDS = 60.0


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
            return CustomerInsightsActions(self._app, key)

        async def token() -> str:
            return await self._on_behalf_of.token(caller.token, caller.tenant_id, self._scope)

        return CustomerInsightsActions(self._user, key, token)


class StoragePartitions:
    """Reads partitions: files in Azure Storage, at addresses that Customer Insights gives."""

    def __init__(
        self,
        http: InsightsHttp,
        on_behalf_of: OnBehalfOf,
        identity_token: Callable[[str], Awaitable[str]],
        allowed_hosts: Collection[str],
    ) -> None:
        self._http = http
        self._on_behalf_of = on_behalf_of
        self._identity_token = identity_token
        self._allowed_hosts = tuple(allowed_hosts)

    async def read(self, caller: Caller, location: str, *, start: int, length: int) -> Stretch:
        """Some bytes of a partition, with the caller's rights to the storage unless its address is signed."""
        self._check(location)
        headers = {"Range": f"bytes={start}-{start + length - 1}", "x-ms-version": _STORAGE_VERSION}
        if "sig=" not in urlsplit(location).query:
            headers["Authorization"] = f"Bearer {await self._token(caller)}"
        reply = await self._http.send(
            HttpRequest("GET", location, headers=headers), max_bytes=length + 1, deadline_seconds=_FILE_SECONDS
        )
        return _stretch(reply, start)

    async def _token(self, caller: Caller) -> str:
        if caller.token:
            return await self._on_behalf_of.token(caller.token, caller.tenant_id, STORAGE_SCOPE)
        return await self._identity_token(STORAGE_SCOPE)

    def _check(self, location: str) -> None:
        """Storage, or where the API itself is (one machine): no other host is sent a token."""
        host, allowed = "", False
        with suppress(ValueError):  # what is no address is allowed nowhere
            parts, home = urlsplit(location), urlsplit(self._http.base_url)
            host = parts.hostname or ""
            at_home = (parts.scheme, parts.netloc) == (home.scheme, home.netloc)
            stored = parts.scheme == "https" and parts.port in (None, 443) and host.endswith(self._allowed_hosts)
            allowed = (at_home or stored) and not parts.username
        if not allowed or "\\" in location or not location.isprintable():
            raise InsightsAnswerInvalid(
                f"The partition lies at a host that this app does not read from ({host[:100]}).",
                reason="partition_host_not_allowed",
            )


def _stretch(reply: Reply, start: int) -> Stretch:
    total = reply.headers.get("Content-Range", "").rpartition("/")[2]
    if reply.status == 200:
        return Stretch(reply.content[start:], len(reply.content))
    if reply.status == 206:
        if not total.isdecimal():
            raise InsightsAnswerInvalid("The storage does not tell how large the partition is.")
        return Stretch(reply.content, int(total))
    if reply.status == 416:
        return Stretch(b"", int(total) if total.isdecimal() else start)
    if reply.status in (401, 403):
        raise Forbidden(
            "The storage does not let you read this partition: you need the role Storage Blob Data Reader there.",
            reason="storage_forbidden",
        )
    if reply.status == 404:
        raise InsightsNotFound("The partition's file is not there any more; ask for the partitions again.")
    raise InsightsUnavailable(f"The storage of the partition failed ({reply.status}).")
