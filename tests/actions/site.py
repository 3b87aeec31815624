"""The app on loopback with its real adapters: a simulator, tokens that are really signed and really exchanged."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
from aiohttp.test_utils import TestServer

from local.entra.directory import API_APP, DAEMON, MAKER, App, User
from local.simulator.faults import FaultRequest, Kind
from local.simulator.identity import check_with
from local.simulator.scenario import load_scenario
from local.simulator.server import make_app, simulation_of
from local.simulator.simulation import Seen, Simulation
from shared.adapters.acting_for import ActingFor
from shared.adapters.entra_tokens import TokenValidator
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import InsightsHttp
from shared.bootstrap import House
from tests.adapters.vendor import KEY, SCOPE, Credential
from tests.e2e.app import Answered, RunningApp, furnished_app
from tests.entra import Entra
from tests.functions.support import VARIABLES
from tests.tokens import Published, bearer

SCENARIOS = Path(__file__).parents[2] / "local" / "scenarios"
UNLISTED = "00000000-dead-4bad-8bad-000000000000"


@dataclass(slots=True)
class Site:
    """The app, the simulator that it calls, and who calls the app."""

    app: RunningApp
    simulation: Simulation
    entra: Entra
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def environment_id(self) -> str:
        return self.simulation.scenario.environments[0].id

    def reset(self) -> None:
        """Noon at the source again, nothing written, nothing out of order, nothing seen."""
        fresh = simulation_of(self.simulation.scenario, paused=True)
        fresh.clock = fresh.clock.at(fresh.scenario.start + timedelta(hours=12))
        for one in fields(Simulation):
            setattr(self.simulation, one.name, getattr(fresh, one.name))
        self.entra.control.reset()
        self.app.answers.clear()

    def forget_tokens(self) -> None:
        """Have everybody sign in anew."""
        self._tokens.clear()

    def token(self, who: User | App) -> str:
        """A connection's token: the same in all of its calls."""
        if who.name not in self._tokens:
            mint = self.entra.mint
            self._tokens[who.name] = mint.app(who) if isinstance(who, App) else mint.user(who)
        return self._tokens[who.name]

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: User | App = MAKER,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Call the app; a path is of the environment unless it is a whole address or begins with a slash."""
        here = f"environments/{self.environment_id}/{path}"
        where = path if path.startswith("http") else path[1:] if path.startswith("/") else here
        return await self.app.ask(method, where, body, {**bearer(self.token(who)), **(headers or {})})

    async def get(self, path: str, *, who: User | App = MAKER) -> Any:
        """The JSON of an answer that must be good."""
        answer = await self.ask("GET", path, who=who)
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json

    def asked(self) -> list[Seen]:
        """What the simulator was asked since the last time, in order, below the environment."""
        found = [one._replace(path=one.path.removeprefix(self.root)) for one in self.simulation.seen]
        self.simulation.seen.clear()
        return found

    @property
    def root(self) -> str:
        return f"/v1/instances/{self.environment_id}"

    def fault(self, kind: Kind, **how: Any) -> None:
        """Have the simulator fail so from now on, or end that."""
        self.simulation.faults.set(FaultRequest(kind, **how))

    def wait(self, *, minutes: float) -> None:
        """Let time pass at the source."""
        self.simulation.clock = self.simulation.clock.at(self.simulation.now() + timedelta(minutes=minutes))


@asynccontextmanager
async def running_site(
    functions: Sequence[func.Function], entra: Entra, scenario: str = "day", storage: str = ""
) -> AsyncIterator[Site]:
    """A site at noon of the scenario's day. With a storage it polls and delivers too, when a test lets it."""
    simulation = simulation_of(load_scenario(SCENARIOS / f"{scenario}.toml"), paused=True)
    listed = simulation.scenario.environments[0].id
    async with TestServer(make_app(simulation, check=check_with(entra.issuer))) as server:
        variables = {
            **VARIABLES,
            "CUSTOMER_INSIGHTS_API_URL": str(server.make_url("/v1")),
            "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": KEY,
            "ENTRA_AUTHORITY": entra.issuer.authority,
            "ENTRA_CLIENT_SECRET": API_APP.secret,
            f"APPLICATION_ENVIRONMENTS__{DAEMON.id.replace('-', '')}": listed,
            **(
                {"AzureWebJobsStorage": storage, "CALLBACK_ALLOW_LOOPBACK": "true", "ENVIRONMENTS": listed}
                if storage
                else {}
            ),
        }
        app = InsightsHttp(variables["CUSTOMER_INSIGHTS_API_URL"], Credential(entra.issuer), SCOPE)

        def furnished(house: House) -> House:
            return _furnished(house, simulation, entra, app)

        try:
            async with furnished_app(functions, variables, furnished) as running:
                site = Site(running, simulation, entra)
                site.reset()
                yield site
        finally:
            await app.close()


def _furnished(house: House, simulation: Simulation, entra: Entra, app: InsightsHttp) -> House:
    """As it was built, but for the time and for what is asked by itself: the identity's tokens and the signing keys."""
    acting = house.ports.acting
    assert isinstance(acting, ActingFor)
    acting._app = app
    insights = CustomerInsightsApi(app, house.settings.subscription_key)
    ports = replace(house.ports, clock=simulation.now, insights=insights)
    return replace(house, ports=ports, tokens=TokenValidator(house.settings.entra, Published(entra.issuer)))
