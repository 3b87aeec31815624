"""Customer Insights in memory, as callers act at it. It passes the same contract tests as the client."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

import msgspec

from shared.acting import Stretch
from shared.domain.callers import Caller
from shared.domain.catalog import (
    Created,
    DataSource,
    Entity,
    EntitySize,
    EnvironmentInfo,
    Items,
    MeasureInfo,
    SegmentInfo,
)
from shared.domain.snapshot import Job, JobList
from shared.errors import InsightsConflict, InsightsDeclined, InsightsError, InsightsForbidden, InsightsNotFound

Named = TypeVar("Named", SegmentInfo, MeasureInfo, Entity)
_ROWS = 100


@dataclass(slots=True)
class MemoryActions:
    """One environment that shows what a test sets; `roles` are by owner, and who is not in it is an Admin.

    `items` holds the rows of each entity, of which only $top and $skip are understood. Set `failure` to have every
    call fail.
    """

    info: EnvironmentInfo = field(default_factory=lambda: EnvironmentInfo("environment", "Environment"))
    source_list: tuple[DataSource, ...] = ()
    segment_list: tuple[SegmentInfo, ...] = ()
    measure_list: tuple[MeasureInfo, ...] = ()
    entity_list: tuple[Entity, ...] = ()
    rows: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    started: list[Job] = field(default_factory=list)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failure: InsightsError | None = None
    now: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    calls: list[str] = field(default_factory=list)
    _caller: str = ""

    def __call__(self, caller: Caller, environment_id: str) -> "MemoryActions":
        """The environment as this caller sees it."""
        self._caller = caller.owner
        return self

    def _count(self, call: str, *, writes: bool = False) -> None:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure
        roles = self._roles()
        if not roles or (writes and roles == ("Viewer",)):
            raise InsightsForbidden

    def _roles(self) -> tuple[str, ...]:
        return self.roles.get(self._caller, ("Admin",))

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        """The environment, if the caller has a role there."""
        self.calls.append("environments")
        return (self.info,) if self._roles() else ()

    async def my_roles(self, environment_id: str) -> tuple[str, ...]:
        """The caller's roles."""
        self._count("my_roles")
        return self._roles()

    async def data_sources(self, environment_id: str) -> tuple[DataSource, ...]:
        """All data sources."""
        self._count("data_sources")
        return self.source_list

    async def data_source(self, environment_id: str, data_source_id: str) -> DataSource:
        """One data source."""
        self._count("data_source")
        for one in self.source_list:
            if one.id.lower() == data_source_id.lower():
                return one
        raise InsightsNotFound

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        """All segments."""
        self._count("segments")
        return self.segment_list

    async def set_segment_active(self, environment_id: str, name: str, *, active: bool) -> None:
        """Activate or deactivate a segment."""
        self._count("set_segment_active", writes=True)
        found = _named(self.segment_list, name)
        changed = replace(found, state="active" if active else "inactive")
        self.segment_list = tuple(changed if one is found else one for one in self.segment_list)

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        """All measures, without their values."""
        self._count("measures")
        return tuple(replace(one, values={}) for one in self.measure_list)

    async def measure(self, environment_id: str, name: str) -> MeasureInfo:
        """One measure with its values."""
        self._count("measure")
        return _named(self.measure_list, name)

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs."""
        self._count("jobs")
        newest = tuple(replace(job, tasks=()) for job in reversed(self.started))[:top]
        return JobList(newest, self.now, len(newest))

    async def job(self, environment_id: str, job_id: str) -> Job:
        """One job."""
        self._count("job")
        for one in self.started:
            if one.job_id == job_id:
                return one
        raise InsightsNotFound

    async def start_job(self, environment_id: str, operation_type: str, identifier: str = "") -> Job:
        """A job that runs until it is cancelled."""
        self._count("start_job", writes=True)
        named = (identifier,) if identifier else ()
        made = Job(str(uuid4()), operation_type, "running", "onDemand", self.now, None, named)
        self.started.append(made)
        return made

    async def cancel_job(self, environment_id: str, job_id: str) -> Job:
        """End a job."""
        self._count("cancel_job", writes=True)
        for place, one in enumerate(self.started):
            if one.job_id == job_id:
                if one.ended:
                    raise InsightsDeclined
                self.started[place] = replace(one, status="aborted", ended_at=self.now)
                return self.started[place]
        raise InsightsNotFound

    async def entities(self, environment_id: str) -> tuple[Entity, ...]:
        """All entities."""
        self._count("entities")
        return self.entity_list

    async def entity(self, environment_id: str, name: str) -> Entity:
        """One entity."""
        self._count("entity")
        return _named(self.entity_list, name)

    async def entity_size(self, environment_id: str, name: str) -> EntitySize:
        """The number of its rows."""
        self._count("entity_size")
        return EntitySize(None, len(self._rows_of(name)))

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        """The rows that $skip and $top ask for, a hundred at most."""
        self._count("items")
        rows, skip = self._rows_of(entity), int(query.get("$skip", 0))
        page = rows[skip : skip + min(int(query.get("$top", _ROWS)), _ROWS)]
        return Items(tuple(map(msgspec.json.encode, page)), len(rows))

    async def create_item(self, environment_id: str, entity: str, item: bytes, options: Mapping[str, str]) -> Created:
        """Add a row; one that is there already conflicts."""
        self._count("create_item", writes=True)
        row, rows = _row(item), self._rows_of(entity)
        if row in rows:
            raise InsightsConflict
        rows.append(row)
        return Created(done=True, item=msgspec.json.encode(row))

    async def update_item(
        self, environment_id: str, entity: str, item_id: str, item: bytes, options: Mapping[str, str]
    ) -> None:
        """Change the row that has the id in any column."""
        self._count("update_item", writes=True)
        for row in self._rows_of(entity):
            if item_id in row.values():
                row.update(_row(item))
                return
        raise InsightsNotFound

    def _rows_of(self, entity: str) -> list[dict[str, object]]:
        _named(self.entity_list, entity)
        return self.rows.setdefault(entity, [])


class MemoryPartitions:
    """Files by their address."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def read(self, caller: Caller, location: str, *, start: int, length: int, version: str = "") -> Stretch:
        """Some bytes of a file."""
        if location not in self.files:
            raise InsightsNotFound
        content = self.files[location]
        return Stretch(content[start : start + length], len(content))


def _row(item: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(item, type=dict[str, object])
    except msgspec.MsgspecError:  # a number that no float holds
        raise InsightsDeclined from None


def _named(things: tuple[Named, ...], name: str) -> Named:
    for one in things:
        if one.name == name:
            return one
    raise InsightsNotFound
