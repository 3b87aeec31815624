"""A simulator on a loopback port, and callers with the right credentials."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from local.entra.directory import ADMIN, INSIGHTS, User
from local.entra.mint import Mint
from local.simulator.model import Scenario
from local.simulator.scenario import load_scenario
from local.simulator.server import make_app, simulation_of
from local.simulator.simulation import Simulation
from local.simulator.vendor import Paths
from tests.entra import shared_issuer

SCENARIOS = Path(__file__).parents[3] / "local" / "scenarios"


@dataclass(slots=True)
class Caller:
    """Someone with both credentials (an Admin at first), who calls one environment of a simulator."""

    client: Any
    simulation: Simulation
    headers: dict[str, str]

    @property
    def root(self) -> str:
        return f"/v1/instances/{self.simulation.scenario.environments[0].id}"

    def sign_in(self, user: User) -> None:
        """Be another user from now on."""
        self.headers["Authorization"] = f"Bearer {Mint(shared_issuer()).user(user, resource=INSIGHTS)}"

    async def ask(self, path: str, method: str = "GET", **more: Any) -> Any:
        """The status, the headers and the JSON of an answer from the environment."""
        async with self.client.request(method, self.root + path, headers=self.headers, **more) as answer:
            return answer.status, answer.headers, await answer.json(content_type=None)

    async def get(self, path: str, **more: Any) -> Any:
        """The JSON of an answer that must be good."""
        status, _, body = await self.ask(path, **more)
        assert status == 200, body
        return body

    async def control(self, what: str, body: object = None) -> Any:
        """The JSON of a control's answer."""
        method = "GET" if body is None else "POST"
        async with self.client.request(method, f"/control/{what}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def jump(self, time: str) -> None:
        """Put the paused clock at this time of the scenario's day."""
        day = f"{self.simulation.scenario.start:%Y-%m-%d}"
        await self.control("jump", {"to": datetime.fromisoformat(f"{day}T{time}:00Z").isoformat()})


@pytest.fixture(scope="session")
def day() -> Scenario:
    return load_scenario(SCENARIOS / "day.toml")


@pytest.fixture
def paths() -> Paths:
    return "both"


@pytest.fixture(scope="session")
def odd() -> Scenario:
    return load_scenario(SCENARIOS / "odd.toml")


@asynccontextmanager
async def calling(scenario: Scenario, paths: Paths = "both") -> AsyncIterator[Caller]:
    """A caller of a simulator that stands at the scenario's start."""
    simulation = simulation_of(scenario, paused=True)
    async with TestClient(TestServer(make_app(simulation, paths=paths, issuer=shared_issuer()))) as client:
        caller = Caller(client, simulation, {"Ocp-Apim-Subscription-Key": "local-key"})
        caller.sign_in(ADMIN)
        yield caller


@pytest.fixture
async def caller(day: Scenario, paths: Paths) -> AsyncIterator[Caller]:
    async with calling(day, paths) as found:
        yield found


@pytest.fixture
async def odd_caller(odd: Scenario) -> AsyncIterator[Caller]:
    async with calling(odd) as found:
        yield found
