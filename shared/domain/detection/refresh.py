"""Which data sources, full refreshes and processes ended, as events."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.checkpoint import Checkpoint, JobMark
from shared.domain.detection.progress import Progress
from shared.domain.detection.sources import sources_of
from shared.domain.events import Event, EventType, JsonValue, duration_seconds, make_event
from shared.domain.snapshot import ENDED_STATUSES, OPERATION_TYPES, Job, Node, Snapshot, Task

_MAX_ERROR_CHARACTERS = 4096
_OUTCOMES = {
    "successful": EventType.REFRESH_SUCCEEDED,
    "failed": EventType.REFRESH_FAILED,
    "timedOut": EventType.REFRESH_FAILED,
}
_WORDS = {"timedOut": "timed out", "successful": "succeeded", "aborted": "was canceled", "skipped": "was skipped"}


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh of a data source that ended. Without an identifier several sources share the name."""

    job: Job
    task: Task
    data_source_id: str | None

    @property
    def event_type(self) -> EventType | None:
        """Skipped and aborted runs are neither a failure nor a success."""
        return _OUTCOMES.get(self.task.status)

    @property
    def occurrence(self) -> str:
        """The fact: this source in this job."""
        return f"{self.job.job_id}/{self.data_source_id or self.task.key}"

    @property
    def key(self) -> str:
        """What marks it as told: a source that fails twice in one job, tried again, failed once, and first."""
        return f"{self.event_type}/{self.occurrence}"

    def ended_at(self, snapshot: Snapshot) -> datetime:
        """When it ended, as well as the source tells."""
        return ended_at(self.job, self.task, snapshot)


@dataclass(frozen=True, slots=True)
class Refreshes:
    """The refreshes that ended since the checkpoint."""

    items: tuple[Refresh, ...]
    successes: Mapping[str, Sequence[datetime]]
    not_understood: Mapping[str, int]

    @classmethod
    def of(cls, checkpoint: Checkpoint, progress: Sequence[Progress], snapshot: Snapshot) -> "Refreshes":
        """Find them, and the data source of each."""
        known_names = {identifier: mark.name for identifier, mark in checkpoint.sources.items()}
        nodes = _ingestions(snapshot, known_names)
        found = [refresh for item in progress for refresh in _refreshes(item, nodes, known_names)]
        first: dict[str, Refresh] = {}
        successes: dict[str, list[datetime]] = {}
        for refresh in sorted(found, key=lambda one: one.ended_at(snapshot)):
            if refresh.key not in _told(checkpoint, refresh):
                first.setdefault(refresh.key, refresh)
            if refresh.data_source_id and refresh.task.status == "successful":
                successes.setdefault(refresh.data_source_id, []).append(refresh.ended_at(snapshot))
        items = tuple(first.values())
        return cls(items, successes, _not_understood(progress, items))

    def mark(self, marks: Mapping[str, JobMark]) -> Mapping[str, JobMark]:
        """The jobs' marks with these refreshes told."""
        told: dict[str, set[str]] = {}
        for refresh in self.items:
            told.setdefault(refresh.job.job_id, set()).add(refresh.key)
        if not told:
            return marks
        return {**marks, **{job_id: marks[job_id].with_handled(keys) for job_id, keys in told.items()}}


def refresh_events(snapshot: Snapshot, refreshes: Refreshes) -> Iterator[Event]:
    """One event for each refresh that succeeded, failed or timed out."""
    for refresh in refreshes.items:
        event_type = refresh.event_type
        if event_type is None:
            continue
        name = refresh.task.friendly_name
        word = "failed" if event_type is EventType.REFRESH_FAILED else "succeeded"
        subject = refresh.data_source_id or name or refresh.task.key
        yield make_event(
            snapshot.environment_id,
            event_type,
            subject=f"datasources/{subject}",
            occurrence=refresh.occurrence,
            time=refresh.ended_at(snapshot),
            data={
                "dataSourceId": refresh.data_source_id,
                "dataSourceName": name or None,
                **_run(refresh.job, refresh.task),
                "summary": _line(f"The refresh of {name or subject} {word}", refresh.task.errors),
            },
        )


def process_events(snapshot: Snapshot, progress: Progress) -> Iterator[Event]:
    """One event for each task that ended, of any type and outcome; for a job without tasks, one for the job."""
    job = progress.job
    tasks = progress.ended_tasks
    if not job.tasks and progress.job_ended and job.operation_type:
        tasks = (Task(job.job_id, job.operation_type, job.status, "", job.submitted_at, job.ended_at),)
    for task in tasks:
        name = task.friendly_name or task.operation_type or "process"
        yield make_event(
            snapshot.environment_id,
            EventType.PROCESS_ENDED,
            subject=f"jobs/{job.job_id}",
            occurrence=f"{job.job_id}/{task.key}",
            time=ended_at(job, task, snapshot),
            data={
                "processName": name,
                "operationType": task.operation_type or None,
                "outcome": task.status,
                **_run(job, task),
                "summary": _line(f"{name} {_WORDS.get(task.status, task.status)}", task.errors),
            },
        )


def full_refresh_events(snapshot: Snapshot, progress: Progress) -> Iterator[Event]:
    """The event for a full refresh that ended, scheduled or on demand, with a tally of its tasks."""
    job = progress.job
    if not (progress.job_ended and job.operation_type == "all"):
        return
    tally = Counter(task.status for task in job.tasks)
    failed = [task.friendly_name for task in job.tasks if task.status in ("failed", "timedOut") and task.friendly_name]
    known = {status: tally[status] for status in ENDED_STATUSES}
    yield make_event(
        snapshot.environment_id,
        EventType.FULL_REFRESH_COMPLETED,
        subject=f"jobs/{job.job_id}",
        occurrence=job.job_id,
        time=ended_at(job, None, snapshot),
        data={
            **_job(job),
            **{f"{status}Tasks": count for status, count in known.items()},
            "totalTasks": len(job.tasks),
            "failedProcesses": failed or None,
            "summary": _tally_line(job, known),
        },
    )


def ended_at(job: Job, task: Task | None, snapshot: Snapshot) -> datetime:
    """When it ended; where the source gives no end time, the nearest time that it gives."""
    of_task = task.ended_at if task else None
    return of_task or job.ended_at or job.submitted_at or snapshot.taken_at


def _run(job: Job, task: Task) -> dict[str, JsonValue | datetime | None]:
    """What every event about a task tells. `startedAt` is when it was submitted: the API has no start time."""
    errors = [error[:_MAX_ERROR_CHARACTERS] for error in task.errors]
    started_at = task.submitted_at or job.submitted_at
    return {
        "status": task.status,
        "jobId": job.job_id,
        "submission": job.submission or None,
        "startedAt": started_at,
        "endedAt": task.ended_at or job.ended_at,
        "durationSeconds": duration_seconds(started_at, task.ended_at or job.ended_at),
        "errors": errors or None,
    }


def _job(job: Job) -> dict[str, JsonValue | datetime | None]:
    return {
        "status": job.status,
        "jobId": job.job_id,
        "submission": job.submission or None,
        "startedAt": job.submitted_at,
        "endedAt": job.ended_at,
        "durationSeconds": duration_seconds(job.submitted_at, job.ended_at),
    }


def _told(checkpoint: Checkpoint, refresh: Refresh) -> frozenset[str]:
    mark = checkpoint.jobs.get(refresh.job.job_id)
    return mark.handled if mark else frozenset()


def _ingestions(snapshot: Snapshot, known_names: Mapping[str, str]) -> dict[str, Node]:
    """The data sources' nodes; where they could not be read, the names of the last look serve."""
    if snapshot.nodes is None:
        return {identifier: Node("ingestion", identifier, name) for identifier, name in known_names.items()}
    return {node.identifier: node for node in snapshot.nodes if node.operation_type == "ingestion" and node.identifier}


def _refreshes(progress: Progress, nodes: Mapping[str, Node], known_names: Mapping[str, str]) -> Iterator[Refresh]:
    """One for each ingestion task; where the source lists none, one for each data source that the job was asked for."""
    job = progress.job
    sources = sources_of(job, list(nodes.values()), known_names)
    for task in progress.ended_tasks:
        if task.operation_type == "ingestion":
            yield Refresh(job, task, sources.get(task.key))
    if progress.job_ended and not job.tasks and job.operation_type == "ingestion":
        for identifier in job.identifiers:
            name = nodes[identifier].friendly_name if identifier in nodes else ""
            task = Task(identifier, "ingestion", job.status, name, job.submitted_at, job.ended_at)
            yield Refresh(job, task, identifier)


def _not_understood(progress: Sequence[Progress], refreshes: Sequence[Refresh]) -> dict[str, int]:
    tasks = [task for item in progress for task in item.ended_tasks]
    counts = {
        "unknown_status": sum(task.status not in ENDED_STATUSES for task in tasks),
        "unknown_operation_type": sum(task.operation_type not in OPERATION_TYPES for task in tasks),
        "data_source_without_identifier": sum(refresh.data_source_id is None for refresh in refreshes),
    }
    return {reason: count for reason, count in counts.items() if count}


def _line(text: str, errors: Sequence[str]) -> str:
    first = errors[0].strip().splitlines()[0][:200] if errors and errors[0].strip() else ""
    return f"{text}: {first}" if first else f"{text}."


def _tally_line(job: Job, tally: Mapping[str, int]) -> str:
    parts = [f"{count} {_WORDS.get(status, status).removeprefix('was ')}" for status, count in tally.items() if count]
    return f"The full refresh {_WORDS.get(job.status, job.status)}" + (f" ({', '.join(parts)})." if parts else ".")
