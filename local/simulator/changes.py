"""What has changed at the source, told to a person: one line a change, in the order of time. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from local.simulator.model import Part
from local.simulator.timeline import JobRun, TaskRun
from local.simulator.world import World

TOLD = frozenset({"ingestion", "merge", "enrichment", "export", "activity"})
VERBS = {
    "successful": "ended",
    "failed": "failed",
    "timedOut": "timed out",
    "skipped": "was skipped",
    "aborted": "was cancelled",
}
Steps = Mapping[tuple[str | None, Part], str]


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person would want to see happen."""

    at: datetime
    text: str


def changes(world: World, since: datetime, now: datetime) -> list[Change]:
    """Every change in the stretch, oldest first; a later call only adds to the end."""
    steps = {**_segment_steps(world, now), **_measure_steps(world, now)}
    told = (change for run in reversed(world.jobs(now)) for change in _job_changes(run, steps))
    return sorted((change for change in told if since <= change.at <= now), key=lambda change: change.at)


def _job_changes(run: JobRun, steps: Steps) -> Iterator[Change]:
    how = "by schedule" if run.job.submission == "scheduled" else "by hand"
    yield Change(run.job.submitted_at, f"{run.job.name} started {how}")
    for task in run.tasks:
        text = steps.get((run.id, task.part)) or _outcome(task)
        if text:
            yield Change(task.ends_at, text)
    yield Change(run.ends_at, f"{run.job.name} {VERBS[run.outcome]}")


def _outcome(task: TaskRun) -> str | None:
    """How the work ended; a segment or measure that succeeds is told by its value, or not at all."""
    status, operation = task.outcome.status, task.part.operation
    if status == "successful" and operation not in TOLD:
        return None
    name = "Unification" if operation == "merge" else task.part.friendly_name
    verb = "was refreshed" if (operation, status) == ("ingestion", "successful") else VERBS[status]
    return f"{name} {verb}: {task.outcome.error}" if task.outcome.error else f"{name} {verb}"


def _segment_steps(world: World, now: datetime) -> Steps:
    return {
        (after.job_id, segment.part): f"{segment.display_name}: {before.value} -> {after.value} members"
        for segment in world.environment.segments
        for before, after in pairwise(world.segment_evaluations(segment, now))
        if before.value != after.value
    }


def _measure_steps(world: World, now: datetime) -> Steps:
    return {
        (after.job_id, measure.part): f"{measure.display_name}: {_values(before.value)} -> {_values(after.value)}"
        for measure in world.environment.measures
        for before, after in pairwise(world.measure_evaluations(measure, now))
        if before.value != after.value
    }


def _values(values: Mapping[str, str]) -> str:
    return ", ".join(f"{alias} {value}" for alias, value in values.items())
