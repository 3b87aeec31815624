"""Who gets through to the API and in what state: counting, both credentials, faults, and the source's own time."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local.simulator.calls import Answer, Call, ProblemError, Said
from local.simulator.faulty import befall
from local.simulator.identity import AUDIENCE, Check
from local.simulator.principal import Principal
from local.simulator.replies import problem, reply
from local.simulator.simulation import RequestError, Seen, Simulation
from local.simulator.vendor import Paths, instances, routes

ROOT = "/v1/instances/{instance_id}"
NOW = web.RequestKey("now", datetime)
PRINCIPAL = web.RequestKey("principal", Principal)
NO_KEY = "Access denied due to missing or invalid subscription key. Send it as Ocp-Apim-Subscription-Key."
NO_TOKEN = f"The access token is missing, has expired or is not for {AUDIENCE}."
NO_ROLE = "The caller has no role in this environment."


def vendor_routes(simulation: Simulation, paths: Paths) -> tuple[list[web.RouteDef], dict[Handler, str]]:
    """The routes under /v1, and the name of each handler for the count of calls."""
    calls = [(name, ROOT + path, _handler(simulation, answer)) for name, path, answer in routes(paths)]
    calls.append(("GET instances", "/v1/instances", _instances(simulation)))
    found = [web.route(name.split()[0], path, handler) for name, path, handler in calls]
    return found, {handler: name for name, _, handler in calls}


def gate(simulation: Simulation, check: Check, subscription_key: str, names: Mapping[Handler, str]) -> Middleware:
    """The middleware before every call under /v1."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1"):
            return await handler(request)
        unknown = f"{request.method} unknown path"
        simulation.calls[names.get(request.match_info.handler, unknown)] += 1
        principal = check(request.headers.get("Authorization", ""), AUDIENCE)
        path, _, query = request.raw_path.partition("?")
        simulation.seen.append(Seen(request.method, path, query, principal.id if principal else ""))
        refusal = _refusal(request, principal, subscription_key)
        if refusal:
            return refusal
        fault = simulation.faults.next_for(request.match_info.get("instance_id"), request.path, request.method)
        if fault:
            return await befall(fault, request, lambda: _answered(request, handler, simulation))
        return await _answered(request, handler, simulation)

    return enter


def dated(simulation: Simulation) -> web.Application:
    """An application whose every answer says in its Date header what time it is at the source."""
    app = web.Application()

    async def set_date(request: web.Request, response: web.StreamResponse) -> None:
        now = request.get(NOW) or simulation.now()
        response.headers["Date"] = format_datetime(now, usegmt=True)

    app.on_response_prepare.append(set_date)
    return app


def _handler(simulation: Simulation, answer: Answer) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["instance_id"]
        environment = simulation.environment(wanted)
        if environment is None:
            raise ProblemError(404, f"There is no environment {wanted!r}.")
        body, base_url = await request.read(), str(request.url.origin())
        asked = (request.query, request.match_info, body, request[PRINCIPAL], base_url)
        said = answer(Call(simulation, environment, request[NOW], *asked))
        return reply(said.body, said.status) if isinstance(said, Said) else reply(said)

    return handle


def _instances(simulation: Simulation) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return reply(instances(simulation, request[PRINCIPAL]))

    return handle


async def _answered(request: web.Request, handler: Handler, simulation: Simulation) -> web.StreamResponse:
    request[NOW] = simulation.now()
    try:
        return await handler(request)
    except ProblemError as error:
        return reply(error.body(), error.status)
    except RequestError as error:
        return problem(400, str(error))
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        return problem(error.status, f"There is no {request.method} {request.path}.")


def _refusal(request: web.Request, principal: Principal | None, subscription_key: str) -> web.Response | None:
    """Why a call does not get through, or None: then it is known whose it is."""
    key = request.headers.get("Ocp-Apim-Subscription-Key", "")
    if not secrets.compare_digest(key.encode(), subscription_key.encode()):
        return _unauthorized(
            NO_KEY, 'AzureApiManagementKey realm="local",name="Ocp-Apim-Subscription-Key",type="header"'
        )
    if principal is None:
        return _unauthorized(NO_TOKEN, 'Bearer error="invalid_token"')
    request[PRINCIPAL] = principal
    if "instance_id" in request.match_info and not principal.role:
        return problem(403, NO_ROLE)
    return None


def _unauthorized(message: str, challenge: str) -> web.Response:
    body = {"statusCode": 401, "message": message}
    return web.json_response(body, status=401, headers={"WWW-Authenticate": challenge})
