"""Builders for what the domain reads: a test names only what it is about."""

from base64 import b85encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection import Detection, detect
from shared.domain.events import Event
from shared.domain.snapshot import Evaluation, Job, Measure, Node, Output, Segment, Snapshot, Task
from shared.domain.subscriptions import Filters, Subscription, SubscriptionState, Trigger
from shared.domain.watches import Direction, FreshnessWatch, Series, ThresholdWatch, Watches

ENVIRONMENT = "e0e0e0e0-0000-4000-8000-000000000001"
START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
NO_WATCHES = Watches()
BIRTH = START - timedelta(days=30)


def at(minutes: float) -> datetime:
    """A moment, in minutes after the start of the story."""
    return START + timedelta(minutes=minutes)


def noise(characters: int, seed: int = 1) -> str:
    """So many characters that do not compress: as base64 they are no fewer afterwards, and none is escaped in JSON."""
    return b85encode(Random(seed).randbytes(characters)).decode()[:characters]  # noqa: S311


def task(
    name: str = "Orders",
    status: str = "successful",
    *,
    operation: str = "ingestion",
    task_id: str | None = None,
    start: float | None = 1,
    end: float | None = 5,
    errors: Sequence[str] = (),
) -> Task:
    """A task; one that runs has no end."""
    return Task(
        task_id=f"task-{operation}-{name}" if task_id is None else task_id,
        operation_type=operation,
        status=status,
        friendly_name=name,
        submitted_at=None if start is None else at(start),
        ended_at=None if end is None or status in ("queued", "running") else at(end),
        errors=tuple(errors),
    )


def job(
    job_id: str = "job-1",
    status: str = "successful",
    *tasks: Task,
    operation: str = "all",
    submission: str = "scheduled",
    start: float | None = 1,
    end: float | None = 10,
    identifiers: Sequence[str] = (),
) -> Job:
    """A job; one that runs has no end."""
    return Job(
        job_id=job_id,
        operation_type=operation,
        status=status,
        submission=submission,
        submitted_at=None if start is None else at(start),
        ended_at=None if end is None or status in ("queued", "running") else at(end),
        identifiers=tuple(identifiers),
        tasks=tasks,
    )


def node(
    identifier: str = "ds-orders",
    name: str = "Orders",
    *,
    jobs: Sequence[str] = (),
    status: str = "successful",
    end: float | None = None,
    success: float | None = None,
) -> Node:
    """The node of a data source."""
    return Node(
        operation_type="ingestion",
        identifier=identifier,
        friendly_name=name,
        job_ids=tuple(jobs),
        status=status,
        ended_at=None if end is None else at(end),
        last_successful_at=None if success is None else at(success),
    )


def evaluations(*points: tuple[float, int | None] | tuple[float, int | None, str]) -> tuple[Evaluation, ...]:
    """Evaluations as (minute, members) or (minute, members, status)."""
    return tuple(
        Evaluation(at(point[0]), point[2] if len(point) == 3 else "CompletedSuccess", point[1]) for point in points
    )


def segment(
    *points: tuple[float, int | None] | tuple[float, int | None, str],
    name: str = "Loyal",
    display: str = "",
    state: str = "active",
    created: datetime | None = BIRTH,
) -> Segment:
    """A segment with its evaluations."""
    return Segment(name, display, state, created, evaluations(*points))


def output(minute: float | None, dimensions: Mapping[str, str] | None = None, **values: str) -> Output:
    """The values of one evaluation, by alias."""
    return Output(None if minute is None else at(minute), values, tuple((dimensions or {}).items()))


def measure(
    *outputs: Output,
    name: str = "Revenue",
    state: str = "completed",
    history: Iterable[Output] = (),
    created: datetime | None = BIRTH,
    evaluated: float | None = None,
) -> Measure:
    """A measure with its current outputs."""
    moment = None if evaluated is None else at(evaluated)
    return Measure(name, "", state, created, moment, outputs, tuple(history))


def snapshot(
    minute: float,
    *jobs: Job,
    nodes: Sequence[Node] | None = None,
    segments: Sequence[Segment] | None = None,
    measures: Sequence[Measure] | None = None,
    gapless: bool = True,
    environment_id: str = ENVIRONMENT,
) -> Snapshot:
    """One look at the environment."""
    return Snapshot(
        environment_id,
        at(minute),
        jobs,
        nodes=None if nodes is None else tuple(nodes),
        segments=None if segments is None else tuple(segments),
        measures=None if measures is None else tuple(measures),
        gapless=gapless,
    )


def threshold(
    value: float | str,
    direction: Direction = Direction.ABOVE,
    *,
    series: Series = Series("segments", "Loyal"),  # noqa: B008 - frozen
    rearm_at: float | str | None = None,
    percent: bool = False,
) -> ThresholdWatch:
    """A threshold watch, by default on the members of the segment that `segment` builds."""
    rearm = None if rearm_at is None else Decimal(str(rearm_at))
    return ThresholdWatch(series, Decimal(str(value)), direction, rearm, percent)


def watching(*watches: ThresholdWatch | FreshnessWatch) -> Watches:
    """The index of these watches."""
    return Watches.of(
        [watch for watch in watches if isinstance(watch, ThresholdWatch)],
        [watch for watch in watches if isinstance(watch, FreshnessWatch)],
    )


def overdue_after(hours: float, source_id: str | None = None) -> FreshnessWatch:
    """A freshness watch."""
    return FreshnessWatch(timedelta(hours=hours), source_id)


def follow(*looks: Snapshot, watches: Watches = NO_WATCHES, after: Checkpoint | None = None) -> list[Detection]:
    """Detect through several looks, each from the checkpoint of the one before."""
    detections: list[Detection] = []
    for look in looks:
        detections.append(detect(after, look, watches))
        after = detections[-1].checkpoint
    return detections


def found_after(*looks: Snapshot, watches: Watches = NO_WATCHES) -> list[Event]:
    """All events of several looks, the first of which is the baseline."""
    return [event for detection in follow(*looks, watches=watches) for event in detection.events]


def of_type(events: Iterable[Event], *types: str) -> list[Event]:
    """The events of these types."""
    return [event for event in events if event.type in types]


def subscription(
    subscription_id: str = "sub-1",
    trigger: Trigger = Trigger.REFRESH_FAILED,
    filters: Filters | None = None,
    state: SubscriptionState = SubscriptionState.ACTIVE,
) -> Subscription:
    """A flow's standing order."""
    return Subscription(
        id=subscription_id,
        environment_id=ENVIRONMENT,
        trigger=trigger,
        fields={},
        filters=filters or Filters(),
        callback_url="https://prod-01.westeurope.logic.azure.com/workflows/w?sig=secret",
        created_at=START,
        state=state,
    )
