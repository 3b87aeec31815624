"""What callers do at Customer Insights with their own rights, as protocols."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

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


class InsightsActions(Protocol):
    """Customer Insights as one caller sees it.

    Every method raises InsightsError, ClaimsNeeded, Forbidden and IdentityUnavailable. Only reads are tried again.
    """

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        """The environments that the caller can see."""
        ...

    async def my_roles(self, environment_id: str) -> tuple[str, ...]:
        """The caller's roles at the environment."""
        ...

    async def data_sources(self, environment_id: str) -> tuple[DataSource, ...]:
        """All data sources."""
        ...

    async def data_source(self, environment_id: str, data_source_id: str) -> DataSource:
        """One data source."""
        ...

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        """All segments; with some history, the members of one whose last evaluation failed are known too."""
        ...

    async def set_segment_active(self, environment_id: str, name: str, *, active: bool) -> None:
        """Activate or deactivate a segment."""
        ...

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        """All measures, without their values."""
        ...

    async def measure(self, environment_id: str, name: str) -> MeasureInfo:
        """One measure with its present values."""
        ...

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs, without their tasks."""
        ...

    async def job(self, environment_id: str, job_id: str) -> Job:
        """One job with its tasks."""
        ...

    async def start_job(self, environment_id: str, operation_type: str, identifier: str = "") -> Job:
        """Start a job: of one thing, or of everything that the operation works on."""
        ...

    async def cancel_job(self, environment_id: str, job_id: str) -> Job:
        """Cancel a job that has not ended."""
        ...

    async def entities(self, environment_id: str) -> tuple[Entity, ...]:
        """All entities."""
        ...

    async def entity(self, environment_id: str, name: str) -> Entity:
        """One entity with its attributes and partitions."""
        ...

    async def entity_size(self, environment_id: str, name: str) -> EntitySize:
        """How large an entity is."""
        ...

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        """Rows of an entity, as OData's query options say; the API gives 100 of them at most."""
        ...

    async def create_item(self, environment_id: str, entity: str, item: bytes, options: Mapping[str, str]) -> Created:
        """Write an item."""
        ...

    async def update_item(
        self, environment_id: str, entity: str, item_id: str, item: bytes, options: Mapping[str, str]
    ) -> None:
        """Change an item."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a partition's bytes, how many it has in all, and which writing of it that was."""

    content: bytes
    total_bytes: int
    version: str = ""


class PartitionReader(Protocol):
    """Reads the files that hold an entity's data."""

    async def read(self, caller: Caller, location: str, *, start: int, length: int, version: str = "") -> Stretch:
        """Some bytes of a partition, fewer at its end. Raises InsightsError, Forbidden, and Conflict if it is no more
        the version that was asked for.
        """
        ...


Acting = Callable[[Caller, str], InsightsActions]  # for a caller at an environment; its id empty: at none of them
