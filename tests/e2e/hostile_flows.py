"""Flows that answer in every way that there is, each at an address that tells which."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ClientAuthenticationError

from local.children import free_ports
from shared.adapters.callback_sender import CallbackSender
from shared.adapters.checked_resolver import CheckedResolver
from shared.domain.deliveries import Answer, FlowCall

STATUSES = (200, 202, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 408, 409, 410, 413, 429, 500, 502, 503)
ODD_ANSWERS = ("off", "run-id", "echo", "reset", "reset-midway", "hang", "no-http", "huge")
HOSTS = {"dns": "", "private": "10.1.2.3", "metadata": "169.254.169.254", "tls": "127.0.0.1"}
OUR_FAULTS = ("bug", "talkative-bug")
NO_TOKEN = "no-token.01.environment.api.powerplatform.com"
OFF = b'{"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "off"}}'


@dataclass(slots=True)
class HostileFlows(AbstractResolver):
    """A server, and a resolver that knows where the hosts of flows are said to be."""

    port: int = 0
    called: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def urls(self, signature: str) -> dict[str, str]:
        """A callback URL for every outcome."""
        here = f"http://127.0.0.1:{self.port}"
        bases = {str(outcome): f"{here}/{outcome}" for outcome in (*STATUSES, *ODD_ANSWERS, *OUR_FAULTS)}
        bases |= {name: f"https://{name}.logic.azure.com/{name}" for name in HOSTS}
        bases["refused"] = f"http://127.0.0.1:{free_ports(1)[0]}/refused"
        signed = {name: f"{base}/workflows/w/run?sp=%2Frun&sig={signature}" for name, base in bases.items()}
        return {**signed, "no-token": f"https://{NO_TOKEN}/workflows/{signature}/run?api-version=1"}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = HOSTS.get(host.partition(".")[0], "127.0.0.1" if host == "127.0.0.1" else "")
        if not address:
            raise OSError(f"no such host: {host}")
        there = self.port if address == "127.0.0.1" else port
        return [ResolveResult(hostname=host, host=address, port=there, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What the first part of the path says."""
        outcome = request.path.split("/")[1]
        self.called.append(outcome)
        if outcome.isdigit():
            again = {"Location": str(request.url), "Retry-After": "0"}
            return web.Response(status=int(outcome), headers=again, body=b'{"error": {"code": "Some.Code"}}')
        assert request.transport is not None
        if outcome == "off":
            return web.Response(status=400, body=OFF)
        if outcome == "echo":  # an error page that tells what it was asked
            code = str(request.url).encode()
            return web.Response(
                status=500, body=b'{"error": {"code": "' + code + b'"}}', headers={"X-Url": str(request.url)}
            )
        if outcome == "run-id":  # one that is none
            return web.Response(status=202, headers={"x-ms-workflow-run-id": str(request.url)})
        if outcome == "hang":
            await self.over.wait()
        if outcome == "no-http":
            request.transport.write(f"GARBAGE {request.url}\r\n\r\n".encode())
        if outcome in ("reset-midway", "huge"):
            return await self._part(request, 100_000_000 if outcome == "huge" else 1000)
        request.transport.abort()
        return web.Response()

    async def _part(self, request: web.Request, promised: int) -> web.StreamResponse:
        """The beginning of a long answer, and no more."""
        response = web.StreamResponse(status=500, headers={"Content-Length": str(promised)})
        await response.prepare(request)
        await response.write(str(request.url).encode())
        if promised > 1000:
            await response.write(b"x" * 200_000)
        assert request.transport is not None
        request.transport.abort()
        return response


class FaultyCaller:
    """Our sender with a bug for two of the flows; the second one's error tells the URL."""

    def __init__(self, sender: CallbackSender) -> None:
        self._sender = sender

    async def call(self, call: FlowCall) -> Answer:
        if "/talkative-bug/" in call.callback_url:
            raise ValueError(f"cannot call {call.callback_url} with {call.secrets}")
        if "/bug/" in call.callback_url:
            raise ZeroDivisionError
        return await self._sender.call(call)


async def _no_token() -> str:
    raise ClientAuthenticationError("no token today")


def sender_to(flows: HostileFlows) -> CallbackSender:
    """Our sender, which finds these flows where their resolver says."""
    resolver = CheckedResolver(inner=flows, forbidden=lambda address: address != "127.0.0.1")
    suffixes = (".logic.azure.com", ".environment.api.powerplatform.com")
    return CallbackSender(
        allowed_suffixes=suffixes, allow_loopback=True, token=_no_token, token_hosts=[NO_TOKEN], resolver=resolver
    )


@asynccontextmanager
async def hostile_flows() -> AsyncIterator[HostileFlows]:
    """Serve them; their own log does not count."""
    flows = HostileFlows()
    app = web.Application()
    app.router.add_post("/{path:.*}", flows.answer)
    server = TestServer(app)
    await server.start_server(access_log=None)
    flows.port = server.port or 0
    try:
        yield flows
    finally:
        flows.over.set()
        await server.close()
