"""Start work at Customer Insights, once, and tell how it went."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.acting import InsightsActions
from shared.domain.snapshot import Job
from shared.errors import InsightsAnswerInvalid, InsightsError, InsightsUnavailable

_log = logging.getLogger(__name__)
_JUST_NOW = timedelta(minutes=3)
_NEWEST = 25


class Work(StrEnum):
    """What can be started, by the API's operation type."""

    DATA_SOURCE = "ingestion"
    SEGMENT = "segmentation"
    MEASURE = "measures"
    UNIFICATION = "merge"  # brings map and match with it
    EVERYTHING = "all"


async def start_refresh(actions: InsightsActions, environment_id: str, work: Work, identifier: str = "") -> Job:
    """The job that was started.

    A call that got no answer, or none that can be read, is not repeated: the job is looked for among the newest, and is
    the answer if it is there.
    """
    try:
        return await actions.start_job(environment_id, work, identifier)
    except (InsightsUnavailable, InsightsAnswerInvalid) as unknown:
        started = await _just_started(actions, environment_id, work, identifier)
        if started is None:
            raise InsightsUnavailable(
                f"{unknown} It is not known whether the job was started: list the jobs before you try again.",
                reason="outcome_unknown",
            ) from None
        return started


async def _just_started(actions: InsightsActions, environment_id: str, work: Work, identifier: str) -> Job | None:
    try:
        found = await actions.jobs(environment_id, top=_NEWEST)
    except InsightsError as error:
        fields = {"action": "job_unchecked", "environment_id": environment_id, "reason": error.reason}
        _log.warning("Whether a job was started could not be looked up: %s", error, extra=fields)
        return None
    wanted = {identifier} if identifier else set()
    return next(
        (
            job
            for job in found.jobs
            if job.operation_type == work
            and job.submission == "onDemand"
            and job.submitted_at is not None
            and job.submitted_at >= found.served_at - _JUST_NOW
            and (wanted <= set(job.identifiers) or not job.identifiers)
        ),
        None,
    )


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
    """How a job goes or went; `summary` is a line for a message."""

    job_id: str
    operation_type: str
    status: str
    ended: bool
    succeeded: bool
    submission: str
    submitted_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    tasks: tuple[TaskOutcome, ...]
    errors: tuple[str, ...]
    summary: str


def outcome_of(job: Job) -> JobOutcome:
    """A job as it is told to people."""
    tasks = tuple(
        TaskOutcome(one.friendly_name, one.operation_type, one.status, one.ended_at, one.errors) for one in job.tasks
    )
    lasted = job.ended_at - job.submitted_at if job.ended_at and job.submitted_at else None
    errors = tuple(f"{task.name}: {error}" for task in tasks for error in task.errors)
    failed = sum(task.status in ("failed", "timedOut") for task in tasks)
    name = "Full refresh" if job.operation_type == Work.EVERYTHING else f"Job {job.operation_type}"
    state = "ended" if job.ended else "is under way"
    parts = f", {failed} of {len(tasks)} tasks failed" if failed else ""
    return JobOutcome(
        job.job_id,
        job.operation_type,
        job.status,
        job.ended,
        job.status == "successful",
        job.submission,
        job.submitted_at,
        job.ended_at,
        lasted.total_seconds() if lasted else None,
        tasks,
        errors,
        f"{name} {state}: {job.status}{parts}",
    )
