"""The simulator put together: one application with the API, the partitions, the identity endpoint and the controls."""

from dataclasses import dataclass

from aiohttp import web

from local.entra.control import Control
from local.entra.issuer import Issuer
from local.entra.server import identity_routes
from local.simulator.clock import Clock
from local.simulator.control import control_routes
from local.simulator.gate import dated, gate, vendor_routes
from local.simulator.identity import OWN_AUTHORITY, Check, check_with
from local.simulator.model import Scenario
from local.simulator.simulation import Simulation
from local.simulator.storage import storage_routes
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
    issuer: Issuer | None = None,
    check: Check | None = None,
) -> web.Application:
    """The application; it starts no task of its own, so it can be served and dropped at will.

    With a check, tokens come from elsewhere. Without one they are the issuer's, and the identity endpoint gives them.
    """
    credentials, issuer = credentials or Credentials(), issuer or Issuer(OWN_AUTHORITY)
    identity = [] if check else identity_routes("/identity/token", issuer, Control(), credentials.identity_header)
    check = check or check_with(issuer)
    app = dated(simulation)
    calls, names = vendor_routes(simulation, paths)
    app.middlewares.append(gate(simulation, check, credentials.subscription_key, names))
    app.add_routes([*calls, *storage_routes(simulation, check), *identity, *control_routes(simulation)])
    return app
