"""What is true at an environment at a given time: its jobs, tasks, sources, segments and measures. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from local.simulator.model import Environment, Job, Measure, Part, Segment
from local.simulator.timeline import JobRun, TaskRun, cancelled, lay_out

SUCCESS = "successful"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Commands:
    """What was asked of an environment by hand: jobs started, and jobs cancelled with the time of it."""

    jobs: tuple[Job, ...] = ()
    cancels: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ran:
    """A task with its job."""

    job: JobRun
    task: TaskRun


@dataclass(frozen=True, slots=True)
class Evaluation(Generic[Value]):
    """One evaluation of a segment or measure, and the value that holds after it."""

    started_at: datetime
    ended_at: datetime
    status: str
    value: Value
    job_id: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that happens at one environment, each question answered as of `now`."""

    environment: Environment
    created_at: datetime
    runs: tuple[JobRun, ...]
    by_part: Mapping[Part, tuple[Ran, ...]]

    def jobs(self, now: datetime) -> list[JobRun]:
        """The jobs submitted so far, newest first."""
        return [run for run in reversed(self.runs) if run.job.submitted_at <= now]

    def ended_tasks(self, now: datetime) -> list[Ran]:
        """The tasks that have ended so far, newest first."""
        ended = [Ran(run, task) for run in self.jobs(now) for task in run.tasks if task.ends_at <= now]
        return sorted(ended, key=lambda ran: ran.task.ends_at, reverse=True)

    def latest(self, part: Part, now: datetime) -> Ran | None:
        """The part's task in the newest job that works on it."""
        return next((ran for ran in reversed(self.by_part.get(part, ())) if ran.job.job.submitted_at <= now), None)

    def last_success(self, part: Part, now: datetime) -> Ran | None:
        """The part's task that succeeded last."""
        ended = (ran for ran in self.by_part.get(part, ()) if _succeeded(ran) and ran.task.ends_at <= now)
        return max(ended, key=lambda ran: ran.task.ends_at, default=None)

    def segment_evaluations(self, segment: Segment, now: datetime) -> list[Evaluation[int]]:
        """Every evaluation of the segment that has ended, oldest first; the first is the one it was made with."""
        return self._evaluations(segment.part, segment.members, lambda job: (job.segments or {}).get(segment.name), now)

    def measure_evaluations(self, measure: Measure, now: datetime) -> list[Evaluation[Mapping[str, str]]]:
        """Every evaluation of the measure that has ended, oldest first; the first is the one it was made with."""
        return self._evaluations(measure.part, measure.values, lambda job: (job.measures or {}).get(measure.name), now)

    def _evaluations(
        self, part: Part, first: Value, found: Callable[[Job], Value | None], now: datetime
    ) -> list[Evaluation[Value]]:
        evaluations = [Evaluation(self.created_at, self.created_at, SUCCESS, first)]
        tried = [ran for ran in self.by_part.get(part, ()) if ran.task.ends_at <= now]
        for ran in sorted(tried, key=lambda ran: ran.task.ends_at):
            evaluations.append(_evaluation(ran, found(ran.job.job), evaluations[-1].value))
        return [evaluation for evaluation in evaluations if evaluation.status != "skipped"]


def build_world(environment: Environment, seed: int, start: datetime, commands: Commands) -> World:
    """The environment with every job of its scenario and every command laid out in time."""
    laid_out = (lay_out(job, environment, seed) for job in (*environment.jobs, *commands.jobs))
    obeyed = (cancelled(run, commands.cancels[run.id]) if run.id in commands.cancels else run for run in laid_out)
    runs = tuple(sorted(obeyed, key=lambda run: run.job.submitted_at))
    by_part: dict[Part, list[Ran]] = defaultdict(list)
    for run in runs:
        for task in run.tasks:
            by_part[task.part].append(Ran(run, task))
    created_at = min((start - timedelta(days=1), *(run.job.submitted_at for run in runs)))
    return World(environment, created_at, runs, {part: tuple(ran) for part, ran in by_part.items()})


def _succeeded(ran: Ran) -> bool:
    return ran.task.outcome.status == SUCCESS


def _evaluation(ran: Ran, found: Value | None, before: Value) -> Evaluation[Value]:
    task = ran.task
    value = found if found is not None and _succeeded(ran) else before
    return Evaluation(task.starts_at, task.ends_at, task.outcome.status, value, ran.job.id, task.outcome.error)
