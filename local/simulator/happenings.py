"""What happens in a scenario: its jobs and edits, read from their sections and checked against what is there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from local.simulator import scenario_file as file
from local.simulator.model import Environment, Job, Outcome, Row, Table, outcome
from local.simulator.parts import Edit, Part, just_before, why_not
from local.simulator.reading import part_named, row_of, time_of
from local.simulator.scenario_file import ScenarioError

TIMED_OUT = "The process took too long and was stopped."
Value = TypeVar("Value")


def with_edits(environment: Environment, start: datetime, sections: Iterable[file.EditSection]) -> Environment:
    """The environment and what people do to it."""
    edits = tuple(sorted((_edit(environment, start, section) for section in sections), key=lambda edit: edit.at))
    for edit in edits:
        if reason := why_not(edit, just_before(edit, edits)):
            raise ScenarioError(f"edits, {edit.what} {edit.part.key}: {reason}")
    return replace(environment, edits=edits)


def _edit(environment: Environment, start: datetime, section: file.EditSection) -> Edit:
    named = {"segmentation": section.segment, "measures": section.measure, "ingestion": section.data_source}
    given = [(operation, name) for operation, name in named.items() if name]
    if len(given) != 1:
        raise ScenarioError(f"edits, {section.what}: name one segment, measure or data_source")
    operation, name = given[0]
    where = f"edits, {section.what} {name}"
    part = part_named(name, (one for one in environment.all_parts() if one.operation == operation), where)
    if part is None:
        raise ScenarioError(f"{where}: there is no such thing in {environment.name}")
    if bool(section.to) != (section.what == "rename"):
        raise ScenarioError(f"{where}: to: a rename needs the new name, and nothing else does")
    return Edit(time_of(start, section.at, f"{where}: at"), part, section.what, section.to)


def with_jobs(environment: Environment, start: datetime, sections: Iterable[file.JobSection]) -> Environment:
    """The environment and the jobs that run in it."""
    return replace(environment, jobs=tuple(_job(environment, start, section) for section in sections))


def _job(environment: Environment, start: datetime, section: file.JobSection) -> Job:
    where, parts = f"jobs, {section.name}", environment.all_parts()

    def keyed(named: Iterable[tuple[str, Value]]) -> dict[str, Value]:
        return {_key(name, parts, where): value for name, value in named}

    job = Job(
        name=section.name,
        submitted_at=time_of(start, section.at, f"{where}: at"),
        operation="merge" if section.operation == "unification" else section.operation,
        submission=section.submission,
        minutes=section.minutes,
        only=tuple(_key(name, parts, where) for name in section.only),
        outcomes=keyed(_outcomes(section)),
        segments=section.segments,
        measures=_tables(environment, section, where),
        written_as=section.written_as,
        ends_as=section.ends_as,
    )
    _check_job(job, environment, where)
    return job


def _key(name: str, parts: tuple[Part, ...], where: str) -> str:
    """What is named, by its key; a name that nothing has stays, and is refused with those of other jobs' parts."""
    part = part_named(name, parts, where)
    return part.key if part else name


def _outcomes(section: file.JobSection) -> Iterator[tuple[str, Outcome]]:
    for key, error in section.failed.items():
        yield key, Outcome("failed", error)
    for key in section.timed_out:
        yield key, Outcome("timedOut", TIMED_OUT)
    for key in section.skipped:
        yield key, Outcome("skipped")
    for key in section.aborted:
        yield key, Outcome("aborted")
    for key, written in section.outcomes.items():
        yield key, outcome(written)


def _tables(environment: Environment, section: file.JobSection, where: str) -> Mapping[str, Table]:
    """What the job finds, by measure: the one row of a plain measure, or the rows that it changes of another."""
    dimensions = {measure.name: measure.dimensions for measure in environment.measures}
    found: dict[str, dict[Row, Mapping[str, str]]] = {}
    for name, of_one_row in section.measures.items():
        if dimensions.get(name):
            raise ScenarioError(f"{where}: measures: {name} has dimensions; give its values in [[jobs.rows]]")
        found[name] = {(): of_one_row}
    for written in section.rows:
        name = str(written.get("measure", ""))
        if not dimensions.get(name):
            raise ScenarioError(f"{where}: rows: measure: {name!r} is no measure with dimensions")
        columns = {column: value for column, value in written.items() if column != "measure"}
        row, values = row_of(dimensions[name], columns, f"{where}: rows, {name}")
        found.setdefault(name, {})[row] = values
    return found


def _check_job(job: Job, environment: Environment, where: str) -> None:
    if job.minutes <= 0:
        raise ScenarioError(f"{where}: minutes: must be more than 0")
    parts = {part.key for part in environment.touched(job.operation, job.submitted_at, job.only)}
    if not parts:
        raise ScenarioError(f"{where}: operation: there is nothing in {environment.name} that it could work on")
    for named in (job.only, job.outcomes or {}, job.segments or {}, job.measures or {}):
        if unknown := sorted(set(named) - parts):
            raise ScenarioError(f"{where}: names {unknown[0]!r}, which this job does not work on")
