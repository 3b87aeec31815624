"""What does a call get that a fault befalls?"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from local.simulator.faults import Fault, FaultRequest, garbage
from local.simulator.replies import problem

THROTTLED = "Rate limit is exceeded. Try again in {:g} seconds."
REFUSALS = {
    "refuse": (403, "The caller is not allowed to do this."),
    "conflict": (409, "It is there already, or is being changed."),
    "missing": (404, "There is no such thing."),
    "reject": (400, "The request is not valid."),
    "fail": (500, "Something went wrong. Try again later."),
}
BULK_LINE = b'{"name":"' + b"x" * 65_000 + b'"},'
BULK_LINES = 600
DRIPS = 10_000
Answered = Callable[[], Awaitable[web.StreamResponse]]


async def befall(fault: Fault, request: web.Request, answered: Answered) -> web.StreamResponse:
    """The answer that the fault makes of the right one, or gives in its place."""
    wanted = fault.request
    match wanted.kind:
        case "throttle":
            return _throttled(wanted)
        case "redirect":
            return web.Response(status=302, headers={"Location": wanted.location})
        case "slow":
            await asyncio.sleep(wanted.seconds)
            return await answered()
        case "garbage":
            return await _garbled(fault, answered)
        case "bulk":
            return await _bulk(request)
        case "drip":
            return await _drip(request, wanted.seconds)
        case _:
            return _refused(wanted)


def _throttled(wanted: FaultRequest) -> web.Response:
    body = {"statusCode": 429, "message": THROTTLED.format(wanted.retry_after)}
    headers = {"Retry-After": f"{wanted.retry_after:g}"} if wanted.retry_after else {}
    return web.json_response(body, status=429, headers=headers)


def _refused(wanted: FaultRequest) -> web.Response:
    usual, message = REFUSALS[wanted.kind]
    status = wanted.status or usual
    headers = {401: {"WWW-Authenticate": _challenge(wanted.claims)}}.get(status, {})
    if status == 503 and wanted.retry_after:
        headers = {"Retry-After": f"{wanted.retry_after:g}"}
    return problem(status, message, headers)


def _challenge(claims: str) -> str:
    """As Entra ID's pages word it (claims challenges)."""
    return f'Bearer error="insufficient_claims", claims="{claims}"' if claims else 'Bearer error="invalid_token"'


async def _garbled(fault: Fault, answered: Answered) -> web.Response:
    answer = await answered()
    whole = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b"{}"
    return web.Response(body=garbage(whole, fault.used), content_type="application/json")


async def _bulk(request: web.Request) -> web.StreamResponse:
    """About 39 MB of good JSON, whose length is not told beforehand."""
    answer = await _begun(request)
    await answer.write(b'{"value":[')
    for _ in range(BULK_LINES):
        await answer.write(BULK_LINE)
    await answer.write(b"{}]}")
    return answer


async def _drip(request: web.Request, seconds: float) -> web.StreamResponse:
    """A byte at a time, each after a wait, so that the answer never seems dead and never ends."""
    answer = await _begun(request)
    for _ in range(DRIPS):
        await answer.write(b" ")
        await asyncio.sleep(seconds)
    return answer


async def _begun(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    return answer
