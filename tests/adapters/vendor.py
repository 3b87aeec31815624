"""The Customer Insights client of a test, its credential, and the simulator that it calls over HTTP."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken

from local.entra.directory import IDENTITY, INSIGHTS, resource_of
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from local.simulator.simulation import Simulation
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import InsightsHttp
from tests.entra import shared_issuer

SCOPE = f"{INSIGHTS.uri}/.default"
KEY = "local-key"


@dataclass(slots=True)
class Credential:
    """Gives a token of our app's managed identity, or fails as it is told."""

    issuer: Issuer = field(default_factory=shared_issuer)
    lifetime_seconds: int = 3600
    failure: Exception | None = None
    given: list[str] = field(default_factory=list)

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        if self.failure is not None:
            raise self.failure
        resource = resource_of(scopes[0].removesuffix("/.default"))
        assert resource is not None
        expires_on = int(self.issuer.clock()) + self.lifetime_seconds
        token = Mint(self.issuer).app(IDENTITY, resource=resource, exp=expires_on)
        self.given.append(token)
        return AccessToken(token, expires_on)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> "Credential":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Watch:
    """A monotonic clock that a test moves."""

    seconds: float = field(default_factory=time.monotonic)

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def calling(
    url: str,
    credential: Credential,
    key: Callable[[str], str] = lambda _: KEY,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[CustomerInsightsApi]:
    """A client of the API at an address, as the app itself calls it."""
    http = InsightsHttp(url, credential, SCOPE)
    try:
        yield CustomerInsightsApi(http, key, monotonic=monotonic)
    finally:
        await http.close()


@dataclass(slots=True)
class Vendor:
    """A simulator and a client that calls it; `keys` are the subscription keys that it sends, by environment."""

    simulation: Simulation
    api: CustomerInsightsApi
    credential: Credential
    watch: Watch
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def environment_id(self) -> str:
        return self.simulation.scenario.environments[0].id

    def counted(self) -> dict[str, int]:
        """How often each call was made since the last count."""
        calls = dict(self.simulation.calls)
        self.simulation.calls.clear()
        return calls


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that stands behind it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
