"""When does each task of a job start and end: a job of the scenario laid out in time. Pure; the same every time.

A job's minutes are shared out over its stages by weight (ingestion 4, map 1, match 2, merge 1, everything downstream
2), leaving out the stages that it does not have. The tasks of a stage run side by side and end one after the other, in
equal steps, in the order of the scenario; so the tasks of a job end at instants of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from local.simulator.model import Environment, Job, Outcome, job_id, stable_id
from local.simulator.parts import Part, standing

WEIGHTS = {"ingestion": 4, "map": 1, "match": 2, "merge": 1}
DOWNSTREAM_WEIGHT = 2
TERMINAL_BY_WEIGHT = ("failed", "timedOut", "aborted")


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a job: the work on one part."""

    id: str
    part: Part
    starts_at: datetime
    ends_at: datetime
    outcome: Outcome

    def status_at(self, now: datetime) -> str:
        """How the task stands at this time, in the documented words where there are any."""
        if now >= self.ends_at:
            return self.outcome.status
        return "running" if now >= self.starts_at and self.outcome.status != "skipped" else "queued"

    def shown_at(self, now: datetime) -> str:
        """What the API says about the task at this time."""
        return self.outcome.shown if now >= self.ends_at else self.status_at(now)


@dataclass(frozen=True, slots=True)
class JobRun:
    """One job with its tasks."""

    id: str
    job: Job
    tasks: tuple[TaskRun, ...]

    @property
    def ends_at(self) -> datetime:
        """When the last task ends."""
        return max(task.ends_at for task in self.tasks)

    @property
    def outcome(self) -> str:
        """How the job ends: as its worst task, and skipped only if all were."""
        statuses = {task.outcome.status for task in self.tasks}
        worst = next((status for status in TERMINAL_BY_WEIGHT if status in statuses), None)
        return worst or ("skipped" if statuses == {"skipped"} else "successful")

    def status_at(self, now: datetime) -> str:
        """What the API says about the job at this time."""
        return (self.job.ends_as or self.outcome) if now >= self.ends_at else "running"


def lay_out(job: Job, environment: Environment, seed: int) -> JobRun:
    """The job with its tasks in time."""
    run_id = job_id(seed, environment.id, job.name)
    tasks = tuple(
        TaskRun(
            stable_id(seed, run_id, part.operation, part.identifier),
            part,
            starts_at,
            ends_at,
            _outcome(job, part, environment),
        )
        for part, starts_at, ends_at in _slots(job, environment.touched(job.operation, job.submitted_at, job.only))
    )
    return JobRun(run_id, job, tasks)


def cancelled(run: JobRun, at: datetime) -> JobRun:
    """The job as it ends when it is cancelled at this time: what had not ended is aborted."""
    tasks = (task if task.ends_at <= at else _aborted(task, at) for task in run.tasks)
    return replace(run, job=replace(run.job, ends_as=""), tasks=tuple(tasks))


def _aborted(task: TaskRun, at: datetime) -> TaskRun:
    return replace(task, starts_at=min(task.starts_at, at), ends_at=at, outcome=Outcome("aborted"))


def _outcome(job: Job, part: Part, environment: Environment) -> Outcome:
    """What is switched off is skipped without being tried."""
    if not standing(part, environment.edits, job.submitted_at).active:
        return Outcome("skipped")
    return (job.outcomes or {}).get(part.key, Outcome("successful"))


def _slots(job: Job, parts: tuple[Part, ...]) -> Iterator[tuple[Part, datetime, datetime]]:
    stages = _stages(parts)
    total = sum(weight for weight, _ in stages)
    done = 0
    for weight, members in stages:
        opens = _after(job, done / total)
        for place, part in enumerate(members, start=1):
            yield part, opens, _after(job, (done + weight * place / len(members)) / total)
        done += weight


def _stages(parts: tuple[Part, ...]) -> list[tuple[int, list[Part]]]:
    """The parts by stage, in order; what is no stage of its own comes last."""
    own = [(weight, [part for part in parts if part.operation == stage]) for stage, weight in WEIGHTS.items()]
    downstream = [part for part in parts if part.operation not in WEIGHTS]
    return [stage for stage in (*own, (DOWNSTREAM_WEIGHT, downstream)) if stage[1]]


def _after(job: Job, share: float) -> datetime:
    """When this share of the job's time has passed, in whole seconds, as the vendor's clock shows them."""
    return job.submitted_at + timedelta(seconds=round(job.minutes * 60 * share))
