"""A made-up Customer Insights environment that can be looked at at any moment, and a poller that looks as the app does.

A world is a finished history; `World.look` shows what the API would have shown at a moment of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import strategies as st

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection import Detection, detect
from shared.domain.detection.progress import is_gapless, is_settled, may_be_settled, unlisted_open_jobs
from shared.domain.looks import EVERYTHING, look_after
from shared.domain.snapshot import ENDED_STATUSES, Evaluation, Job, Look, Measure, Node, Output, Segment, Snapshot, Task
from shared.domain.watches import Direction, Series, ThresholdWatch, Watches
from tests.factories import BIRTH, ENVIRONMENT, at, job, overdue_after, task, threshold, watching

END = 1000.0
SOURCES = {"ds-orders": "Orders", "ds-stores": "Stores", "ds-a": "Shared", "ds-b": "Shared"}
SEGMENTS = ("Loyal", "Lapsed")
_SERIES = (*(Series("segments", name) for name in SEGMENTS), Series("measures", "Revenue", "Total"))
_PARTS = ("ingestion", "map", "match", "merge", "segmentation", "segmentation", "measures", "measures", "quantumSync")


@dataclass(frozen=True)
class World:
    """A history: ended jobs, and what each segment and the measure came to, in order."""

    jobs: tuple[Job, ...]
    segments: dict[str, tuple[Evaluation, ...]]
    revenue: tuple[Output, ...]

    def jobs_at(self, minute: float, top: int) -> tuple[Job, ...]:
        """The newest jobs, as they were."""
        begun = [one for one in self.jobs if one.submitted_at and one.submitted_at <= at(minute)]
        newest = sorted(begun, key=lambda one: one.submitted_at or BIRTH, reverse=True)
        return tuple(_job_at(one, at(minute)) for one in newest[:top])

    def job_at(self, minute: float, job_id: str) -> Job:
        """One job, as it was."""
        return next(_job_at(one, at(minute)) for one in self.jobs if one.job_id == job_id)

    def look(self, minute: float, jobs: tuple[Job, ...], look: Look) -> Snapshot:
        """What the API shows at a moment."""
        now = at(minute)
        segments = tuple(
            Segment(name, "", "active", BIRTH, tuple(one for one in history if one.at and one.at <= now))
            for name, history in self.segments.items()
        )
        outputs = tuple(one for one in self.revenue if one.at and one.at <= now)
        measure = Measure("Revenue", "", "completed", BIRTH, None, outputs[-1:], outputs[:-1])
        return Snapshot(
            ENVIRONMENT,
            now,
            jobs,
            nodes=tuple(self._node(one, now) for one in SOURCES) if look.nodes else None,
            segments=segments if look.segments else None,
            measures=(measure,) if look.measures else None,
        )

    def _node(self, source_id: str, now: datetime) -> Node:
        runs = [
            (part.ended_at, one.job_id, part.status)
            for one in self.jobs
            for part in one.tasks
            if part.operation_type == "ingestion"
            and part.friendly_name == SOURCES[source_id]
            and (not one.identifiers or source_id in one.identifiers)
            and part.ended_at is not None
            and part.ended_at <= now
        ]
        if not runs:
            return Node("ingestion", source_id, SOURCES[source_id], last_successful_at=at(-300))
        ended_at, job_id, status = max(runs)
        success = max((end for end, _, outcome in runs if outcome == "successful"), default=at(-300))
        return Node("ingestion", source_id, SOURCES[source_id], (job_id,), status, ended_at, success)

    @property
    def times(self) -> set[datetime]:
        """Every moment at which something ended or was evaluated."""
        of_jobs = {one.ended_at for one in self.jobs} | {part.ended_at for one in self.jobs for part in one.tasks}
        of_values = {one.at for history in self.segments.values() for one in history} | {one.at for one in self.revenue}
        return {moment for moment in of_jobs | of_values if moment}


def _job_at(one: Job, now: datetime) -> Job:
    tasks = tuple(part if part.ended_at and part.ended_at <= now else _running(part) for part in one.tasks)
    if one.ended_at and one.ended_at <= now:
        return replace(one, tasks=tasks)
    return replace(one, tasks=tasks, status="running", ended_at=None)


def _running(part: Task) -> Task:
    return replace(part, status="running", ended_at=None, errors=())


def polled(world: World, watches: Watches, minutes: Iterable[float], *, economical: bool) -> list[Detection]:
    """Poll at these minutes. The first is the baseline; an economical poller looks only at what can have changed."""
    detections: list[Detection] = []
    checkpoint: Checkpoint | None = None
    for minute in minutes:
        jobs = _settled(world, checkpoint, minute) if economical else None
        jobs = _listed(world, checkpoint, minute) if jobs is None else jobs
        full = checkpoint is None or not economical
        look = EVERYTHING if checkpoint is None or full else look_after(checkpoint, jobs)
        detections.append(detect(checkpoint, world.look(minute, jobs, look), watches))
        checkpoint = detections[-1].checkpoint
    return detections


def headlines(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Jobs as they are listed without their tasks."""
    return tuple(replace(one, tasks=()) for one in jobs)


def _settled(world: World, checkpoint: Checkpoint | None, minute: float, top: int = 3) -> tuple[Job, ...] | None:
    """The newest jobs without their tasks; None where they are not enough."""
    if checkpoint is None or not may_be_settled(checkpoint):
        return None
    newest = headlines(world.jobs_at(minute, top))
    return newest if is_settled(checkpoint, newest) else None


def _listed(world: World, checkpoint: Checkpoint | None, minute: float, top: int = 3) -> tuple[Job, ...]:
    """The newest jobs, further back while the list does not reach what is known, and those that went off it running."""
    if checkpoint is None:
        return world.jobs_at(minute, top=1000)
    while not is_gapless(checkpoint, world.jobs_at(minute, top), listed=len(world.jobs_at(minute, top)), asked_for=top):
        top *= 2
    listed = world.jobs_at(minute, top)
    missing = unlisted_open_jobs(checkpoint, listed)
    return listed + tuple(world.job_at(minute, job_id) for job_id in missing)


def _of_source(draw: st.DrawFn, number: int, start: int) -> Job:
    source_id = draw(st.sampled_from(sorted(SOURCES)))
    part = _part(draw, f"{number}-0", "ingestion", SOURCES[source_id], start)
    return _around(draw, number, start, "ingestion", (part,), [source_id])


def _whole(draw: st.DrawFn, number: int, start: int) -> Job:
    parts = draw(st.lists(st.sampled_from(_PARTS), max_size=6))
    names = [draw(st.sampled_from(["Orders", "Stores"])) if part == "ingestion" else part for part in parts]
    tasks = [_part(draw, f"{number}-{n}", *pair, start) for n, pair in enumerate(zip(parts, names, strict=True))]
    return _around(draw, number, start, draw(st.sampled_from(["all", "merge", "segmentation"])), tuple(tasks), [])


def _part(draw: st.DrawFn, task_id: str, operation: str, name: str, start: int) -> Task:
    status = draw(st.sampled_from(["successful", "successful", *ENDED_STATUSES, "endedOddly"]))
    return task(name, status, operation=operation, task_id=task_id, start=start, end=start + draw(st.integers(1, 90)))


def _around(
    draw: st.DrawFn, number: int, start: int, operation: str, tasks: tuple[Task, ...], identifiers: Sequence[str]
) -> Job:
    ends = [(one.ended_at - at(0)).total_seconds() / 60 for one in tasks if one.ended_at]
    status = draw(st.sampled_from(ENDED_STATUSES))
    end = max([start, *ends]) + draw(st.integers(0, 5))
    return job(f"job-{number}", status, *tasks, operation=operation, start=start, end=end, identifiers=identifiers)


def _moments(jobs: Iterable[Job], operation: str) -> list[datetime]:
    """When tasks of a kind ended: that is when values are published."""
    ends = {part.ended_at for one in jobs for part in one.tasks if part.operation_type == operation and part.ended_at}
    return [at(-200), *sorted(ends)]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Histories of up to a dozen jobs around and after the baseline at minute 0."""
    starts = draw(st.lists(st.integers(-120, 700), max_size=12, unique=True))
    kinds = [draw(st.sampled_from([_of_source, _whole])) for _ in starts]
    jobs = tuple(kind(draw, number, start) for number, (kind, start) in enumerate(zip(kinds, starts, strict=True)))
    members = st.integers(0, 8)
    status = st.sampled_from(["CompletedSuccess", "CompletedSuccess", "CompletedFailure"])
    segments = {
        name: (
            Evaluation(at(-200), "CompletedSuccess", draw(members)),
            *(Evaluation(moment, draw(status), draw(members)) for moment in _moments(jobs, "segmentation")[1:]),
        )
        for name in SEGMENTS
    }
    revenue = tuple(Output(moment, {"Total": str(draw(members))}) for moment in _moments(jobs, "measures"))
    return World(jobs, segments, revenue)


@st.composite
def rules(draw: st.DrawFn) -> Watches:
    """A few watches of the world's series and sources."""
    thresholds: list[ThresholdWatch] = []
    for _ in range(draw(st.integers(1, 8))):
        series, value = draw(st.sampled_from(_SERIES)), draw(st.integers(1, 6))
        percent = draw(st.booleans())
        rearm = None if percent else draw(st.none() | st.integers(0, 8))
        direction = draw(st.sampled_from(list(Direction)))
        level = value * 25 if percent else value
        thresholds.append(threshold(level, direction, series=series, rearm_at=rearm, percent=percent))
    hours = draw(st.lists(st.integers(1, 9), max_size=2))
    return watching(*thresholds, *(overdue_after(hour) for hour in hours))
