"""Which entities does an environment have: its people, segments, measures and sources, with columns and partitions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from local.simulator import people, rows
from local.simulator.cells import Column, Row
from local.simulator.findings import entity_name
from local.simulator.model import DataSource, Environment, Measure, Segment
from local.simulator.parts import Part
from local.simulator.simulation import Simulation
from local.simulator.source_rows import PARTITIONS, SOURCE_COLUMNS, source_rows
from local.simulator.world import SUCCESS, World

CUSTOMER = "Customer"
ACTIVITY = "UnifiedActivity"
CUSTOMER_MEASURE = "Customer_Measure"
MERGE = Part("Merge", "merge", "Merge", "Merge")
Rows = Callable[[], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Partition:
    """A file with some of an entity's rows."""

    name: str
    rows: Rows
    has_header: bool = True


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity; its rows are made when they are asked for. `part` is the work that refreshes it."""

    name: str
    kind: str
    flow: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    partitions: tuple[Partition, ...]
    part: Part
    source: DataSource | None = None
    expands: tuple[str, ...] = ()

    @property
    def writable(self) -> bool:
        """Whether single items can be made and changed."""
        return self.source is not None or self.name in (CUSTOMER, ACTIVITY)

    def rows(self) -> Sequence[Row]:
        """All rows."""
        return [row for partition in self.partitions for row in partition.rows()]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The entities of an environment at one time."""

    simulation: Simulation
    environment: Environment
    now: datetime

    @property
    def world(self) -> World:
        """What is true at the environment."""
        return self.simulation.world(self.environment)

    def __iter__(self) -> Iterator[Entity]:
        world = self.world
        yield from (self._customer(), self._activity(), self._customer_measure())
        yield from (self._segment(one) for one in world.there(self.environment.segments, self.now))
        measures = (self._measure(one) for one in world.there(self.environment.measures, self.now))
        yield from (one for one in measures if one)
        yield from (self._source(one) for one in world.there(self.environment.data_sources, self.now))

    def named(self, name: str) -> Entity | None:
        """The entity of this name."""
        return next((one for one in self if one.name == name), None)

    def members(self, segment_name: str) -> frozenset[str] | None:
        """The customers that are in the segment; nothing if there is no such segment."""
        listed = self.world.there(self.environment.segments, self.now)
        segment = next((one for one in listed if one.name == segment_name), None)
        return self._members(segment) if segment else None

    def _members(self, segment: Segment) -> frozenset[str]:
        evaluations = self.world.segment_evaluations(segment, self.now)
        counts = [evaluation.value for evaluation in evaluations if evaluation.status == SUCCESS]
        return people.members(*self._place, segment.name, min(counts[-1] if counts else 0, people.CUSTOMERS))

    @property
    def _place(self) -> tuple[int, str]:
        return self.simulation.scenario.seed, self.environment.id

    def _customer(self) -> Entity:
        found = Partition("part-00000", partial(people.customers, *self._place))
        columns, expands = people.CUSTOMER_COLUMNS, (ACTIVITY, CUSTOMER_MEASURE)
        flow = "conflationResolveConflicts"
        return Entity(CUSTOMER, "profile", flow, columns, ("CustomerId",), (found,), MERGE, expands=expands)

    def _activity(self) -> Entity:
        rows_of = partial(people.activities, *self._place, self.simulation.scenario.start)
        found, flow = Partition("part-00000", rows_of, has_header=False), "unifiedActivity"
        return Entity(ACTIVITY, flow, flow, people.ACTIVITY_COLUMNS, ("ActivityId",), (found,), MERGE)

    def _customer_measure(self) -> Entity:
        found = Partition("part-00000", partial(people.customer_measures, *self._place))
        columns = people.CUSTOMER_MEASURE_COLUMNS
        return Entity(CUSTOMER_MEASURE, "profileKpi", "kpi", columns, ("CustomerId",), (found,), MERGE)

    def _segment(self, segment: Segment) -> Entity:
        def rows_of() -> Sequence[Row]:
            return [{"CustomerId": one} for one in sorted(self._members(segment))]

        found, columns = Partition("part-00000", rows_of), (Column("CustomerId"),)
        return Entity(segment.name, "segment", "segmentation", columns, ("CustomerId",), (found,), segment.part)

    def _measure(self, measure: Measure) -> Entity | None:
        """One with dimensions, once it has been evaluated; the others have no table."""
        table = rows.table(self.world, measure, self.now)
        if table is None:
            return None
        dimensions = tuple(Column(name) for name in measure.dimensions)
        columns = (*dimensions, *(Column(alias, "decimal") for alias in measure.aliases))
        found = Partition("part-00000", lambda: table)
        return Entity(measure.name, "aggregateKpi", "kpi", columns, measure.dimensions, (found,), measure.part)

    def _source(self, source: DataSource) -> Entity:
        seed, first = self.simulation.scenario.seed, self.environment.data_sources[0] == source
        found = tuple(
            Partition(f"part-{n:05}", partial(source_rows, seed, source.id, n, big=first and n == PARTITIONS - 1))
            for n in range(PARTITIONS)
        )
        name = f"{source.id}_{entity_name(self.world, source)}"
        return Entity(name, "unspecified", "powerQuery", SOURCE_COLUMNS, ("OrderId",), found, source.part, source)
