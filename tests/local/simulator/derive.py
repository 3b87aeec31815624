"""Which deliveries follow from a scenario's steps: the design read again, apart from the app's own rules."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any, NamedTuple

from local.simulator.model import Environment, Scenario, Subscription
from local.simulator.timeline import JobRun, TaskRun, lay_out


class Delivery(NamedTuple):
    """One event at one flow."""

    time: datetime
    type: str
    subject: str
    flow: str


BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
REFRESHES = {"successful": "succeeded", "failed": "failed", "timedOut": "failed"}
Wanted = Mapping[str, Any]


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
            yield from _unifications(runs)
        case "process-ended":
            yield from _processes(wanted, runs)
        case "segment-threshold-crossed":
            yield from _segment_crossings(wanted, environment, runs)
        case "measure-threshold-crossed":
            yield from _measure_crossings(wanted, environment, runs)
        case "data-source-overdue":
            yield from _overdue(wanted, runs)


def _tasks(runs: list[JobRun]) -> Iterator[tuple[JobRun, TaskRun]]:
    return ((run, task) for run in runs for task in run.tasks)


def _refreshes(wanted: Wanted, runs: list[JobRun], outcome: str) -> Iterator[tuple[str, str, datetime]]:
    for _, task in _tasks(runs):
        source = task.part.identifier
        right_source = wanted.get("dataSourceId", source) == source
        if task.part.operation == "ingestion" and right_source and REFRESHES.get(task.outcome.status) == outcome:
            yield f"datasource.refresh.{outcome}", f"datasources/{source}", task.ends_at


def _full_refreshes(wanted: Wanted, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    for run in runs:
        submission = run.job.submission
        if run.job.operation == "all" and wanted.get("submission", submission) == submission:
            yield "refresh.completed", f"jobs/{run.id}", max(task.ends_at for task in run.tasks)


def _unifications(runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    for run in runs:
        stages = [task for task in run.tasks if task.part.operation in {"map", "match", "merge"}]
        if len(stages) == 3:
            yield "unification.completed", f"jobs/{run.id}", max(task.ends_at for task in stages)


def _processes(wanted: Wanted, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    for run, task in _tasks(runs):
        operation, outcome = task.part.operation, task.outcome.status
        if operation in wanted.get("operationTypes", [operation]) and outcome in wanted.get("outcomes", [outcome]):
            yield "process.ended", f"jobs/{run.id}", task.ends_at


def _segment_crossings(
    wanted: Wanted, environment: Environment, runs: list[JobRun]
) -> Iterator[tuple[str, str, datetime]]:
    segment = next(one for one in environment.segments if one.name == wanted["segmentName"])
    points = [(BEFORE_ALL, Decimal(segment.members))]
    for run, task in _evaluations(segment.part.operation, segment.name, runs):
        counted = (run.job.segments or {}).get(segment.name)
        points.append((task.ends_at, points[-1][1] if counted is None else Decimal(counted)))
    for time in _crossings(points, wanted):
        yield "segment.threshold.crossed", f"segments/{segment.name}", time


def _measure_crossings(
    wanted: Wanted, environment: Environment, runs: list[JobRun]
) -> Iterator[tuple[str, str, datetime]]:
    measure = next(one for one in environment.measures if one.name == wanted["measureName"])
    points = [(BEFORE_ALL, Decimal(measure.values[wanted["alias"]]))]
    for run, task in _evaluations(measure.part.operation, measure.name, runs):
        values = (run.job.measures or {}).get(measure.name)
        points.append((task.starts_at, Decimal(values[wanted["alias"]]) if values else points[-1][1]))
    for time in _crossings(points, wanted):
        yield "measure.threshold.crossed", f"measures/{measure.name}", time


def _evaluations(operation: str, name: str, runs: list[JobRun]) -> list[tuple[JobRun, TaskRun]]:
    """The evaluations that completed, oldest first."""
    found = (
        (run, task)
        for run, task in _tasks(runs)
        if (task.part.operation, task.part.identifier, task.outcome.status) == (operation, name, "successful")
    )
    return sorted(found, key=lambda pair: pair[1].ends_at)


def _crossings(points: list[tuple[datetime, Decimal]], wanted: Wanted) -> Iterator[datetime]:
    threshold, direction = Decimal(str(wanted["threshold"])), wanted["direction"]
    armed = True
    for (_, before), (time, after) in pairwise(points):
        armed = armed or _is_rearmed(after, wanted)
        up, down = before <= threshold < after, before >= threshold > after
        if armed and ((up and direction != "below") or (down and direction != "above")):
            yield time
            armed = "rearmAt" not in wanted


def _is_rearmed(value: Decimal, wanted: Wanted) -> bool:
    level = Decimal(str(wanted["rearmAt"]))
    return value <= level if wanted["direction"] == "above" else value >= level


def _overdue(wanted: Wanted, runs: list[JobRun]) -> Iterator[tuple[str, str, datetime]]:
    within, source = timedelta(hours=wanted["withinHours"]), wanted["dataSourceId"]
    successes = sorted(
        task.ends_at
        for _, task in _tasks(runs)
        if (task.part.identifier, task.part.operation, task.outcome.status) == (source, "ingestion", "successful")
    )
    for success in successes:
        due = success + within
        if not any(success < later <= due for later in successes):
            yield "datasource.overdue", f"datasources/{source}", due
