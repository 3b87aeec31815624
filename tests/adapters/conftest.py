"""What adapter tests call: the simulator, a server that answers what a test says, and storage that counts.

Calls to flows, the API's transport and storage are tried on both event loops that Azure's worker has: asyncio's, and
uvloop from Python 3.13 on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestServer

from local.counting import Ledger, counted_account
from local.simulator.model import Scenario
from local.simulator.scenario import load_scenario
from local.simulator.server import make_app, simulation_of
from local.simulator.vendor import Paths
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.storage import StorageAccount
from tests.adapters.loopback import Loopback
from tests.adapters.vendor import KEY, Credential, Vendor, Watch, calling

OWN = {"asyncio": asyncio.new_event_loop}
LOOPS = {**OWN, "uvloop": import_module("uvloop").new_event_loop} if find_spec("uvloop") else OWN
ON_BOTH_LOOPS = ("test_callback_", "test_insights_http", "test_storage", "test_subscriptions_at_once")
SCENARIOS = Path(__file__).parents[2] / "local" / "scenarios"


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loops that a test runs on."""
    return LOOPS if item.path.name.startswith(ON_BOTH_LOOPS) else OWN


@pytest.fixture(scope="session")
def day() -> Scenario:
    return load_scenario(SCENARIOS / "day.toml")


@pytest.fixture
def paths() -> Paths:
    """Which spelling of the paths the simulator knows."""
    return "both"


@pytest.fixture
async def vendor(day: Scenario, paths: Paths) -> AsyncIterator[Vendor]:
    """A simulator that stands at noon of the day, and a client that calls it over HTTP."""
    simulation, credential, watch = simulation_of(day, paused=True), Credential(), Watch()
    simulation.clock = simulation.clock.at(day.start.replace(hour=12))
    async with TestServer(make_app(simulation, paths=paths, issuer=credential.issuer)) as server:
        keys: dict[str, str] = {}
        url = str(server.make_url("/v1"))
        async with calling(url, credential, lambda one: keys.get(one, KEY), watch) as api:
            yield Vendor(simulation, api, credential, watch, keys)


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    made = Loopback(deque())
    async with TestServer(made.app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


@pytest.fixture
async def api(loopback: Loopback) -> AsyncIterator[CustomerInsightsApi]:
    """A client that calls the loopback server."""
    async with calling(loopback.url, Credential(), monotonic=Watch()) as made:
        yield made


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
async def account(azurite: str, ledger: Ledger) -> AsyncIterator[StorageAccount]:
    """The emulator; what is asked of it is in the ledger."""
    made = counted_account(azurite, ledger)
    yield made
    await made.close()


@pytest.fixture
def environment_id() -> str:
    """An environment that no other test uses."""
    return str(uuid4())
