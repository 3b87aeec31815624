"""How is the simulator steered: /control, without credentials, for this machine only."""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from aiohttp import web

from local.simulator.clock import Clock
from local.simulator.faults import KINDS, FaultRequest
from local.simulator.replies import reply
from local.simulator.simulation import Simulation

Body = TypeVar("Body", bound=msgspec.Struct)
FASTEST = 1_000_000


class StartRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /control/start; without a speed, the clock keeps the one that it has."""

    speed: float | None = None


class JumpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /control/jump."""

    to: datetime


def control_routes(simulation: Simulation) -> list[web.RouteDef]:
    """Every route under /control."""

    async def state(_: web.Request) -> web.Response:
        return reply(simulation.control_state())

    async def changes(request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdecimal():
            raise _bad("since: must be a whole number")
        told = enumerate(simulation.changes(), start=1)
        return reply([{"number": n, "at": one.at, "text": one.text} for n, one in told if n > int(since)])

    async def faults(request: web.Request) -> web.Response:
        simulation.faults.set(await _body(request, FaultRequest))
        return reply(simulation.control_state())

    async def seen(_: web.Request) -> web.Response:
        return reply(list(simulation.seen))

    gets = [web.get("/control/state", state), web.get("/control/changes", changes), web.get("/control/seen", seen)]
    return [*gets, web.post("/control/faults", faults), *_clock_routes(simulation)]


def _clock_routes(simulation: Simulation) -> list[web.RouteDef]:
    def turned(clock: Clock) -> web.Response:
        simulation.clock = clock
        return reply(simulation.control_state())

    async def start(request: web.Request) -> web.Response:
        speed = (await _body(request, StartRequest)).speed
        if speed is not None and not 0 < speed <= FASTEST:
            raise _bad(f"speed: must be more than 0 and at most {FASTEST}")
        return turned(simulation.clock.started(speed))

    async def pause(_: web.Request) -> web.Response:
        return turned(simulation.clock.stopped())

    async def jump(request: web.Request) -> web.Response:
        to = (await _body(request, JumpRequest)).to
        if to.tzinfo is None:
            raise _bad("to: give the time with a time zone, such as 2026-03-02T12:00:00Z")
        return turned(simulation.clock.at(to.astimezone(UTC)))

    posts = {"start": start, "pause": pause, "jump": jump}
    return [web.post(f"/control/{name}", handler) for name, handler in posts.items()]


async def _body(request: web.Request, shape: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=shape)
    except msgspec.MsgspecError as error:
        hint = f"; kind is one of {', '.join(KINDS)}" if shape is FaultRequest else ""
        raise _bad(f"{error}{hint}") from error


def _bad(message: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=message)
