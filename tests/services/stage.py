"""A house in memory with a clock that tests move: the shipped fakes behind the ports, and an environment to watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.adapters.documents import decode_state
from shared.adapters.memory import (
    MemoryCheckpoints,
    MemoryEventLog,
    MemoryFlows,
    MemoryInsights,
    MemoryQueues,
)
from shared.adapters.memory_actions import MemoryActions, MemoryPartitions
from shared.adapters.memory_subscriptions import MemoryClaims, MemoryDeadDeliveries, MemorySubscriptions
from shared.adapters.memory_telemetry import MemoryTelemetry
from shared.domain.callers import Caller
from shared.domain.checkpoint import Checkpoint, EnvironmentState
from shared.domain.events import Event
from shared.domain.proofs import Proofs
from shared.domain.snapshot import Job, JobList, Judged, Measure, Node, Segment
from shared.domain.subscriptions import Filters, Subscription, SubscriptionState, Trigger
from shared.domain.watches import ThresholdWatch
from shared.domain.windows import Windows
from shared.ports import InsightsApi, NamedKind, Ports, Queue
from shared.services.poll_environment import PollOutcome, poll_environment
from tests.factories import ENVIRONMENT, START, job, task
from tests.services.named import named

MAKER = Caller("maker")
OTHER = Caller("somebody else")
ADMINISTRATOR = Caller("administrator", is_administrator=True)


@dataclass
class Stage:
    """Memory ports; `now` is our clock, and `insights.served_at` the source's."""

    insights: MemoryInsights = field(default_factory=MemoryInsights)
    checkpoints: MemoryCheckpoints = field(default_factory=MemoryCheckpoints)
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    subscriptions: MemorySubscriptions = field(default_factory=MemorySubscriptions)
    dead: MemoryDeadDeliveries = field(default_factory=MemoryDeadDeliveries)
    queues: MemoryQueues = field(default_factory=MemoryQueues)
    flows: MemoryFlows = field(default_factory=MemoryFlows)
    actions: MemoryActions = field(default_factory=MemoryActions)
    partitions: MemoryPartitions = field(default_factory=MemoryPartitions)
    windows: Windows = field(default_factory=Windows)
    proofs: Proofs = field(default_factory=Proofs)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)
    now: datetime = START

    def __post_init__(self) -> None:
        self.insights.served_at = self.now

    @property
    def ports(self) -> Ports:
        """The ports, all of them these fakes."""
        return Ports(
            insights=named(self.insights),
            checkpoints=self.checkpoints,
            log=self.log,
            subscriptions=self.subscriptions,
            dead=self.dead,
            queues=self.queues,
            flows=self.flows,
            claims=MemoryClaims(),
            acting=lambda caller, environment_id: named(self.actions(caller, environment_id)),
            partitions=self.partitions,
            clock=lambda: self.now,
            windows=self.windows,
            proofs=self.proofs,
            telemetry=self.telemetry,
        )

    def another_worker(self) -> Ports:
        """The same ports in another process, which remembers nothing of its own."""
        return replace(self.ports, windows=Windows(), proofs=Proofs())

    def wait(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass, here and at the source."""
        passed = timedelta(minutes=minutes, seconds=seconds)
        self.now += passed
        self.insights.served_at += passed

    async def poll(self, *, full: bool = False) -> PollOutcome:
        """Poll the environment once."""
        return await poll_environment(self.ports, ENVIRONMENT, asked_at=self.now if full else None)

    async def baseline(self) -> None:
        """Poll for the first time, a minute ago, and forget what that cost."""
        await self.poll()
        self.wait(minutes=1)
        self.forget()

    def forget(self) -> None:
        """Count calls, reads and writes from here."""
        self.insights.calls.clear()
        self.checkpoints.reads = self.checkpoints.writes = 0

    @property
    def state(self) -> EnvironmentState:
        """What is committed."""
        return decode_state(self.checkpoints.documents[ENVIRONMENT][0])

    @property
    def checkpoint(self) -> Checkpoint:
        """How far detection has come."""
        assert self.state.checkpoint is not None
        return self.state.checkpoint

    async def rewrite(self, **changes: object) -> None:
        """Change what is committed, as a crash of another poller would have left it."""
        stored = await self.checkpoints.read(ENVIRONMENT)
        assert stored is not None
        await self.checkpoints.write(ENVIRONMENT, replace(stored.state, **changes), stored.etag)  # type: ignore[arg-type]

    async def logged(self) -> list[Event]:
        """The feed of the environment, whose numbers have to be gapless."""
        numbered = await self.log.read(ENVIRONMENT, after=0, limit=10_000)
        assert [one.sequence for one in numbered] == list(range(1, len(numbered) + 1))
        return [one.event for one in numbered]

    async def queued(self) -> list[Event]:
        """What waits for the fan-out."""
        waiting = [
            body for queue, kept in self.queues.messages.items() for body, _ in kept if queue.endswith("-events")
        ]
        return [event for body in waiting for event in (await self.queues.read_events(body)).events]

    def delays(self, queue: Queue) -> list[int]:
        """The delays that the messages of a queue were sent with."""
        return [delay for _, delay in self.queues.messages[queue]]


class Environments:
    """Several environments behind one API, each of which shows and fails what a test sets."""

    def __init__(self, *environment_ids: str) -> None:
        self.of = {environment_id: MemoryInsights() for environment_id in environment_ids}

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        return await self.of[environment_id].jobs(environment_id, top=top)

    async def headlines(self, environment_id: str, *, top: int) -> JobList:
        return await self.of[environment_id].headlines(environment_id, top=top)

    async def job(self, environment_id: str, job_id: str) -> Job:
        return await self.of[environment_id].job(environment_id, job_id)

    async def nodes(self, environment_id: str) -> tuple[Node, ...]:
        return await self.of[environment_id].nodes(environment_id)

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        return await self.of[environment_id].segments(environment_id, history_days=history_days, judged=judged)

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        return await self.of[environment_id].measures(environment_id)

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        return await self.of[environment_id].measure(environment_id, name, history_days=history_days)

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        return await self.of[environment_id].measure_row(environment_id, name, dimensions)

    async def knows(self, environment_id: str, kind: NamedKind, name: str) -> bool:
        return await self.of[environment_id].knows(environment_id, kind, name)


def watching_insights(stage: Stage, insights: InsightsApi) -> Ports:
    """The ports of a stage that looks at other environments than its own."""
    return replace(stage.ports, insights=insights)


def callback(name: str) -> str:
    """The callback URL of a flow."""
    return f"https://prod-01.westeurope.logic.azure.com/workflows/{name}?sig=secret"


def standing_order(
    name: str,
    trigger: Trigger = Trigger.REFRESH_FAILED,
    *,
    threshold: ThresholdWatch | None = None,
    state: SubscriptionState = SubscriptionState.ACTIVE,
    environment_id: str = ENVIRONMENT,
    owner: str = MAKER.owner,
    batch: bool = False,
) -> Subscription:
    """A flow's subscription, with a callback URL of its own."""
    return Subscription(
        id=f"{environment_id}.{name}",
        environment_id=environment_id,
        trigger=trigger,
        fields={},
        filters=Filters(threshold=threshold),
        callback_url=callback(name),
        created_at=START,
        state=state,
        owner=owner,
        batch=batch,
    )


def failed_refresh(name: str = "Orders", *, job_id: str | None = None, start: float = 1) -> Job:
    """An ingestion by itself that failed."""
    failed = task(name, "failed", start=start, end=start + 1)
    return job(job_id or f"job-{name}", "failed", failed, operation="ingestion", start=start, end=start + 1)


def ended_process(job_id: str, *, start: float = 1) -> Job:
    """A job without tasks of its own that ended."""
    return job(job_id, "successful", operation="export", start=start, end=start + 1)


def types_of(events: Sequence[Event]) -> list[str]:
    """The types of events, in order."""
    return [event.type for event in events]
