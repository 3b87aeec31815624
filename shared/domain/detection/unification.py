"""Whether a unification (map, match, merge) of a job is complete, and how each stage ended."""

from collections.abc import Iterator, Sequence

from shared.domain.detection.progress import Progress, stages_of
from shared.domain.detection.refresh import ended_at
from shared.domain.events import Event, EventType, duration_seconds, make_event
from shared.domain.snapshot import Job, Snapshot, Task

# The first that any task of a stage, or any stage, has is the outcome of the whole.
_UNKNOWN = "unknown"
_WORST_FIRST = ("failed", "timedOut", "aborted", "deleted", _UNKNOWN, "skipped", "successful")
_MAX_STAGE_ERRORS = 5


def unification_events(snapshot: Snapshot, progress: Progress) -> Iterator[Event]:
    """The event for a job whose unification stages are all over; its time is the end of the last stage."""
    if not progress.unification_ended:
        return
    job = progress.job
    stages = stages_of(job)
    tasks = [task for stage in stages.values() for task in stage]
    outcomes = {stage: _outcome(of_stage, job) for stage, of_stage in stages.items()}
    status = _worst(list(outcomes.values()))
    at = max(ended_at(job, task, snapshot) for task in tasks)
    started_at = min((task.submitted_at for task in tasks if task.submitted_at), default=job.submitted_at)
    errors = [error[:1000] for task in tasks for error in task.errors][:_MAX_STAGE_ERRORS]
    told = ", ".join(f"{stage} {outcome}" for stage, outcome in outcomes.items())
    yield make_event(
        snapshot.environment_id,
        EventType.UNIFICATION_COMPLETED,
        subject=f"jobs/{job.job_id}",
        occurrence=job.job_id,
        time=at,
        data={
            "status": status,
            "jobId": job.job_id,
            "operationType": job.operation_type or None,
            "submission": job.submission or None,
            "startedAt": started_at,
            "endedAt": at,
            "durationSeconds": duration_seconds(started_at, at),
            **{f"{stage}Status": outcome for stage, outcome in outcomes.items()},
            "errors": errors or None,
            "summary": f"Unification ended: {told}.",
        },
    )


def _outcome(tasks: Sequence[Task], job: Job) -> str:
    """What never ended in a job that is over has the job's outcome."""
    return _worst([task.status if task.ended else job.status for task in tasks])


def _worst(statuses: Sequence[str]) -> str:
    return min(statuses, key=lambda status: _WORST_FIRST.index(status if status in _WORST_FIRST else _UNKNOWN))
