"""The simulator put together: one aiohttp application with the API, the identity endpoint and the controls."""

from dataclasses import dataclass

from aiohttp import web

from local.simulator.clock import Clock
from local.simulator.control import control_routes
from local.simulator.gate import dated, gate, vendor_routes
from local.simulator.identity import Tokens, identity_routes
from local.simulator.model import Scenario
from local.simulator.simulation import Simulation
from local.simulator.vendor import Paths


@dataclass(frozen=True, slots=True)
class Credentials:
    """What callers must present: the vendor's subscription key and the header of the identity endpoint."""

    subscription_key: str = "local-key"
    identity_header: str = "local"


def simulation_of(scenario: Scenario, speed: float = 1, *, paused: bool = False) -> Simulation:
    """A simulation that stands at the scenario's start."""
    clock = Clock(anchor=scenario.start, end=scenario.end, speed=speed, paused=True)
    return Simulation(scenario, clock if paused else clock.started())


def make_app(
    simulation: Simulation,
    credentials: Credentials | None = None,
    paths: Paths = "both",
    tokens: Tokens | None = None,
) -> web.Application:
    """The application; it starts no task of its own, so it can be served and dropped at will."""
    credentials, tokens = credentials or Credentials(), tokens or Tokens()
    app = dated(simulation)
    calls, names = vendor_routes(simulation, paths)
    app.middlewares.append(gate(simulation, tokens, credentials.subscription_key, names))
    app.add_routes([*calls, *identity_routes(tokens, credentials.identity_header), *control_routes(simulation)])
    return app
