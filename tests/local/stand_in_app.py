"""A stand-in for the functions host with our app: it takes subscriptions and sends what the scenario expects, when it
is due at the simulator. Told so, it loses, repeats or makes up an event, or stops by itself.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from local.simulator.scenario import Expected, Scenario, load_scenario

SUBSCRIPTIONS = web.AppKey("subscriptions", list[dict[str, str]])


def event_of(number: int, expected: Expected) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "type": expected.type,
        "subject": expected.subject,
        "time": expected.time.isoformat(),
        "data": {"summary": f"{expected.subject} did something"},
    }


async def subscribe(request: web.Request) -> web.Response:
    body = await request.json()
    request.app[SUBSCRIPTIONS].append({**body, "trigger": request.match_info["trigger"]})
    return web.json_response({"id": "1"}, status=201, headers={"Location": "/api/subscriptions/1"})


async def status(request: web.Request) -> web.Response:
    watched = [each for each in request.app[SUBSCRIPTIONS] if each["trigger"] == "segment-threshold-crossed"]
    return web.json_response({"watching": True, "watches": len(watched)})


async def send_when_due(app: web.Application, scenario: Scenario, simulator: str, fault: str) -> None:
    async with aiohttp.ClientSession() as session:
        for number, expected in enumerate(scenario.expected):
            await wait_for(session, simulator, expected.time)
            if fault == "lose" and number == 0:
                continue
            event = event_of(number, expected)
            for _ in range(2 if fault == "repeat" else 1):
                await send(session, app[SUBSCRIPTIONS], event, expected.flows)
            if fault == "invent":
                await send(session, app[SUBSCRIPTIONS], {**event, "id": "made-up", "subject": "x"}, expected.flows)
            if fault == "stop":
                sys.exit("stopped by itself")


async def wait_for(session: aiohttp.ClientSession, simulator: str, moment: datetime) -> None:
    while True:
        async with session.get(f"{simulator}/control/state") as answer:
            if datetime.fromisoformat((await answer.json())["now"]) >= moment:
                return
        await asyncio.sleep(0.05)


async def send(
    session: aiohttp.ClientSession, subscribed: list[dict[str, str]], event: dict[str, object], flows: tuple[str, ...]
) -> None:
    for each in subscribed:
        if unquote(each["callbackUrl"].rsplit("/", 1)[1]) in flows:
            await session.post(each["callbackUrl"], json=event)


def main() -> None:
    port, simulator, scenario_file, fault = sys.argv[1:]
    app = web.Application()
    app[SUBSCRIPTIONS] = []
    app.router.add_post("/api/triggers/{trigger}", subscribe)
    app.router.add_get("/api/environments/{id}/status", status)

    async def sending(running: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(send_when_due(running, load_scenario(scenario_file), simulator, fault))
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    app.cleanup_ctx.append(sending)
    web.run_app(app, host="127.0.0.1", port=int(port), print=None)


if __name__ == "__main__":
    main()
