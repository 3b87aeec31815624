"""What runs, all together? Reads the app, starts the HTTP front and a listener for each trigger, and ends them well."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from local.host.app_settings import connection_string
from local.host.declarations import STORAGE, Function, HttpFunction, QueueFunction, TimerFunction, resolve
from local.host.direct import DirectInvoker
from local.host.errors import HostError
from local.host.host_json import HostOptions
from local.host.invoke import Invoker
from local.host.loading import indexed, load_app, script_of
from local.host.queues import QueueListener
from local.host.runner import Runner
from local.host.runtime import RuntimeInvoker, runtime_is_installed
from local.host.storage import blob_service, queue_service
from local.host.timers import TimerListener
from local.host.web import HttpFront

InvokeBy = Literal["auto", "direct", "runtime"]
Listen = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What to run, and how."""

    app_dir: Path
    port: int
    lease_seconds: int
    invoke_by: InvokeBy
    options: HostOptions
    settings: Mapping[str, str]


async def open_invoker(app_dir: Path, settings: Mapping[str, str], invoke_by: InvokeBy) -> Invoker:
    """Load the app behind one of the two ways to call it."""
    script = script_of(app_dir, settings)
    if invoke_by == "runtime" and not runtime_is_installed():
        raise HostError("azure-functions-runtime is not installed (it needs Python 3.13); use --invoke direct")
    if invoke_by == "runtime" or (invoke_by == "auto" and runtime_is_installed()):
        return await RuntimeInvoker.open(app_dir)
    return DirectInvoker(indexed(script, load_app(script)))


async def serve(plan: HostPlan, stop: asyncio.Event, announce: Callable[[str], None]) -> None:
    """Run the app until `stop` is set; announces the functions, then that all is ready."""
    invoker = await open_invoker(plan.app_dir, plan.settings, plan.invoke_by)
    try:
        found = [resolve(one, plan.settings, plan.options.route_prefix) for one in invoker.functions]
        runner = Runner(invoker, plan.options.function_timeout)
        async with AsyncExitStack() as stack:
            listeners = await _queue_listeners(found, plan, runner, stack)
            listeners += await _timer_listeners(found, plan, runner, stack)
            server = await stack.enter_async_context(_http_server(found, plan.port, runner))
            for function in found:
                announce(f"  {function.name}: {function.detail}")
            port = server.addresses[0][1]
            announce(f"Functions host ready on http://127.0.0.1:{port} ({len(found)} functions)")
            await _listen([*listeners, partial(_close_at_stop, server)], stop)
    finally:
        invoker.close()


async def _queue_listeners(
    functions: list[Function], plan: HostPlan, runner: Runner, stack: AsyncExitStack
) -> list[Listen]:
    queues = [function for function in functions if isinstance(function, QueueFunction)]
    connections = {function.connection_string for function in queues}
    services = {one: await stack.enter_async_context(queue_service(one)) for one in connections}
    return [
        QueueListener(one, services[one.connection_string], plan.options.queues, plan.lease_seconds, runner).run
        for one in queues
    ]


async def _timer_listeners(
    functions: list[Function], plan: HostPlan, runner: Runner, stack: AsyncExitStack
) -> list[Listen]:
    timers = [function for function in functions if isinstance(function, TimerFunction)]
    if not timers:
        return []
    connection = connection_string(STORAGE, plan.settings, f"the timer of function {timers[0].name}")
    service = await stack.enter_async_context(blob_service(connection))
    return [TimerListener(timer, service, _host_id(plan), runner).run for timer in timers]


@asynccontextmanager
async def _http_server(functions: list[Function], port: int, runner: Runner) -> AsyncIterator[web.AppRunner]:
    front = HttpFront([function for function in functions if isinstance(function, HttpFunction)], runner)
    server = web.AppRunner(front.application(), access_log=None, shutdown_timeout=GRACE_SECONDS)
    await server.setup()
    try:
        await web.TCPSite(server, "127.0.0.1", port).start()
        yield server
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise HostError(f"port {port} is in use; end what listens there or choose another with --port") from None
    finally:
        await server.cleanup()


async def _close_at_stop(server: web.AppRunner, stop: asyncio.Event) -> None:
    """Refuse new requests as soon as the host stops; the ones that run may end."""
    await stop.wait()
    await server.cleanup()


async def _listen(listeners: list[Listen], stop: asyncio.Event) -> None:
    """Run all listeners until the host stops, then give what runs some seconds to end."""
    tasks = [asyncio.create_task(listen(stop)) for listen in listeners]
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        await asyncio.wait(tasks, timeout=GRACE_SECONDS)
    finally:
        for task in [stopping, *tasks]:
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


def _host_id(plan: HostPlan) -> str:
    """Name the host as Azure would the app: the same for every host that runs this folder."""
    given = plan.settings.get("AzureFunctionsWebHost__hostid")
    return given or f"local-{hashlib.sha256(str(plan.app_dir).encode()).hexdigest()[:16]}"
