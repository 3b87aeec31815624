"""What is true at an environment at a given time: its jobs, tasks, sources, segments and measures. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from local.simulator.model import DataSource, Environment, Job, Measure, Segment, Table
from local.simulator.parts import Edit, Life, Part, Standing, lives, standing
from local.simulator.timeline import JobRun, TaskRun, cancelled, lay_out

SUCCESS = "successful"
Value = TypeVar("Value")
Thing = TypeVar("Thing", DataSource, Segment, Measure)


@dataclass(frozen=True, slots=True)
class Commands:
    """What was asked of an environment by hand: jobs started, jobs cancelled with the time of it, edits."""

    jobs: tuple[Job, ...] = ()
    cancels: Mapping[str, datetime] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()


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
    """Everything that happens at one environment, each question answered as of `now`.

    What is deleted and made again starts anew: nothing that it was before is told of it.
    """

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

    def standing(self, part: Part, now: datetime) -> Standing:
        """How the part stands: whether it is there and on, since when, and its name."""
        return standing(part, self.environment.edits, now)

    def there(self, things: tuple[Thing, ...], now: datetime) -> list[Thing]:
        """Those of the things that are there."""
        return [one for one in things if self.standing(one.part, now).there]

    def latest(self, part: Part, now: datetime) -> Ran | None:
        """The part's task in the newest job that works on it."""
        begun = (ran for ran in reversed(self._done(part, now)) if ran.job.job.submitted_at <= now)
        return next(begun, None)

    def last_success(self, part: Part, now: datetime) -> Ran | None:
        """The part's task that succeeded last."""
        ended = (ran for ran in self._done(part, now) if _succeeded(ran) and ran.task.ends_at <= now)
        return max(ended, key=lambda ran: ran.task.ends_at, default=None)

    def segment_lives(self, segment: Segment, now: datetime) -> Iterator[list[Evaluation[int]]]:
        """For each stretch that the segment was there: its evaluations that have ended, oldest first."""

        def found(job: Job, before: int) -> int:
            return (job.segments or {}).get(segment.name, before)

        return self._lives(segment.part, segment.members, found, now)

    def measure_lives(self, measure: Measure, now: datetime) -> Iterator[list[Evaluation[Table]]]:
        """For each stretch that the measure was there: its evaluations that have ended, oldest first."""

        def found(job: Job, before: Table) -> Table:
            return {**before, **(job.measures or {}).get(measure.name, {})}

        return self._lives(measure.part, measure.rows, found, now)

    def segment_evaluations(self, segment: Segment, now: datetime) -> list[Evaluation[int]]:
        """The evaluations of the segment as it now is."""
        return list(self.segment_lives(segment, now))[-1]

    def measure_evaluations(self, measure: Measure, now: datetime) -> list[Evaluation[Table]]:
        """The evaluations of the measure as it now is."""
        return list(self.measure_lives(measure, now))[-1]

    def _done(self, part: Part, now: datetime) -> list[Ran]:
        """All work on the part as it now is, past and to come, oldest first."""
        life = Life(self.standing(part, now).made_at)
        return [ran for ran in self.by_part.get(part, ()) if _falls_in(life, ran)]

    def _lives(
        self, part: Part, first: Value, found: Callable[[Job, Value], Value], now: datetime
    ) -> Iterator[list[Evaluation[Value]]]:
        tried = [ran for ran in self.by_part.get(part, ()) if ran.task.ends_at <= now]
        ordered = sorted(tried, key=lambda ran: ran.task.ends_at)
        for life in lives(part, self.environment.edits):
            if life.made_at is None or life.made_at <= now:
                yield self._evaluations(life, first, found, [ran for ran in ordered if _falls_in(life, ran)])

    def _evaluations(
        self, life: Life, first: Value, found: Callable[[Job, Value], Value], done: list[Ran]
    ) -> list[Evaluation[Value]]:
        """What has been there from the beginning was evaluated when it was made; what is made later, by a job only."""
        made = [] if life.made_at else [Evaluation(self.created_at, self.created_at, SUCCESS, first)]
        evaluations, value = made, first
        for ran in done:
            value = found(ran.job.job, value) if _succeeded(ran) else value
            evaluations.append(_evaluation(ran, value))
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


def _falls_in(life: Life, ran: Ran) -> bool:
    return life.holds(ran.job.job.submitted_at, ran.task.ends_at)


def _evaluation(ran: Ran, value: Value) -> Evaluation[Value]:
    task = ran.task
    return Evaluation(task.starts_at, task.ends_at, task.outcome.status, value, ran.job.id, task.outcome.error)
