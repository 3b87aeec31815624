"""What do callers get while Entra ID is not well? Its keys and its tokens over TLS, through a proxy."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp.test_utils import TestServer

from local.children import free_ports
from local.entra import server as entra_server
from local.entra.certificate import Certificate
from local.entra.directory import API_APP, MAKER, TENANT
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from local.faults.proxy import HOST, FaultProxy
from local.simulator import server as simulator_server
from local.simulator.identity import check_with
from local.simulator.model import Scenario
from shared.adapters.acting_for import ActingFor
from shared.adapters.entra_keys import Fetch, TenantKeys, fetch_document
from shared.adapters.entra_tokens import TokenValidator
from shared.adapters.insights_http import InsightsHttp
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.domain.callers import Caller
from shared.entra_settings import read_entra_settings
from shared.errors import IdentityUnavailable, SignalsError
from shared.ports import Ports
from shared.services.act import act, require_reader
from tests.adapters.vendor import KEY, SCOPE, Watch
from tests.entra import shared_issuer
from tests.faults.matrix_cells import Partner
from tests.faults.matrix_partners import proxy_before
from tests.faults.matrix_scale import BOUND_SECONDS
from tests.services.stage import Stage
from tests.tokens import ENTRA

REASONS = {"signing_keys_unavailable", "metadata_unreadable", "token_exchange_unreachable"}
_AFTERWARDS_SECONDS = 60


@dataclass(slots=True)
class Entrance:
    """A maker's call: whose token it is, and an action at Customer Insights with the maker's rights.

    `unread` is why documents of the issuer could not be read.
    """

    validator: TokenValidator
    ports: Ports
    environment_id: str
    token: str
    watch: Watch
    failures: list[SignalsError] = field(default_factory=list)
    unread: list[BaseException | None] = field(default_factory=list)
    longest: float = 0.0
    let_in: int = 0
    segments: int = 0

    async def attempt(self) -> None:
        """Both at the same time, as two calls would do it."""
        await asyncio.gather(self._run(self._enter), self._run(self.act))

    async def settle(self) -> None:
        """The callers come again a minute later."""
        self.watch.seconds += _AFTERWARDS_SECONDS
        self.let_in = self.segments = 0
        await self.attempt()

    def causes(self) -> list[BaseException | None]:
        """Why calls of the issuer came to nothing."""
        exchanges = (one for one in self.failures if one.reason == "token_exchange_unreachable")
        return [*self.unread, *(one.__context__ for one in exchanges)]

    async def _enter(self) -> None:
        principal = await self.validator.principal_of(self.token)
        assert principal.object_id == MAKER.oid
        self.let_in += 1

    async def act(self) -> None:
        """An action with the maker's own rights."""
        caller = Caller(MAKER.oid, tenant_id=TENANT, token=self.token)
        await require_reader(self.ports, caller, self.environment_id)
        self.segments = len(await act(self.ports, caller, self.environment_id).segments(self.environment_id))

    async def _run(self, function: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(BOUND_SECONDS[Partner.ISSUER]):
                await function()
        except IdentityUnavailable as failure:
            self.failures.append(failure)
        finally:
            self.longest = max(self.longest, loop.time() - began)


@asynccontextmanager
async def before_the_issuer(scenario: Scenario, certificate: Certificate) -> AsyncIterator[tuple[Entrance, FaultProxy]]:
    """The stand-in for Entra ID behind a proxy whose address is its authority; the API is reached without one."""
    watch, stage, port = Watch(), Stage(), free_ports(1)[0]
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(proxy_before(port))
        issuer = Issuer(f"https://{HOST}:{proxy.port}")
        issuer.key = shared_issuer().key
        served = TestServer(entra_server.make_app(issuer), port=port)
        await served.start_server(ssl=certificate.context())
        stack.push_async_callback(served.close)
        simulation = simulator_server.simulation_of(scenario, paused=True)
        simulator = simulator_server.make_app(simulation, check=check_with(issuer))
        api = await stack.enter_async_context(TestServer(simulator))
        variables = {**ENTRA, "ENTRA_AUTHORITY": issuer.authority, "ENTRA_CLIENT_SECRET": API_APP.secret}
        settings = read_entra_settings(variables, [])
        on_behalf_of = OnBehalfOf(settings, _nobodys, watch)
        stack.push_async_callback(_let_go, on_behalf_of, proxy)
        http = InsightsHttp(str(api.make_url("/v1")))
        stack.push_async_callback(http.close)
        acting = ActingFor(app=http, user=http, on_behalf_of=on_behalf_of, scope=SCOPE, subscription_key=lambda _: KEY)
        stage.actions = acting  # type: ignore[assignment]
        unread: list[BaseException | None] = []
        keys = TenantKeys(settings.authority, TENANT, _noting(unread), watch)
        validator = TokenValidator(settings, keys={TENANT: keys})
        token = Mint(issuer).user(MAKER)
        yield Entrance(validator, stage.ports, scenario.environments[0].id, token, watch, unread=unread), proxy


def _noting(unread: list[BaseException | None]) -> Fetch:
    async def fetch(url: str) -> bytes:
        try:
            return await fetch_document(url)
        except IdentityUnavailable as failure:
            unread.append(failure.__context__)
            raise

    return fetch


async def _let_go(on_behalf_of: OnBehalfOf, proxy: FaultProxy) -> None:
    """A thread that nobody waits for any more may come to its end only now; its connections end with msal's objects."""
    async with asyncio.timeout(30):
        while True:
            on_behalf_of.close()
            gc.collect()
            if not proxy.open:
                return
            await asyncio.sleep(0.05)


async def _nobodys(scope: str) -> str:
    raise AssertionError(scope)
