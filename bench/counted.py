"""How is counted what the app asks for? The app in this process, on Azurite, with every request written down.

Messages are taken as the functions host takes them: up to 16 in a call, and each deleted when it was handled. They are
handled one after the other, so that a count does not depend on which of two was quicker.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from aiohttp.test_utils import TestServer
from azure.core.rest import HttpRequest
from cryptography.fernet import Fernet

from bench.app import furnish
from bench.source import Source, application
from local.azurite import running_azurite
from local.counting import Ledger, Sent, counted_account
from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import InsightsHttp, Reply
from shared.adapters.memory_actions import MemoryActions, MemoryPartitions
from shared.adapters.queues import StorageQueues
from shared.adapters.rows import batches
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_rows import to_row
from shared.adapters.subscription_table import SUBSCRIPTIONS, TableSubscriptions
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Subscription, Trigger
from shared.ports import FlowCaller, PollRequest, Ports, Queue
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls

HOST_BATCH = 16  # host.json, batchSize
_HIDDEN_SECONDS = 300


@dataclass(slots=True)
class TakingFlows:
    """Flows that take everything at once; how many deliveries they got."""

    deliveries: int = 0

    async def call(self, call: FlowCall) -> Answer:
        """Take a call: one delivery for each of its events."""
        self.deliveries += len(call.events)
        return Answer(202)


class CountedHttp(InsightsHttp):
    """Calls to the API, counted."""

    calls = 0

    async def send(self, request: HttpRequest, **options: object) -> Reply:
        """Call."""
        self.calls += 1
        return await super().send(request, **options)  # type: ignore[arg-type]  # passed on as they came


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked for: calls to the API, requests to storage (the host's too), messages handled, and deliveries."""

    api: int
    sent: tuple[Sent, ...]
    handled: int
    deliveries: int

    def count(self, service: str = "", *kinds: str) -> int:
        """Requests to a service, of some kinds."""
        return sum((not service or one.service == service) and (not kinds or one.kind in kinds) for one in self.sent)

    @property
    def bodies(self) -> int:
        """Reads that brought something."""
        return sum(one.kind == "read" and one.service != "queue" and one.status == 200 for one in self.sent)

    @property
    def checkpoint_writes(self) -> int:
        """Commits of what an environment has come to."""
        return sum(one.kind == "write" and "/checkpoints/" in one.url for one in self.sent)

    @property
    def messages(self) -> int:
        """Messages that were sent."""
        return self.count("queue", "write")


@dataclass(slots=True)
class CountedApp:
    """The app with one source, whose environments are all alike."""

    source: Source
    ports: Ports
    account: StorageAccount
    ledger: Ledger
    http: CountedHttp
    flows: TakingFlows
    environments: Sequence[str]
    pace: Pace
    handled: int = 0

    async def tick(self) -> Spent:
        """The timer asks for polls, and everything that follows is done."""
        return await self._spent(start_polls(self.ports, self.environments))

    async def full_look(self) -> Spent:
        """A poll that looks at everything is asked for."""
        now = self.ports.clock()
        return await self._spent(self.ports.queues.send_polls([PollRequest(tuple(self.environments), asked_at=now)]))

    async def _spent(self, begin: Awaitable[object]) -> Spent:
        self.ledger.clear()
        self.http.calls = self.flows.deliveries = self.handled = 0
        await begin
        while sum([await self._take(queue) for queue in Queue]):
            pass
        return Spent(self.http.calls, tuple(self.ledger.sent), self.handled, self.flows.deliveries)

    async def _take(self, queue: Queue) -> int:
        """What one look at a queue brings, as the host looks. A look that brings nothing is no event's cost."""
        client = self.account.queues.get_queue_client(queue.value)
        pages = client.receive_messages(messages_per_page=HOST_BATCH, visibility_timeout=_HIDDEN_SECONDS).by_page()
        page = await anext(pages, None)
        messages = [message async for message in page] if page else []
        if not messages:
            self.ledger.sent.pop()
        for message in messages:
            await self._handle(queue, base64.b64decode(message.content))
            await client.delete_message(message)
        self.handled += len(messages)
        return len(messages)

    async def _handle(self, queue: Queue, body: bytes) -> None:
        """What the function of that queue does."""
        queues = self.ports.queues
        if queue is Queue.POLLS:
            for outcome in await poll_environments(self.ports, await queues.read_polls(body), fast_poll_seconds=0):
                assert outcome.failure is None  # noqa: S101
        elif queue in (Queue.DELIVERIES, Queue.REDELIVERIES):
            pace = replace(self.pace, patient=queue is Queue.REDELIVERIES)
            await deliver(self.ports, await queues.read_deliveries(body), pace)
        else:
            await fan_out(self.ports, await queues.read_events(body))


@contextmanager
def counted_storage(folder: Path) -> Iterator[str]:
    """The connection string of an Azurite that has the app's tables, queues and containers."""
    with running_azurite(folder / "storage") as azurite:
        asyncio.run(furnish(azurite.connection_string, Fernet.generate_key().decode(), ()))
        yield azurite.connection_string


@asynccontextmanager
async def counted_app(
    connection: str, source: Source, environments: Sequence[str], flows: int = 0, rate: int = 0
) -> AsyncIterator[CountedApp]:
    """The app, with so many flows for every refresh at the first environment; its baselines are not yet taken."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(application(source)))
        http, ledger, taking = CountedHttp(str(server.make_url("/v1"))), Ledger(), TakingFlows()
        stack.push_async_callback(http.close)
        account = counted_account(connection, ledger)
        stack.push_async_callback(account.close)
        cipher = Cipher([Fernet.generate_key().decode()])
        ports = ports_on(account, CustomerInsightsApi(http, lambda _: "key"), taking, cipher)
        rows = [to_row(standing_order(environments[0], number), cipher) for number in range(flows)]
        table = account.tables.get_table_client(SUBSCRIPTIONS)
        for batch in batches(rows):  # not their environment: the next app on this account has others
            await table.submit_transaction([("upsert", row) for row in batch])
        yield CountedApp(source, ports, account, ledger, http, taking, environments, Pace(rate))


def ports_on(account: StorageAccount, api: CustomerInsightsApi, flows: FlowCaller, cipher: Cipher) -> Ports:
    """The app's own adapters on that account."""
    claims = BlobClaims(account.blobs)
    return Ports(
        insights=api,
        checkpoints=BlobCheckpoints(account.blobs),
        log=TableEventLog(account.tables, claims),
        subscriptions=TableSubscriptions(account.tables, cipher),
        dead=TableDeadDeliveries(account.tables, claims),
        queues=StorageQueues(account.queues, claims),
        flows=flows,
        claims=claims,
        acting=MemoryActions(),
        partitions=MemoryPartitions(),
        clock=lambda: datetime.now(UTC),
    )


def standing_order(environment_id: str, number: int) -> Subscription:
    """A flow's, for every refresh that succeeds."""
    return Subscription(
        id=f"{environment_id}.flow{number:04}",
        environment_id=environment_id,
        trigger=Trigger.REFRESH_SUCCEEDED,
        fields={},
        filters=parse_filters(Trigger.REFRESH_SUCCEEDED, {}),
        callback_url=f"https://flows.example/{number}",
        created_at=datetime.now(UTC),
    )
