"""Which jobs, tasks and stages ended since the checkpoint, each of them once.

The jobs list shows the newest jobs only. What is listed is marked; an ended job that drops off the list is forgotten,
and a horizon (the newest submission among the forgotten) keeps a forgotten job from counting again when it is listed
once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.domain.checkpoint import Checkpoint, JobMark
from shared.domain.snapshot import Job, Task

JOB_ENDED = "job"
UNIFICATION_ENDED = "unification"
UNIFICATION_STAGES = ("map", "match", "merge")
_GIVE_UP_AFTER = timedelta(days=7)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is new about one job."""

    job: Job
    ended_tasks: tuple[Task, ...]
    job_ended: bool
    unification_ended: bool


def follow_jobs(
    checkpoint: Checkpoint, jobs: Sequence[Job], *, first_sight: bool = False
) -> tuple[tuple[Progress, ...], Mapping[str, JobMark], datetime | None]:
    """The progress of each listed job, oldest first, the marks to keep and the horizon of forgotten jobs."""
    progress: list[Progress] = []
    marks: dict[str, JobMark] = {}
    for job in _current(checkpoint, jobs):
        found, marks[job.job_id] = _follow(job, checkpoint.jobs.get(job.job_id))
        if found is not None:
            progress.append(found)
    unlisted = {job_id: mark for job_id, mark in checkpoint.jobs.items() if job_id not in marks}
    marks |= {job_id: mark for job_id, mark in unlisted.items() if _is_open(mark, checkpoint)}
    gone = [mark.submitted_at for mark in unlisted.values() if not _is_open(mark, checkpoint)]
    if first_sight and jobs:
        gone.append(_just_before(jobs))
    horizon = max((moment for moment in (*gone, checkpoint.forgotten_until) if moment), default=None)
    return tuple(progress), checkpoint.jobs if marks == checkpoint.jobs else marks, horizon


def unlisted_open_jobs(checkpoint: Checkpoint, jobs: Iterable[Job]) -> list[str]:
    """Jobs that were running when last seen and are no longer among the newest: each has to be asked for by id."""
    listed = {job.job_id for job in jobs}
    return sorted(
        job_id for job_id, mark in checkpoint.jobs.items() if _is_open(mark, checkpoint) and job_id not in listed
    )


def is_gapless(checkpoint: Checkpoint, jobs: Sequence[Job], *, listed: int, asked_for: int) -> bool:
    """Whether the list reaches back to what is known, so that no job can hide between the two.

    `listed` counts what the source listed, readable or not. A list that is shorter than asked for is the whole list,
    unless jobs are known and none of them is on it: then the source may hold back.
    """
    if not listed or any(job.job_id in checkpoint.jobs or _is_before(job, checkpoint.forgotten_until) for job in jobs):
        return True
    return listed < asked_for and not checkpoint.jobs


def may_be_settled(checkpoint: Checkpoint) -> bool:
    """Whether all that is known of the jobs is that they ended, so that their headlines tell whether there is news."""
    return all(mark.closed for mark in checkpoint.jobs.values())


def is_settled(checkpoint: Checkpoint, headlines: Sequence[Job]) -> bool:
    """Whether the headlines show no job that is new or goes on."""
    known = ((job, checkpoint.jobs.get(job.job_id)) for job in _current(checkpoint, headlines))
    return all(job.ended and mark is not None and mark.closed for job, mark in known)


def something_runs(jobs: Iterable[Job]) -> bool:
    """Whether a listed job is still going on."""
    return any(not job.ended for job in jobs)


def stages_of(job: Job) -> dict[str, tuple[Task, ...]]:
    """The tasks of each unification stage that the job has."""
    found = {stage: tuple(task for task in job.tasks if task.operation_type == stage) for stage in UNIFICATION_STAGES}
    return {stage: tasks for stage, tasks in found.items() if tasks}


def _current(checkpoint: Checkpoint, jobs: Sequence[Job]) -> list[Job]:
    """Listed jobs, one per id, without those that were forgotten; oldest first."""
    distinct = {job.job_id: job for job in reversed(jobs) if job.job_id}
    horizon = checkpoint.forgotten_until
    known = [job for job in distinct.values() if job.job_id in checkpoint.jobs or not _is_before(job, horizon)]
    return sorted(known, key=lambda job: job.submitted_at or _NEVER)


def _just_before(jobs: Sequence[Job]) -> datetime | None:
    """What is older than a first list is history that a longer list must not turn into news."""
    oldest = min((moment for job in jobs if (moment := _moment(job))), default=None)
    return oldest and oldest - timedelta(microseconds=1)


def _is_before(job: Job, horizon: datetime | None) -> bool:
    moment = _moment(job)
    return horizon is not None and moment is not None and moment <= horizon


def _moment(job: Job) -> datetime | None:
    """Its place among the jobs, as well as the source tells."""
    return job.submitted_at or job.ended_at


def _is_open(mark: JobMark, checkpoint: Checkpoint) -> bool:
    """Whether its job was going on when last seen; one that nobody tells about any more is given up after a week.

    A task may stay queued for ever in a job that was aborted, so only the job itself counts.
    """
    if JOB_ENDED in mark.handled:
        return False
    return mark.submitted_at is None or checkpoint.seen_at - mark.submitted_at < _GIVE_UP_AFTER


def _follow(job: Job, mark: JobMark | None) -> tuple[Progress | None, JobMark]:
    handled = mark.handled if mark else frozenset()
    if mark and mark.closed and not job.tasks:
        return None, mark
    ended = tuple({task.key: task for task in job.tasks if task.ended and task.key not in handled}.values())
    job_ended = job.ended and JOB_ENDED not in handled
    unified = _is_unified(job) and UNIFICATION_ENDED not in handled
    if mark and not (ended or job_ended or unified):
        return None, mark
    news = {task.key for task in ended}
    news |= {JOB_ENDED} if job_ended else set()
    news |= {UNIFICATION_ENDED} if unified else set()
    closed = job.ended and all(task.ended for task in job.tasks)
    after = JobMark(_moment(job) or (mark.submitted_at if mark else None), handled | news, closed)
    return (Progress(job, ended, job_ended, unified) if news else None), after


def _is_unified(job: Job) -> bool:
    """Merge makes a unification of it; a run of the matching conditions only has no merge.

    The end of the job settles what never ended, and a merge that was not even listed because a stage before it failed.
    """
    stages = stages_of(job)
    tasks = [task for of_stage in stages.values() for task in of_stage]
    if "merge" in stages:
        return job.ended or all(task.ended for task in tasks)
    broken = any(task.status not in ("successful", "skipped") for task in tasks)
    return job.ended and broken and job.operation_type not in UNIFICATION_STAGES[:2]
