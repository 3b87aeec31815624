"""What does a scenario file say: the file read, its names resolved, its mistakes told in one line."""

from datetime import UTC
from pathlib import Path

from local.simulator import scenario_file as file
from local.simulator import storm
from local.simulator.happenings import with_edits, with_jobs
from local.simulator.model import DataSource, Environment, Expected, Measure, Scenario, Segment, Subscription
from local.simulator.parts import Part
from local.simulator.reading import check_unique, part_named, row_of, subject_of, time_of
from local.simulator.scenario_file import ScenarioError, ScenarioFile
from shared.domain.subscribing import ENVIRONMENT_ID

__all__ = ["Environment", "Expected", "Scenario", "ScenarioError", "Subscription", "load_scenario"]


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
    subscriptions = tuple(_subscription(raw, section, _home(environments, section)) for section in raw.subscriptions)
    check_unique((subscription.flow for subscription in subscriptions), "subscriptions: flow")
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
    check_unique((section.id for section in sections), "environments: id")
    for section in sections:
        if not ENVIRONMENT_ID.fullmatch(section.id):
            raise ScenarioError(f"environment {section.name}: id: {section.id!r} must be letters, digits and dashes")
    return sections


def _check_homes(raw: ScenarioFile) -> None:
    known = {"", *(name for section in _environment_sections(raw) for name in (section.id, section.name))}
    sections = (
        *raw.data_sources,
        *raw.segments,
        *raw.measures,
        *raw.processes,
        *raw.jobs,
        *raw.edits,
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
        measures=tuple(_measure(m) for m in raw.measures if m.environment in names),
        processes=tuple(Part(p.name, p.operation, p.id, p.name) for p in raw.processes if p.environment in names),
    )
    check_unique((part.key for part in environment.all_parts()), f"environment {section.name}: name")
    environment = with_edits(environment, raw.start, (edit for edit in raw.edits if edit.environment in names))
    environment = with_jobs(environment, raw.start, (job for job in raw.jobs if job.environment in names))
    check_unique((job.name for job in environment.jobs), "jobs: name")
    return environment


def _measure(section: file.MeasureSection) -> Measure:
    where, dimensions = f"measures, {section.name}", tuple(section.dimensions)
    if bool(section.values) == bool(dimensions) or bool(section.rows) != bool(dimensions):
        raise ScenarioError(f"{where}: give it values, or else dimensions and rows")
    if not dimensions:
        return Measure(section.name, section.display_name, {(): section.values})
    rows = [row_of(dimensions, written, f"{where}: rows") for written in section.rows]
    check_unique((row for row, _ in rows), f"{where}: rows")
    return Measure(section.name, section.display_name, dict(rows), dimensions)


def _subscription(raw: ScenarioFile, section: file.SubscriptionSection, environment: Environment) -> Subscription:
    filters, where = dict(section.filters), f"subscriptions, {section.flow}: dataSourceId"
    at = time_of(raw.start, section.at, f"subscriptions, {section.flow}: at") if section.at else None
    sources = (source.part for source in environment.data_sources)
    if named := part_named(str(filters.get("dataSourceId", "")), sources, where):
        filters["dataSourceId"] = named.identifier
    return Subscription(section.flow, section.trigger, environment.id, filters, at)


def _expected(raw: ScenarioFile, section: file.ExpectSection, environment: Environment, seed: int) -> Expected:
    where = f"expect, {section.type} {section.subject}"
    flows = (section.flow,) if isinstance(section.flow, str) else tuple(section.flow)
    known = {subscription.flow for subscription in raw.subscriptions}
    if unknown := sorted(set(flows) - known):
        raise ScenarioError(f"{where}: flow: no subscription has the flow {unknown[0]!r}")
    subject = subject_of(section.subject, environment, seed, f"{where}: subject")
    if not subject:
        raise ScenarioError(f"{where}: subject: there is no such thing in {environment.name}")
    return Expected(section.type, subject, time_of(raw.start, section.time, f"{where}: time"), flows, environment.id)


def _home(environments: tuple[Environment, ...], section: file.Section) -> Environment:
    if not section.environment:
        return environments[0]
    return next(
        environment for environment in environments if section.environment in (environment.id, environment.name)
    )
