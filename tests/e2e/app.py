"""The app in this process, as the local functions host runs it: its routes over HTTP, its queues taken by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import azure.functions as func
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage
from yarl import URL

from local.host.declarations import Function, HttpFunction, QueueFunction, resolve
from local.host.direct import DirectInvoker
from local.host.messages import body_of, metadata_of
from local.host.runner import Runner
from local.host.web import HttpFront
from shared import bootstrap
from shared.adapters.memory import MemoryInsights
from shared.adapters.memory_actions import MemoryActions
from shared.bootstrap import House
from shared.ports import Ports
from tests.connector.contract import Exchange, breaches
from tests.functions.support import VARIABLES
from tests.tokens import of_administrator, validator

Change = Callable[[Ports], Ports]
FLOW_QUEUES = ("refresh-events", "unification-events", "threshold-events", "operational-events", "deliveries")
_TICK = Datum('{"IsPastDue": false, "ScheduleStatus": {}, "Schedule": {}}', "json")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class RunningApp:
    """Its address, the house behind it, and every answer it gave; each was as the connector's definition says."""

    base: str
    house: House
    runner: Runner
    session: aiohttp.ClientSession
    queues: Sequence[QueueFunction]
    answers: list[Answered] = field(default_factory=list)

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Call it, as an administrator if no header says otherwise.

        A path below /api or a whole address, a body as JSON or, in bytes, as it is.
        """
        url = path if path.startswith("http") else f"{self.base}/api/{path}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self.session.request(
            method, URL(url, encoded=True), data=data, headers={**of_administrator(), **(headers or {})}
        ) as answer:
            self.answers.append(Answered(answer.status, dict(answer.headers), await answer.read()))
        told = self.answers[-1]
        broken = breaches(Exchange(method, url, data, told.status, told.headers, told.body))
        assert not broken, "the definition of the connector says otherwise: " + "; ".join(broken)
        return told

    async def fire(self, timer: str) -> None:
        """Let a timer fire."""
        outcome = await self.runner.run(timer, _TICK, reason="timer")
        assert outcome.ok, outcome.error

    async def pump(self, *names: str, rounds: int = 100) -> None:
        """Take what the queues have, as the host does, until there is nothing to be seen; failures become poison."""
        wanted = [one for one in self.queues if one.queue in (names or FLOW_QUEUES)]
        for _ in range(rounds):
            if not sum([await self._take(one) for one in wanted]):
                return

    async def _take(self, function: QueueFunction) -> int:
        client = self.house.storage.queues.get_queue_client(function.queue)
        try:
            found = [one async for one in client.receive_messages(messages_per_page=32, visibility_timeout=300)]
        except ResourceNotFoundError:
            return 0
        for message in found:
            if not await self._run(function, message):
                await self.put(f"{function.queue}-poison", message.content)
            await client.delete_message(message)
        return len(found)

    async def _run(self, function: QueueFunction, message: QueueMessage) -> bool:
        body = body_of(message, is_base64=True, binary=function.binary)
        if body is None:
            return False
        return (await self.runner.run(function.name, body, metadata_of(message, body), reason="queue")).ok

    async def clear(self, queue: str) -> None:
        """Take away what others left on a queue."""
        with suppress(ResourceNotFoundError):
            await self.house.storage.queues.get_queue_client(queue).clear_messages()

    async def put(self, queue: str, text: str, *, hidden_seconds: int = 0) -> None:
        """Put a text on a queue as it is."""
        client = self.house.storage.queues.get_queue_client(queue)
        with suppress(ResourceExistsError):
            await client.create_queue()
        await client.send_message(text, visibility_timeout=hidden_seconds)


@asynccontextmanager
async def running_app(
    functions: Sequence[func.Function], storage: str, change: Change = lambda ports: ports, **settings: str
) -> AsyncIterator[RunningApp]:
    """Serve the app; its Customer Insights is one in memory, its storage an emulator."""

    def furnished(house: House) -> House:
        ports = change(replace(house.ports, insights=MemoryInsights(), acting=MemoryActions()))
        return replace(house, ports=ports, tokens=validator(house.settings.entra))

    here = {"AzureWebJobsStorage": storage, "CALLBACK_ALLOW_LOOPBACK": "true", **settings}
    async with furnished_app(functions, {**VARIABLES, **here}, furnished) as app:
        yield app


@asynccontextmanager
async def furnished_app(
    functions: Sequence[func.Function], variables: Mapping[str, str], furnished: Callable[[House], House]
) -> AsyncIterator[RunningApp]:
    """Serve the app with these settings, in a house that is furnished otherwise than it was built."""
    invoker = DirectInvoker(functions)
    runner = Runner(invoker, None)
    found: list[Function] = [resolve(one, variables, "api") for one in invoker.functions]
    front = HttpFront([one for one in found if isinstance(one, HttpFunction)], runner)
    loop = asyncio.get_running_loop()
    async with TestServer(front.application()) as server, aiohttp.ClientSession() as session:
        base = str(server.make_url("")).rstrip("/")
        house = bootstrap.build({**variables, "PUBLIC_BASE_URL": base})
        bootstrap._houses[loop] = furnished(house)
        queues = [one for one in found if isinstance(one, QueueFunction)]
        try:
            yield RunningApp(base, bootstrap._houses[loop], runner, session, queues)
        finally:
            del bootstrap._houses[loop]
            await house.close()
            invoker.close()
