"""What has changed at the source, told to a person: one line a change, in the order of time. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from local.simulator.model import Row, Table
from local.simulator.parts import Edit, Part, just_before
from local.simulator.timeline import JobRun, TaskRun
from local.simulator.world import Evaluation, Value, World

TOLD = frozenset({"ingestion", "merge", "enrichment", "export", "activity"})
VERBS = {
    "successful": "ended",
    "failed": "failed",
    "timedOut": "timed out",
    "skipped": "was skipped",
    "aborted": "was cancelled",
}
EDITS = {
    "create": "{name} was made",
    "delete": "{name} was deleted",
    "rename": "{name} was renamed: {to}",
    "deactivate": "{name} was switched off",
    "activate": "{name} was switched on",
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
    told = [change for run in reversed(world.jobs(now)) for change in _job_changes(run, steps)]
    told += [_edit_change(world, edit) for edit in world.environment.edits]
    return sorted((change for change in told if since <= change.at <= now), key=lambda change: change.at)


def _edit_change(world: World, edit: Edit) -> Change:
    """Told by the name that it had just before."""
    name = just_before(edit, world.environment.edits).friendly_name
    return Change(edit.at, EDITS[edit.what].format(name=name, to=edit.to))


def _job_changes(run: JobRun, steps: Steps) -> Iterator[Change]:
    how = "by schedule" if run.job.submission == "scheduled" else "by hand"
    yield Change(run.job.submitted_at, f"'{run.job.name}' started {how}")
    for task in run.tasks:
        step = steps.get((run.id, task.part))
        text = f"{task.part.friendly_name}: {step}" if step else _outcome(task)
        if text:
            yield Change(task.ends_at, text)
    yield Change(run.ends_at, f"'{run.job.name}' {_verb(run.job.ends_as or run.outcome)}")


def _verb(status: str) -> str:
    return VERBS.get(status, f"ended as {status}")


def _outcome(task: TaskRun) -> str | None:
    """How the work ended; a segment or measure that succeeds is told by its value, or not at all."""
    status, operation = task.outcome.status, task.part.operation
    if status == "successful" and operation not in TOLD:
        return None
    name = "Unification" if operation == "merge" else task.part.friendly_name
    verb = "was refreshed" if (operation, status) == ("ingestion", "successful") else _verb(status)
    return f"{name} {verb}: {task.outcome.error}" if task.outcome.error else f"{name} {verb}"


def _segment_steps(world: World, now: datetime) -> Steps:
    def told(before: int | None, after: int) -> str:
        return f"{after} members" if before is None else f"{before} -> {after} members"

    return {
        (after.job_id, segment.part): told(before.value if before else None, after.value)
        for segment in world.environment.segments
        for evaluations in world.segment_lives(segment, now)
        for before, after in _moves(evaluations)
    }


def _measure_steps(world: World, now: datetime) -> Steps:
    return {
        (after.job_id, measure.part): _told_table(before.value if before else {}, after.value)
        for measure in world.environment.measures
        for evaluations in world.measure_lives(measure, now)
        for before, after in _moves(evaluations)
    }


def _moves(evaluations: list[Evaluation[Value]]) -> Iterator[tuple[Evaluation[Value] | None, Evaluation[Value]]]:
    """Each evaluation that found another value than the one before it, or the first since the thing was made."""
    for before, after in zip([None, *evaluations], evaluations, strict=False):
        if before is None or before.value != after.value:
            yield before, after


def _told_table(before: Table, after: Table) -> str:
    """The rows that moved; a measure without dimensions has only the one without a name."""
    moved = [row for row in after if before.get(row) != after[row]]
    new = ", ".join(_told_row(row, after[row]) for row in moved)
    old = ", ".join(_told_row(row, before[row]) for row in moved if row in before)
    return f"{old} -> {new}" if old else new


def _told_row(row: Row, values: Mapping[str, str]) -> str:
    told = ", ".join(f"{alias} {value}" for alias, value in values.items())
    return f"{'/'.join(row)} {told}" if row else told
