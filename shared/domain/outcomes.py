"""How a job goes or went, as it is told to people."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.snapshot import Job

_NAMES = {
    "all": "Full refresh",
    "merge": "Unification",
    "ingestion": "Data source refresh",
    "segmentation": "Segment refresh",
    "measures": "Measure refresh",
}


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """How one part of a job went."""

    name: str
    operation_type: str
    status: str
    ended_at: datetime | None
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job goes or went; `summary` is a line for a message. A list of jobs does not tell their tasks."""

    job_id: str
    operation_type: str
    status: str
    ended: bool
    succeeded: bool
    submission: str
    submitted_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    summary: str
    tasks: tuple[TaskOutcome, ...] | None = None
    errors: tuple[str, ...] | None = None


def outcome_of(job: Job, *, with_tasks: bool = True) -> JobOutcome:
    """A job as it is told. One whose status says nothing has ended when the API gives an end."""
    ended = job.ended or (not job.status and job.ended_at is not None)
    lasted = job.ended_at - job.submitted_at if job.ended_at and job.submitted_at else None
    tasks = tuple(
        TaskOutcome(one.friendly_name or one.operation_type, one.operation_type, one.status, one.ended_at, one.errors)
        for one in job.tasks
    )
    return JobOutcome(
        job.job_id,
        job.operation_type,
        job.status,
        ended,
        job.status == "successful",
        job.submission,
        job.submitted_at,
        job.ended_at,
        lasted.total_seconds() if lasted else None,
        _summary(job, ended=ended),
        tasks if with_tasks else None,
        tuple(f"{task.name}: {error}" for task in tasks for error in task.errors) if with_tasks else None,
    )


def _summary(job: Job, *, ended: bool) -> str:
    name = _NAMES.get(job.operation_type, f"Job {job.operation_type}".strip())
    failed = sum(task.status in ("failed", "timedOut") for task in job.tasks)
    parts = f", {failed} of {len(job.tasks)} tasks failed" if failed else ""
    return f"{name} {'ended' if ended else 'is under way'}: {job.status or 'unknown'}{parts}"
