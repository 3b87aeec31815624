"""The stand-in for Entra ID in a thread of the test's process, over TLS, with its issuer and controls at hand."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from local.children import free_ports
from local.entra.certificate import Certificate, make_certificate
from local.entra.control import Control
from local.entra.directory import TENANT
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from local.entra.server import make_app


@dataclass(frozen=True, slots=True)
class Entra:
    """A stand-in that runs."""

    issuer: Issuer
    control: Control
    certificate: Certificate

    @property
    def authority(self) -> str:
        return f"{self.issuer.authority}/{TENANT}"

    @property
    def mint(self) -> Mint:
        return Mint(self.issuer)


@cache
def shared_issuer() -> Issuer:
    """An issuer without a server, for tests that need tokens only: its key is made once for all of them."""
    return Issuer("https://entra.invalid")


@contextmanager
def running_entra(folder: Path, port: int | None = None) -> Iterator[Entra]:
    """Serve one at this port, or at a free one, for as long as the block runs."""
    port = port or free_ports(1)[0]
    entra = Entra(Issuer(f"https://127.0.0.1:{port}"), Control(), make_certificate(folder))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    app = make_app(entra.issuer, entra.control)
    app.middlewares.insert(0, hanging_up)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    try:
        asyncio.run_coroutine_threadsafe(serve(runner, entra.certificate, port), loop).result(30)
        yield entra
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


@web.middleware
async def hanging_up(request: web.Request, handler: Handler) -> web.StreamResponse:
    """End each connection with its answer: clients in this process need not be waited for at the end."""
    answer = await handler(request)
    answer.force_close()
    return answer


async def serve(runner: web.AppRunner, certificate: Certificate, port: int) -> None:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=certificate.context()).start()
