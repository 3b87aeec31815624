"""How does the pipeline reach each partner through a proxy, with the adapter that the app has for it?"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

from aiohttp.test_utils import TestServer
from azure.storage.queue.aio import QueueClient, QueueServiceClient
from cryptography.fernet import Fernet

from local.faults.proxy import HOST, FaultProxy
from local.simulator.model import Scenario
from local.simulator.server import make_app, simulation_of
from local.simulator.simulation import Simulation
from shared.adapters.blobs import BlobCheckpoints, BlobClaims
from shared.adapters.callback_sender import CallbackSender
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.memory import MemoryQueues
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.snapshot import Job
from shared.domain.subscriptions import Trigger
from shared.ports import Ports
from shared.stores import SubscriptionStore
from tests.adapters.loopback import serving
from tests.adapters.vendor import Credential, calling
from tests.contracts.kits import MemoryMailbox, StorageMailbox
from tests.factories import noise
from tests.faults.matrix_cells import Partner
from tests.faults.matrix_pipeline import NotedFlows, Pipeline, told_in_memory, told_over_http
from tests.services.stage import Stage, ended_process, failed_refresh, standing_order

SECRET = "s3cr3t-of-a-callback"
FLOWS = {"failed": Trigger.REFRESH_FAILED, "ended": Trigger.PROCESS_ENDED, "list": Trigger.REFRESH_FAILED}
HOURS_OF_CHAPTERS = (3, 8, 14, 23)  # of the simulator's day
_ENDPOINTS = {Partner.BLOB: "BlobEndpoint", Partner.QUEUE: "QueueEndpoint", Partner.TABLE: "TableEndpoint"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A pipeline, and the proxy before one of its partners (None: nothing is between them)."""

    pipeline: Pipeline
    proxy: FaultProxy | None


def show(stage: Stage, chapter: int, *, large: bool = False) -> None:
    """A source in memory: a refresh that failed, another one and a process that ended, a third one.

    What is large goes by claim: the first event everywhere, the second one where it is told for whom it is, or is
    not alone.
    """
    told = (
        failing(failed_refresh("Orders", job_id="job-1", start=1), 53_000 if large else 0),
        failing(failed_refresh("Customers", job_id="job-2", start=3), 48_100 if large else 0),
        ended_process("job-3", start=3),
        failed_refresh("Orders", job_id="job-4", start=5),
    )
    stage.insights.listed = tuple(reversed(told[: (0, 1, 3, 4)[chapter]]))


def failing(job: Job, characters: int) -> Job:
    """A job whose errors are so long in all, compressed or not."""
    errors = tuple(noise(min(1000, characters - start), start) for start in range(0, characters, 1000))
    return replace(job, tasks=tuple(replace(task, errors=errors) for task in job.tasks))


async def subscribe(subscriptions: SubscriptionStore, environment_id: str, flows: str) -> None:
    """Flows at an address, one of which takes lists."""
    for name, trigger in FLOWS.items():
        order = standing_order(name, trigger, environment_id=environment_id, batch=name == "list")
        await subscriptions.save(replace(order, callback_url=f"{flows}/workflows/{name}?sig={SECRET}"))


@asynccontextmanager
async def in_memory(environment_id: str, *, large: bool = False) -> AsyncIterator[Scene]:
    """Every partner in memory: what becomes of the story when nothing is wrong."""
    stage = Stage()
    await subscribe(stage.subscriptions, environment_id, f"https://{HOST}")
    pipeline = _pipeline(environment_id, stage, stage.another_worker)
    pipeline.show = lambda chapter: show(stage, chapter, large=large)
    yield Scene(pipeline, None)


@asynccontextmanager
async def before_the_api(scenario: Scenario, *, proxied: bool) -> AsyncIterator[Scene]:
    """The simulator's day, read by the app's client; with nothing between them it is the measure of the others."""
    simulation, stage, credential = simulation_of(scenario, paused=True), Stage(), Credential()
    environment_id = scenario.environments[0].id
    await subscribe(stage.subscriptions, environment_id, f"https://{HOST}")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(make_app(simulation, issuer=credential.issuer)))
        proxy = await stack.enter_async_context(proxy_before(server.port or 0)) if proxied else None
        url = f"http://{HOST}:{proxy.port if proxy else server.port}/v1"
        api = await stack.enter_async_context(calling(url, credential))
        pipeline = _pipeline(environment_id, stage, lambda: replace(stage.another_worker(), insights=api))
        pipeline.show = lambda chapter: _play(simulation, chapter)
        yield Scene(pipeline, proxy)


def _play(simulation: Simulation, chapter: int) -> None:
    simulation.clock = simulation.clock.at(simulation.scenario.start + timedelta(hours=HOURS_OF_CHAPTERS[chapter]))


@asynccontextmanager
async def before_flows(environment_id: str) -> AsyncIterator[Scene]:
    """Flows on loopback, called by the app's sender."""
    stage = Stage()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving())
        server.answer(202, b"", X_Padding="x" * 4000)  # what drips takes its time
        proxy = await stack.enter_async_context(proxy_before(int(server.url.rpartition(":")[2])))
        await subscribe(stage.subscriptions, environment_id, f"http://{HOST}:{proxy.port}")
        sender = CallbackSender(allowed_suffixes=[], allow_loopback=True)
        stack.push_async_callback(sender.close)
        unanswered: list[BaseException] = []
        flows = NotedFlows(sender, unanswered)
        pipeline = _pipeline(environment_id, stage, lambda: replace(stage.another_worker(), flows=flows))
        pipeline.unanswered = unanswered
        pipeline.told = lambda: told_over_http(server.asked)
        yield Scene(pipeline, proxy)


@asynccontextmanager
async def before_storage(partner: Partner, environment_id: str, connection_string: str) -> AsyncIterator[Scene]:
    """One service of the storage emulator; the others are in memory."""
    stage, own = Stage(), f"of-{uuid4().hex[:12]}-"
    async with storage_behind(partner, connection_string) as (account, proxy), AsyncExitStack() as stack:
        if partner is Partner.BLOB:
            stage.queues = QueuesWithBlobs(BlobClaims(account.blobs))
        ports = _storage_ports(partner, stage, replace(account, queues=OwnQueues.of(account.queues, own)))
        await subscribe(ports().subscriptions, environment_id, f"https://{HOST}")
        pipeline = _pipeline(environment_id, stage, ports)
        if partner is Partner.BLOB:
            pipeline.show = lambda chapter: show(stage, chapter, large=True)
        if partner is Partner.QUEUE:
            direct = StorageAccount.from_connection_string(connection_string)
            stack.push_async_callback(direct.close)
            mailbox = StorageMailbox(replace(direct, queues=OwnQueues.of(direct.queues, own)))
            await mailbox.clear()
            pipeline.mailbox = mailbox
        yield Scene(pipeline, proxy)


@asynccontextmanager
async def storage_behind(partner: Partner, connection_string: str) -> AsyncIterator[tuple[StorageAccount, FaultProxy]]:
    """The emulator as the app reaches it, one of its services through a proxy."""
    place = re.search(rf"(?<={_ENDPOINTS[partner]}=http://127\.0\.0\.1:)\d+", connection_string)
    assert place
    async with proxy_before(int(place[0])) as proxy:
        text = f"{connection_string[: place.start()]}{proxy.port}{connection_string[place.end() :]}"
        account = StorageAccount.from_connection_string(text)
        try:
            yield account, proxy
        finally:
            await account.close()


def _storage_ports(partner: Partner, stage: Stage, account: StorageAccount) -> Callable[[], Ports]:
    """The ports of a worker that just began: it knows no checkpoint, and reads the first one whole."""
    claims, cipher = BlobClaims(account.blobs), Cipher([Fernet.generate_key().decode()])

    def ports() -> Ports:
        worker = stage.another_worker()
        match partner:
            case Partner.BLOB:
                return replace(worker, checkpoints=BlobCheckpoints(account.blobs))
            case Partner.QUEUE:
                return replace(worker, queues=StorageQueues(account.queues, claims))
            case _:
                return replace(
                    worker,
                    log=TableEventLog(account.tables, claims),
                    subscriptions=TableSubscriptions(account.tables, cipher),
                    dead=TableDeadDeliveries(account.tables, claims),
                )

    return ports


class QueuesWithBlobs(MemoryQueues):
    """Queues in memory whose large bodies are blobs. Queues of the emulator would be well, but for the short deadlines
    of its blobs, which are theirs too.
    """

    def __init__(self, claims: BlobClaims) -> None:
        super().__init__()
        self._keep, self._kept = claims.put, claims.get  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class OwnQueues:
    """Queues of a cell's own, behind the names that all of them have."""

    inner: QueueServiceClient
    prefix: str

    @classmethod
    def of(cls, inner: QueueServiceClient, prefix: str) -> QueueServiceClient:
        return cast("QueueServiceClient", cls(inner, prefix))

    def get_queue_client(self, queue: str, **options: Any) -> QueueClient:
        return self.inner.get_queue_client(f"{self.prefix}{queue}", **options)


@asynccontextmanager
async def proxy_before(port: int) -> AsyncIterator[FaultProxy]:
    """A proxy; whoever used it has closed every connection when it is left."""
    async with FaultProxy(port) as proxy:
        yield proxy
        async with asyncio.timeout(30):
            while proxy.open:  # noqa: ASYNC110 - nothing tells of the last one
                await asyncio.sleep(0.01)


def _pipeline(environment_id: str, stage: Stage, ports: Callable[[], Ports]) -> Pipeline:
    return Pipeline(
        environment_id,
        stage,
        ports,
        MemoryMailbox(stage.queues),
        lambda chapter: show(stage, chapter),
        lambda: told_in_memory(stage),
    )
