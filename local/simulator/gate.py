"""Who gets through to the API and in what state: counting, both credentials, faults, and the source's own time."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local.simulator import answers
from local.simulator.faults import Fault, garbage
from local.simulator.identity import Tokens
from local.simulator.simulation import RequestError, Simulation
from local.simulator.vendor import Answer, Call, Paths, ProblemError, routes

ROOT = "/v1/instances/{instance_id}"
NOW = web.RequestKey("now", datetime)
NO_KEY = "Access denied due to missing or invalid subscription key. Send it as Ocp-Apim-Subscription-Key."
NO_TOKEN = "The access token is missing, has expired or is not for https://api.ci.ai.microsoft.com."  # noqa: S105
THROTTLED = "Rate limit is exceeded. Try again in {:g} seconds."


def vendor_routes(simulation: Simulation, paths: Paths) -> tuple[list[web.RouteDef], dict[Handler, str]]:
    """The routes under /v1, and the name of each handler for the count of calls."""
    calls = [(name, ROOT + path, _handler(simulation, answer)) for name, path, answer in routes(paths)]
    calls.append(("GET instances", "/v1/instances", _instances(simulation)))
    found = [web.route(name.split()[0], path, handler) for name, path, handler in calls]
    return found, {handler: name for name, _, handler in calls}


def gate(simulation: Simulation, tokens: Tokens, subscription_key: str, names: Mapping[Handler, str]) -> Middleware:
    """The middleware before every call under /v1."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1"):
            return await handler(request)
        unknown = f"{request.method} unknown path"
        simulation.calls[names.get(request.match_info.handler, unknown)] += 1
        if refusal := _refusal(request, tokens, subscription_key):
            return refusal
        fault = simulation.faults.next_for(request.match_info.get("instance_id"), request.path)
        if fault:
            return await _faulty(fault, request, handler, simulation)
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


def reply(answer: object, status: int = 200) -> web.Response:
    """The answer as JSON; times are ISO 8601 with Z."""
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")


def _handler(simulation: Simulation, answer: Answer) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["instance_id"]
        environment = simulation.environment(wanted)
        if environment is None:
            raise ProblemError(404, f"There is no environment {wanted!r}.")
        body = await request.read()
        return reply(answer(Call(simulation, environment, request[NOW], request.query, request.match_info, body)))

    return handle


def _instances(simulation: Simulation) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        return reply([answers.instance_info(environment) for environment in simulation.scenario.environments])

    return handle


async def _answered(request: web.Request, handler: Handler, simulation: Simulation) -> web.StreamResponse:
    request[NOW] = simulation.now()
    try:
        return await handler(request)
    except ProblemError as error:
        return _problem(error.status, str(error))
    except RequestError as error:
        return _problem(400, str(error))
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        return _problem(error.status, f"There is no {request.method} {request.path}.")


async def _faulty(fault: Fault, request: web.Request, handler: Handler, simulation: Simulation) -> web.StreamResponse:
    wanted = fault.request
    if wanted.kind == "throttle":
        body = {"statusCode": 429, "message": THROTTLED.format(wanted.retry_after)}
        return web.json_response(body, status=429, headers={"Retry-After": f"{wanted.retry_after:g}"})
    if wanted.kind == "fail":
        return _problem(500, "Something went wrong. Try again later.")
    if wanted.kind == "slow":
        await asyncio.sleep(wanted.seconds)
        return await _answered(request, handler, simulation)
    answer = await _answered(request, handler, simulation)
    whole = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b"{}"
    return web.Response(body=garbage(whole, fault.used), content_type="application/json")


def _refusal(request: web.Request, tokens: Tokens, subscription_key: str) -> web.Response | None:
    key = request.headers.get("Ocp-Apim-Subscription-Key", "")
    if not secrets.compare_digest(key.encode(), subscription_key.encode()):
        return _unauthorized(
            NO_KEY, 'AzureApiManagementKey realm="local",name="Ocp-Apim-Subscription-Key",type="header"'
        )
    if not tokens.accepts(request.headers.get("Authorization", "")):
        return _unauthorized(NO_TOKEN, 'Bearer error="invalid_token"')
    return None


def _unauthorized(message: str, challenge: str) -> web.Response:
    body = {"statusCode": 401, "message": message}
    return web.json_response(body, status=401, headers={"WWW-Authenticate": challenge})


def _problem(status: int, message: str) -> web.Response:
    return reply(answers.api_error(status, message), status)
