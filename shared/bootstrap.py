"""Puts the house together: settings, adapters, ports; once a process, at the first call of a function."""

import asyncio
import logging
import os
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from azure.core.credentials_async import AsyncTokenCredential

from shared.adapters.acting_for import ActingFor, StoragePartitions
from shared.adapters.api_calls import ApiCalls
from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.callback_sender import CallbackSender
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import InsightsHttp
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.access import Principal
from shared.domain.callback_url import CallbackUrl, parse_callback_url
from shared.entra_settings import EntraSettings
from shared.observability import RedactingFilter, redact, set_up_logging
from shared.ports import Ports
from shared.settings import MonitorSettings, Settings, StorageSettings, read_settings
from shared.telemetry import Silent, Telemetry

if TYPE_CHECKING:
    from shared.adapters.azure_monitor import AzureMonitor
    from shared.adapters.entra_tokens import TokenValidator


class Tokens(Protocol):
    """Whose tokens are taken."""

    async def principal_of(self, token: str) -> Principal:
        """Whom the token speaks of. Raises NotAuthenticated, Forbidden and IdentityUnavailable."""
        ...


@dataclass(slots=True)
class _Tokens:
    """Loads PyJWT and its algorithms with the first token: most of what fires is no HTTP call."""

    settings: EntraSettings
    _validator: "TokenValidator | None" = None

    async def principal_of(self, token: str) -> Principal:
        if self._validator is None:
            from shared.adapters.entra_tokens import TokenValidator

            self._validator = TokenValidator(self.settings)
        return await self._validator.principal_of(token)


@dataclass(frozen=True, slots=True)
class House:
    """What a function needs: the settings, whose tokens are taken, and the ports behind which everything stands."""

    settings: Settings
    tokens: Tokens
    ports: Ports
    storage: StorageAccount
    connections: Sequence[InsightsHttp]
    on_behalf_of: OnBehalfOf
    flows: CallbackSender
    identities: Mapping[str, AsyncTokenCredential]
    monitor: "AzureMonitor | None" = None

    def parse_callback(self, url: str) -> CallbackUrl:
        """Take a callback URL if the settings allow it. Raises CallbackRejected."""
        settings = self.settings
        return parse_callback_url(
            url, allowed_suffixes=settings.callback_hosts, allow_loopback=settings.callback_allow_loopback
        )

    async def close(self) -> None:
        """Close everything, the last named first. What cannot be closed keeps nothing else open."""
        async with AsyncExitStack() as closing:
            if self.monitor is not None:
                closing.push_async_callback(asyncio.to_thread, _end_monitor, self.monitor)
            for identity in self.identities.values():
                closing.push_async_callback(identity.close)
            closing.push_async_callback(self.storage.close)
            for connection in self.connections:
                closing.push_async_callback(connection.close)
            closing.callback(self.on_behalf_of.close)
            closing.push_async_callback(self.flows.close)


_log = logging.getLogger(__name__)
_houses: dict[asyncio.AbstractEventLoop, House] = {}
_endings: dict[asyncio.AbstractEventLoop, tuple[AsyncGenerator[None], asyncio.Task[None]]] = {}


def house() -> House:
    """The house of this process. Clients belong to an event loop, and a Functions worker has one."""
    loop = asyncio.get_running_loop()
    if loop not in _houses:
        set_up_logging()
        _houses[loop] = build(os.environ)
        ending = _until_the_loop_ends(_houses[loop])
        _endings[loop] = (ending, loop.create_task(ending.__anext__()))
    return _houses[loop]


async def _until_the_loop_ends(one: House) -> AsyncGenerator[None]:
    """What asyncio ends before it closes a loop, as it does with every generator: connections are closed in order."""
    try:
        yield
    finally:
        await one.close()


def require_settings() -> None:
    """In a Functions worker, raise SettingsInvalid before anything is indexed: a clear word beats failing functions."""
    if os.environ.get("FUNCTIONS_WORKER_RUNTIME") or os.environ.get("WEBSITE_SITE_NAME"):
        read_settings(os.environ)


def build(variables: Mapping[str, str]) -> House:
    """Put a house together. Raises SettingsInvalid."""
    settings = read_settings(variables)
    identities = _identities(settings)
    storage = _storage(settings.storage, identities)
    claims = BlobClaims(storage.blobs)
    identity = identities[settings.client_id]
    monitor = _monitor(settings.monitor, settings.client_id, settings.managed_identity)
    telemetry = monitor.telemetry if monitor else Silent()
    polling, of_apps, of_users = connections = _connections(settings, identity, telemetry)
    on_behalf_of = OnBehalfOf(settings.entra, partial(_token, identity))
    flows = CallbackSender(
        allowed_suffixes=settings.callback_hosts,
        allow_loopback=settings.callback_allow_loopback,
        token=partial(_token, identity, settings.flow_token_scope),
        token_hosts=settings.flow_token_hosts,
    )
    ports = Ports(
        insights=CustomerInsightsApi(polling, settings.subscription_key),
        checkpoints=BlobCheckpoints(storage.blobs),
        log=TableEventLog(storage.tables, claims),
        subscriptions=TableSubscriptions(storage.tables, Cipher(settings.callback_encryption_keys)),
        dead=TableDeadDeliveries(storage.tables, claims),
        queues=StorageQueues(storage.queues, claims),
        flows=flows,
        claims=claims,
        acting=_acting(settings, of_apps, of_users, on_behalf_of),
        partitions=StoragePartitions(of_users, on_behalf_of, settings.partition_hosts),
        clock=partial(datetime.now, UTC),
        jitter=random.random,
        telemetry=telemetry,
    )
    return House(
        settings, _Tokens(settings.entra), ports, storage, connections, on_behalf_of, flows, identities, monitor
    )


@cache
def _monitor(monitor: MonitorSettings, client_id: str, managed_identity: bool) -> "AzureMonitor | None":
    """One for the process, as long as its house stands. Its libraries are loaded only where there is one."""
    try:
        return _new_monitor(monitor, client_id, managed_identity) if monitor.connection_string else None
    except Exception:
        _log.exception("Telemetry is off: it could not be set up", extra={"action": "telemetry_off"})
        return None


def _new_monitor(monitor: MonitorSettings, client_id: str, managed_identity: bool) -> "AzureMonitor":
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

    from shared.adapters.azure_monitor import AzureMonitor

    credential: ManagedIdentityCredential | DefaultAzureCredential | None = None
    if managed_identity and not monitor.on_this_machine:  # no token travels without TLS
        credential = ManagedIdentityCredential(client_id=client_id or None)
    elif not monitor.on_this_machine:
        credential = DefaultAzureCredential(managed_identity_client_id=client_id or None)
    names = {"role": monitor.role or "customer-insights-signals", "instance": monitor.instance}
    made = AzureMonitor(monitor.connection_string, credential, **names, clean=redact)
    made.handler.addFilter(RedactingFilter())
    made.handler.join(logging.getLogger())
    return made


def _end_monitor(monitor: "AzureMonitor") -> None:
    monitor.handler.leave(logging.getLogger())
    _monitor.cache_clear()
    monitor.close()


def _connections(
    settings: Settings, identity: AsyncTokenCredential, telemetry: Telemetry
) -> tuple[InsightsHttp, InsightsHttp, InsightsHttp]:
    """To the Customer Insights API: polls, applications, and users, whose calls never fall back to the app's identity.

    Each has connections of its own: slow actions do not hold up polls.
    """
    url, scope = settings.api_url, settings.api_scope
    return (
        InsightsHttp(url, identity, scope, ApiCalls("poll", telemetry)),
        InsightsHttp(url, identity, scope, ApiCalls("application", telemetry)),
        InsightsHttp(url, calls=ApiCalls("user", telemetry)),
    )


def _acting(settings: Settings, app: InsightsHttp, user: InsightsHttp, on_behalf_of: OnBehalfOf) -> ActingFor:
    def key_of(environment_id: str) -> str:
        return settings.subscription_key(environment_id) if environment_id else settings.any_subscription_key

    return ActingFor(app=app, user=user, on_behalf_of=on_behalf_of, scope=settings.api_scope, subscription_key=key_of)


async def _token(identity: AsyncTokenCredential, scope: str) -> str:
    return (await identity.get_token(scope)).token


def _storage(settings: StorageSettings, identities: Mapping[str, AsyncTokenCredential]) -> StorageAccount:
    if settings.connection_string:
        return StorageAccount.from_connection_string(settings.connection_string)
    identity = identities[settings.client_id]
    return StorageAccount.with_identity(settings.blob_url, settings.queue_url, settings.table_url, identity)


def _identities(settings: Settings) -> Mapping[str, AsyncTokenCredential]:
    """One for each client id: the API's, and the storage's where it has one of its own."""
    client_ids = {settings.client_id} | (set() if settings.storage.connection_string else {settings.storage.client_id})
    return {client_id: _credential(client_id, managed_identity=settings.managed_identity) for client_id in client_ids}


def _credential(client_id: str, *, managed_identity: bool) -> AsyncTokenCredential:
    """The app's managed identity where there is one; elsewhere whoever signed in with the Azure CLI."""
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if managed_identity:
        return ManagedIdentityCredential(client_id=client_id or None)
    return DefaultAzureCredential(managed_identity_client_id=client_id or None)
