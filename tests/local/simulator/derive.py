"""Which deliveries follow from a scenario's steps: the design read again, apart from the app's own rules."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any, NamedTuple

from local.simulator.model import Environment, Scenario, Subscription
from local.simulator.parts import Part
from local.simulator.timeline import JobRun, TaskRun, lay_out


class Delivery(NamedTuple):
    """One event at one flow."""

    time: datetime
    type: str
    subject: str
    flow: str


BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
REFRESHES = {"successful": "succeeded", "failed": "failed", "timedout": "failed"}
Wanted = Mapping[str, Any]
Point = tuple[datetime, Decimal | None]


def deliveries(scenario: Scenario) -> list[Delivery]:
    """What each flow must get in the scenario's stretch, in the order of time."""
    found = chain.from_iterable(_of_environment(scenario, environment) for environment in scenario.environments)
    return sorted(delivery for delivery in found if scenario.start < delivery.time <= scenario.end)


def _of_environment(scenario: Scenario, environment: Environment) -> Iterator[Delivery]:
    runs = sorted(
        (lay_out(job, environment, scenario.seed) for job in environment.jobs), key=lambda run: run.job.submitted_at
    )
    for subscription in scenario.subscriptions:
        if subscription.environment_id == environment.id:
            for kind, subject, time in _events(subscription, environment, runs):
                yield Delivery(time, kind, subject, subscription.flow)


def _events(
    subscription: Subscription, environment: Environment, runs: list[JobRun]
) -> Iterator[tuple[str, str, datetime]]:
    wanted = subscription.filters
    match subscription.trigger:
        case "data-source-refresh-failed":
            yield from _refreshes(wanted, runs, "failed")
        case "data-source-refresh-succeeded":
            yield from _refreshes(wanted, runs, "succeeded")
        case "full-refresh-completed":
            yield from _full_refreshes(wanted, runs)
        case "unification-completed":
            yield from _unifications(wanted, runs)
        case "process-ended":
            yield from _processes(wanted, runs)
        case "segment-threshold-crossed":
            yield from _segment_crossings(wanted, environment, runs)
        case "measure-threshold-crossed":
            yield from _measure_crossings(wanted, environment, runs)
        case "data-source-overdue":
            yield from _overdue(wanted, environment, runs)


def _tasks(runs: list[JobRun]) -> Iterator[tuple[JobRun, TaskRun]]:
    return ((run, task) for run in runs for task in run.tasks)


def _from(wanted: Wanted, run: JobRun) -> bool:
    return bool(wanted.get("submission", run.job.submission) == run.job.submission)


def _named(wanted: Wanted, field: str, written: str) -> bool:
    """Whether a filter that lists words lets this one through, however it is cased."""
    return field not in wanted or written.lower() in [word.lower() for word in wanted[field]]


def _operation(run: JobRun, operation: str) -> str:
    """What the API calls it, in lower case: the casing means nothing, but a new word is another operation."""
    return run.job.shown_operation(operation).lower()


def _refreshes(wanted: Wanted, runs: list[JobRun], outcome: str) -> Iterator[tuple[str, str, datetime]]:
    for run, task in _tasks(runs):
        source = task.part.identifier
        is_wanted = wanted.get("dataSourceId", source) == source and _from(wanted, run)
        ended = REFRESHES.get(task.outcome.shown.lower())
        if _operation(run, task.part.operation) == "ingestion" and is_wanted and ended == outcome:
            yield f"datasource.refresh.{outcome}", f"datasources/{source}", task.ends_at


def _full_refreshes(wanted: Wanted, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    for run in runs:
        if _operation(run, run.job.operation) == "all" and _from(wanted, run):
            yield "refresh.completed", f"jobs/{run.id}", max(task.ends_at for task in run.tasks)


def _unifications(wanted: Wanted, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    for run in runs:
        stages = [task for task in run.tasks if _operation(run, task.part.operation) in {"map", "match", "merge"}]
        if len(stages) == 3 and _from(wanted, run):
            yield "unification.completed", f"jobs/{run.id}", max(task.ends_at for task in stages)


def _processes(wanted: Wanted, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    for run, task in _tasks(runs):
        operation = _operation(run, task.part.operation)
        is_wanted = _named(wanted, "operationTypes", operation) and _named(wanted, "outcomes", task.outcome.shown)
        if is_wanted and _from(wanted, run):
            yield "process.ended", f"jobs/{run.id}", task.ends_at


def _segment_crossings(
    wanted: Wanted, environment: Environment, runs: list[JobRun]
) -> Iterator[tuple[str, str, datetime]]:
    segment = next(one for one in environment.segments if one.name == wanted["segmentName"])
    points: list[Point] = [(BEFORE_ALL, Decimal(segment.members)), *_remade(environment, segment.part)]
    counted = segment.members
    for run, task in _evaluations(segment.part, runs):
        counted = (run.job.segments or {}).get(segment.name, counted)
        points.append((task.ends_at, Decimal(counted)))
    for time in _crossings(points, wanted):
        yield "segment.threshold.crossed", f"segments/{segment.name}", time


def _measure_crossings(
    wanted: Wanted, environment: Environment, runs: list[JobRun]
) -> Iterator[tuple[str, str, datetime]]:
    measure = next(one for one in environment.measures if one.name == wanted["measureName"])
    row = tuple(wanted.get("dimensions", {})[name] for name in measure.dimensions)
    values = measure.rows[row]
    points: list[Point] = [(BEFORE_ALL, Decimal(values[wanted["alias"]])), *_remade(environment, measure.part)]
    for run, task in _evaluations(measure.part, runs):
        values = (run.job.measures or {}).get(measure.name, {}).get(row, values)
        # A scalar output tells the start of its evaluation; of a table, only the end of the evaluation is known.
        at = task.ends_at if measure.dimensions else task.starts_at
        points.append((at, Decimal(values[wanted["alias"]])))
    for time in _crossings(points, wanted):
        yield "measure.threshold.crossed", f"measures/{measure.name}", time


def _remade(environment: Environment, part: Part) -> Iterator[Point]:
    """When a thing is made, what it was before no longer counts."""
    return ((edit.at, None) for edit in environment.edits if (edit.part, edit.what) == (part, "create"))


def _evaluations(part: Part, runs: list[JobRun]) -> list[tuple[JobRun, TaskRun]]:
    """The evaluations that completed, oldest first."""
    found = ((run, task) for run, task in _tasks(runs) if (task.part, task.outcome.status) == (part, "successful"))
    return sorted(found, key=lambda pair: pair[1].ends_at)


def _crossings(points: list[Point], wanted: Wanted) -> Iterator[datetime]:
    direction = wanted.get("direction", "above")
    waiting: set[str] = set()
    for (_, before), (time, after) in pairwise(sorted(points, key=lambda point: point[0])):
        if before is None or after is None:
            waiting.clear()
            continue
        waiting = {side for side in waiting if not _is_rearmed(after, side, wanted)}
        side = _side(before, after, wanted)
        if side and side not in waiting and direction in (side, "both"):
            yield time
            waiting |= {side} if "rearmAt" in wanted else set()


def _side(before: Decimal, after: Decimal, wanted: Wanted) -> str | None:
    """The way in which the threshold was crossed, if it was."""
    threshold = Decimal(str(wanted["threshold"]))
    if wanted.get("thresholdKind") == "percentChange":
        far_enough = abs(after - before) * 100 > threshold * abs(before)
        return ("above" if after > before else "below") if far_enough else None
    if before <= threshold < after:
        return "above"
    return "below" if before >= threshold > after else None


def _is_rearmed(value: Decimal, side: str, wanted: Wanted) -> bool:
    """The way back is as far on the one side of the threshold as on the other."""
    threshold = Decimal(str(wanted["threshold"]))
    distance = abs(threshold - Decimal(str(wanted["rearmAt"])))
    return value <= threshold - distance if side == "above" else value >= threshold + distance


def _overdue(wanted: Wanted, environment: Environment, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    within, source = timedelta(hours=wanted["withinHours"]), wanted["dataSourceId"]
    part = next(one.part for one in environment.data_sources if one.id == source)
    deleted = [edit.at for edit in environment.edits if (edit.part, edit.what) == (part, "delete")]
    successes = sorted(task.ends_at for _, task in _evaluations(part, runs))
    for success in successes:
        due = success + within
        if not any(success < later <= due for later in (*successes, *deleted)):
            yield "datasource.overdue", f"datasources/{source}", due
