"""What do the names, times and rows in a scenario file mean?"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from local.simulator.model import Environment, Row, job_id
from local.simulator.parts import Part
from local.simulator.scenario_file import ScenarioError

TIME_OF_DAY = re.compile(r"(yesterday )?([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
KINDS = {"ingestion": "datasources", "segmentation": "segments", "measures": "measures"}
VALUES = "values"


def part_named(written: str, parts: Iterable[Part], where: str) -> Part | None:
    """The part that a name means; a data source has its id too, and needs it where others have the same name."""
    found = [part for part in parts if written in _names(part)]
    if len(found) > 1:
        raise ScenarioError(
            f"{where}: {len(found)} things are called {written!r}; write the id of the one that you mean"
        )
    return found[0] if found else None


def _names(part: Part) -> tuple[str, ...]:
    return (part.key, part.friendly_name) if part.operation == "ingestion" else (part.key,)


def subject_of(written: str, environment: Environment, seed: int, where: str) -> str | None:
    """The event's subject: the file names sources and jobs as people do, an event by their ids."""
    kind, _, name = written.partition("/")
    if kind == "jobs":
        known = any(job.name == name for job in environment.jobs)
        return f"jobs/{job_id(seed, environment.id, name)}" if known else None
    part = part_named(name, (one for one in environment.all_parts() if KINDS.get(one.operation) == kind), where)
    return f"{kind}/{part.identifier}" if part else None


def row_of(dimensions: tuple[str, ...], written: Mapping[str, Any], where: str) -> tuple[Row, Mapping[str, str]]:
    """A row of a measure with dimensions: the text of each dimension, and the values."""
    if set(written) != {*dimensions, VALUES}:
        raise ScenarioError(f"{where}: a row has {', '.join((*dimensions, VALUES))} and nothing else")
    try:
        row = msgspec.convert(tuple(written[name] for name in dimensions), Row)
        return row, msgspec.convert(written[VALUES], dict[str, str])
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{where}: dimensions and values are texts ({error})") from error


def time_of(start: datetime, written: str, where: str) -> datetime:
    """A time of the scenario's first day, of the day before, or in full."""
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


def check_unique(names: Iterable[object], where: str) -> None:
    """Raise for the first name that is there twice."""
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise ScenarioError(f"{where}: {name!r} is there twice")
        seen.add(name)
