"""What does a scenario file say: the file read, its names resolved, its mistakes told in one line."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.simulator import scenario_file as file
from local.simulator import storm
from local.simulator.model import (
    DataSource,
    Environment,
    Expected,
    Job,
    Measure,
    Outcome,
    Part,
    Scenario,
    Segment,
    Subscription,
    job_id,
)
from local.simulator.scenario_file import ScenarioError, ScenarioFile

__all__ = ["Environment", "Expected", "Scenario", "ScenarioError", "Subscription", "load_scenario"]

TIME_OF_DAY = re.compile(r"(yesterday )?([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def load_scenario(path: Path | str, seed: int = 1) -> Scenario:
    """The scenario in this file; the ids of its jobs depend on the seed."""
    path = Path(path)
    content = file.read_file(path)
    try:
        return _scenario(content, seed)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def _scenario(raw: ScenarioFile, seed: int) -> Scenario:
    if raw.start.tzinfo is None or raw.end.tzinfo is None:
        raise ScenarioError("start and end: give them with a time zone, such as 2026-03-02T00:00:00Z")
    if raw.start >= raw.end:
        raise ScenarioError("end: must be later than start")
    raw = storm.with_generated_sections(raw)
    _check_homes(raw)
    environments = tuple(_environment(raw, section.id) for section in _environment_sections(raw))
    subscriptions = tuple(_subscription(section, _home(environments, section)) for section in raw.subscriptions)
    _check_unique((subscription.flow for subscription in subscriptions), "subscriptions: flow")
    written = (_expected(raw, section, _home(environments, section), seed) for section in raw.expect)
    return Scenario(
        title=raw.title,
        start=raw.start.astimezone(UTC),
        end=raw.end.astimezone(UTC),
        seed=seed,
        environments=environments,
        subscriptions=subscriptions,
        expected=(*written, *storm.expected_events(raw, environments, seed)),
    )


def _environment_sections(raw: ScenarioFile) -> list[file.EnvironmentSection]:
    sections = [*([raw.environment] if raw.environment else []), *raw.environments]
    if not sections:
        raise ScenarioError("environment: name at least one, with id and name")
    _check_unique((section.id for section in sections), "environments: id")
    return sections


def _check_homes(raw: ScenarioFile) -> None:
    known = {"", *(name for section in _environment_sections(raw) for name in (section.id, section.name))}
    sections = (
        *raw.data_sources,
        *raw.segments,
        *raw.measures,
        *raw.processes,
        *raw.jobs,
        *raw.subscriptions,
        *raw.expect,
    )
    for section in sections:
        if section.environment not in known:
            raise ScenarioError(f"environment: there is no environment {section.environment!r}")


def _environment(raw: ScenarioFile, environment_id: str) -> Environment:
    sections = _environment_sections(raw)
    section = next(section for section in sections if section.id == environment_id)
    names = {section.id, section.name} | ({""} if section is sections[0] else set())
    environment = Environment(
        id=section.id,
        name=section.name,
        data_sources=tuple(DataSource(s.id, s.name) for s in raw.data_sources if s.environment in names),
        segments=tuple(Segment(s.name, s.display_name, s.members) for s in raw.segments if s.environment in names),
        measures=tuple(Measure(m.name, m.display_name, m.values) for m in raw.measures if m.environment in names),
        processes=tuple(Part(p.name, p.operation, p.id, p.name) for p in raw.processes if p.environment in names),
        jobs=tuple(_job(raw, section) for section in raw.jobs if section.environment in names),
    )
    _check_unique((part.key for part in environment.parts()), f"environment {section.name}: name")
    _check_unique((job.name for job in environment.jobs), "jobs: name")
    for job in environment.jobs:
        _check_job(job, environment)
    return environment


def _job(raw: ScenarioFile, section: file.JobSection) -> Job:
    return Job(
        name=section.name,
        submitted_at=_time(raw.start, section.at, f"jobs, {section.name}: at"),
        operation="merge" if section.operation == "unification" else section.operation,
        submission=section.submission,
        minutes=section.minutes,
        only=tuple(section.only),
        outcomes=dict(_outcomes(section)),
        segments=section.segments,
        measures=section.measures,
    )


def _outcomes(section: file.JobSection) -> Iterator[tuple[str, Outcome]]:
    for key, error in section.failed.items():
        yield key, Outcome("failed", error)
    for key in section.timed_out:
        yield key, Outcome("timedOut", "The process took too long and was stopped.")
    for key in section.skipped:
        yield key, Outcome("skipped")
    for key in section.aborted:
        yield key, Outcome("aborted")


def _check_job(job: Job, environment: Environment) -> None:
    where = f"jobs, {job.name}"
    if job.minutes <= 0:
        raise ScenarioError(f"{where}: minutes: must be more than 0")
    parts = {part.key for part in environment.touched(job.operation, job.only)}
    if not parts:
        raise ScenarioError(f"{where}: operation: there is nothing in {environment.name} that it could work on")
    for named in (job.only, job.outcomes or {}, job.segments or {}, job.measures or {}):
        if unknown := sorted(set(named) - parts):
            raise ScenarioError(f"{where}: names {unknown[0]!r}, which this job does not work on")


def _subscription(section: file.SubscriptionSection, environment: Environment) -> Subscription:
    filters = dict(section.filters)
    source = next((s for s in environment.data_sources if s.name == filters.get("dataSourceId")), None)
    if source:
        filters["dataSourceId"] = source.id
    return Subscription(section.flow, section.trigger, environment.id, filters)


def _expected(raw: ScenarioFile, section: file.ExpectSection, environment: Environment, seed: int) -> Expected:
    where = f"expect, {section.type} {section.subject}"
    flows = (section.flow,) if isinstance(section.flow, str) else tuple(section.flow)
    known = {subscription.flow for subscription in raw.subscriptions}
    if unknown := sorted(set(flows) - known):
        raise ScenarioError(f"{where}: flow: no subscription has the flow {unknown[0]!r}")
    subject = _subject(section.subject, environment, seed)
    if not subject:
        raise ScenarioError(f"{where}: subject: there is no such thing in {environment.name}")
    return Expected(section.type, subject, _time(raw.start, section.time, f"{where}: time"), flows, environment.id)


def _subject(written: str, environment: Environment, seed: int) -> str | None:
    """The event's subject: the file names sources and jobs as people do, an event by their ids."""
    kind, _, name = written.partition("/")
    subjects = {
        "datasources": {source.name: source.id for source in environment.data_sources},
        "segments": {segment.name: segment.name for segment in environment.segments},
        "measures": {measure.name: measure.name for measure in environment.measures},
        "jobs": {job.name: job_id(seed, environment.id, job.name) for job in environment.jobs},
    }
    found = subjects.get(kind, {}).get(name)
    return f"{kind}/{found}" if found else None


def _home(environments: tuple[Environment, ...], section: file.Section) -> Environment:
    if not section.environment:
        return environments[0]
    return next(
        environment for environment in environments if section.environment in (environment.id, environment.name)
    )


def _time(start: datetime, written: str, where: str) -> datetime:
    match = TIME_OF_DAY.fullmatch(written)
    if not match:
        return _full_time(written, where)
    day, hours, minutes, seconds = match.groups()
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    of_day = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    return midnight + of_day - timedelta(days=1 if day else 0)


def _full_time(written: str, where: str) -> datetime:
    with suppress(ValueError):
        time = datetime.fromisoformat(written)
        if time.tzinfo:
            return time.astimezone(UTC)
    raise ScenarioError(f"{where}: write it as 02:00, yesterday 02:00 or 2026-03-02T02:00:00Z")


def _check_unique(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ScenarioError(f"{where}: {name!r} is there twice")
        seen.add(name)
