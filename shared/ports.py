"""What the services need from the outside, as protocols. Adapters implement them; the fakes in memory do too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.acting import Acting, PartitionReader
from shared.domain.deliveries import Answer, DeliveryBatch, FlowCall, PoisonMessage
from shared.domain.events import Event, EventType
from shared.domain.proofs import Proofs
from shared.domain.snapshot import Job, JobList, Judged, Measure, Node, Segment
from shared.domain.windows import Windows
from shared.stores import CheckpointStore, Claims, DeadDeliveryStore, EventLog, SubscriptionStore
from shared.telemetry import Silent, Telemetry

Clock = Callable[[], datetime]


class Queue(StrEnum):
    """The storage queues."""

    POLLS = "environment-polls"
    REFRESH_EVENTS = "refresh-events"
    UNIFICATION_EVENTS = "unification-events"
    THRESHOLD_EVENTS = "threshold-events"
    OPERATIONAL_EVENTS = "operational-events"
    DELIVERIES = "deliveries"
    REDELIVERIES = "redeliveries"


EVENT_QUEUES: Mapping[EventType, Queue] = {
    EventType.REFRESH_FAILED: Queue.REFRESH_EVENTS,
    EventType.REFRESH_SUCCEEDED: Queue.REFRESH_EVENTS,
    EventType.FULL_REFRESH_COMPLETED: Queue.REFRESH_EVENTS,
    EventType.UNIFICATION_COMPLETED: Queue.UNIFICATION_EVENTS,
    EventType.SEGMENT_CROSSED: Queue.THRESHOLD_EVENTS,
    EventType.MEASURE_CROSSED: Queue.THRESHOLD_EVENTS,
    EventType.PROCESS_ENDED: Queue.OPERATIONAL_EVENTS,
    EventType.OVERDUE: Queue.OPERATIONAL_EVENTS,
    EventType.UNREACHABLE: Queue.OPERATIONAL_EVENTS,
    EventType.RECOVERED: Queue.OPERATIONAL_EVENTS,
    EventType.GAP: Queue.OPERATIONAL_EVENTS,
}


class NamedKind(StrEnum):
    """What a subscription can name in Customer Insights."""

    SEGMENT = "segment"
    MEASURE = "measure"
    DATA_SOURCE = "data source"


@dataclass(frozen=True, slots=True)
class PollRequest:
    """Environments to poll.

    `asked_at`: look at everything, unless that was done since. `hop` counts the polls that followed from one.
    """

    environment_ids: tuple[str, ...]
    asked_at: datetime | None = None
    hop: int = 0


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events of one environment: the body of an events message. `traceparent`: the step that sent them."""

    environment_id: str
    events: tuple[Event, ...]
    traceparent: str = ""


class InsightsApi(Protocol):
    """The Customer Insights API, as far as it is read. Every method raises InsightsError."""

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs with their tasks."""
        ...

    async def headlines(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs without their tasks: a small answer, however much they work on."""
        ...

    async def job(self, environment_id: str, job_id: str) -> Job:
        """One job with its tasks."""
        ...

    async def nodes(self, environment_id: str) -> tuple[Node, ...]:
        """The latest state of everything in the workflow."""
        ...

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        """All segments with their evaluations of the last days; those that were judged already may be left out."""
        ...

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        """All measures, without history."""
        ...

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        """One measure with its outputs of the last days."""
        ...

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        """The aggregates of one row of a measure that is broken down; empty when there is no such row."""
        ...

    async def knows(self, environment_id: str, kind: NamedKind, name: str) -> bool:
        """Whether there is a segment, measure or data source of that name (its id, for a data source)."""
        ...


class Queues(Protocol):
    """The queues that the functions listen to. Messages are packed; what is too big for one goes to a blob."""

    async def send_polls(self, requests: Sequence[PollRequest], *, delay_seconds: int = 0) -> None:
        """Ask for polls."""
        ...

    async def send_events(self, batch: EventBatch) -> None:
        """Hand events to the fan-out, each to the queue of its family, in order."""
        ...

    async def send_deliveries(self, batch: DeliveryBatch) -> None:
        """Hand first attempts to delivery."""
        ...

    async def send_redeliveries(self, batch: DeliveryBatch, *, delay_seconds: int) -> None:
        """Hand later attempts to delivery, not before the delay is over."""
        ...

    async def read_polls(self, body: bytes) -> PollRequest:
        """Read a poll message. Raises MessageInvalid."""
        ...

    async def read_events(self, body: bytes) -> EventBatch:
        """Read an events message, from its blob if it has one. Raises MessageInvalid."""
        ...

    async def read_deliveries(self, body: bytes) -> DeliveryBatch:
        """Read a deliveries message, from its blob if it has one. Raises MessageInvalid."""
        ...

    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        """Messages of a queue that the host gave up; each is hidden from others for some minutes."""
        ...

    async def drop_poison(self, message: PoisonMessage) -> None:
        """Remove a message that the host gave up."""
        ...

    async def put_back(self, message: PoisonMessage) -> None:
        """Put a message on its queue again, as it was."""
        ...


class FlowCaller(Protocol):
    """Calls flows."""

    async def call(self, call: FlowCall) -> Answer:
        """POST to a flow. Raises DeliveryFailed or CallbackRejected, never with the URL in it."""
        ...


def by_queue(batch: EventBatch) -> dict[Queue, EventBatch]:
    """A batch by the queues that its events go to, each in order."""
    parts: dict[Queue, list[Event]] = {}
    for event in batch.events:
        parts.setdefault(EVENT_QUEUES[EventType(event.type)], []).append(event)
    return {queue: replace(batch, events=tuple(events)) for queue, events in parts.items()}


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a service can ask for."""

    insights: InsightsApi
    checkpoints: CheckpointStore
    log: EventLog
    subscriptions: SubscriptionStore
    dead: DeadDeliveryStore
    queues: Queues
    flows: FlowCaller
    claims: Claims
    acting: Acting
    partitions: PartitionReader
    clock: Clock
    jitter: Callable[[], float] = field(default=lambda: 0.0)
    windows: Windows = field(default_factory=Windows)
    proofs: Proofs = field(default_factory=Proofs)
    telemetry: Telemetry = field(default_factory=Silent)
