"""What can be at a Customer Insights environment and what will happen to it: the words of a scenario."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from local.simulator.parts import Edit, Part, standing

UNIFICATION_STAGES = ("map", "match", "merge")
MEASURE_OPERATIONS = frozenset({"measures", "entityMeasures", "attributeMeasures"})
UPSTREAM = {"match": ("map", "match"), "merge": UNIFICATION_STAGES}
KNOWN_OUTCOMES = {status.lower(): status for status in ("successful", "failed", "timedOut", "skipped", "aborted")}
Row = tuple[str, ...]
Table = Mapping[Row, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where customer data comes from."""

    id: str
    name: str

    @property
    def part(self) -> Part:
        """The work of refreshing it."""
        return Part(self.id, "ingestion", self.id, self.name)


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of customers and how many it has at first."""

    name: str
    display_name: str
    members: int

    @property
    def part(self) -> Part:
        """The work of evaluating it."""
        return Part(self.name, "segmentation", self.name, self.display_name)


@dataclass(frozen=True, slots=True)
class Measure:
    """A business measure and its values at first: a row for each combination of its dimensions, decimals as text.

    A measure without dimensions, which the vendor calls scalar, has one row, with no name.
    """

    name: str
    display_name: str
    rows: Table
    dimensions: tuple[str, ...] = ()

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names of its values."""
        return tuple(dict.fromkeys(alias for values in self.rows.values() for alias in values))

    @property
    def part(self) -> Part:
        """The work of evaluating it."""
        return Part(self.name, "measures", self.name, self.display_name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the work on one part ends. `written` is how the API puts it, where that is not the documented way."""

    status: str
    error: str = ""
    written: str = ""

    @property
    def shown(self) -> str:
        """What the API says."""
        return self.written or self.status


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the source: when, what it works on, how each part ends and what it finds.

    `written_as` and `ends_as` are how the API puts its operation type and its status at the end, where that is not the
    documented way.
    """

    name: str
    submitted_at: datetime
    operation: str
    submission: str
    minutes: float
    only: tuple[str, ...] = ()
    outcomes: Mapping[str, Outcome] | None = None
    segments: Mapping[str, int] | None = None
    measures: Mapping[str, Table] | None = None
    written_as: str = ""
    ends_as: str = ""

    def shown_operation(self, operation: str) -> str:
        """How the API writes the type of this job, or of a task of this type in it."""
        return self.written_as if self.written_as and operation == self.operation else operation


@dataclass(frozen=True, slots=True)
class Environment:
    """One Customer Insights environment, with everything in it and every job that the scenario gives it."""

    id: str
    name: str
    data_sources: tuple[DataSource, ...] = ()
    segments: tuple[Segment, ...] = ()
    measures: tuple[Measure, ...] = ()
    processes: tuple[Part, ...] = ()
    jobs: tuple[Job, ...] = ()
    edits: tuple[Edit, ...] = ()

    def all_parts(self) -> tuple[Part, ...]:
        """Everything that a job can ever work on, in the order in which the vendor does it, by its first name."""
        return (
            *(source.part for source in self.data_sources),
            *(Part(stage.title(), stage, stage.title(), stage.title()) for stage in UNIFICATION_STAGES),
            *(segment.part for segment in self.segments),
            *(measure.part for measure in self.measures),
            *self.processes,
        )

    def parts(self, now: datetime) -> tuple[Part, ...]:
        """Everything that is there at this time, by the name that it has then."""
        stood = ((part, standing(part, self.edits, now)) for part in self.all_parts())
        return tuple(replace(part, friendly_name=found.friendly_name) for part, found in stood if found.there)

    def touched(self, operation: str, now: datetime, only: tuple[str, ...] = ()) -> tuple[Part, ...]:
        """The parts that a job of this operation works on if it starts now; `only` narrows it to the named ones."""
        if operation in MEASURE_OPERATIONS:
            operations: tuple[str, ...] = ("measures",)
        else:
            operations = UPSTREAM.get(operation, (operation,))
        parts = (part for part in self.parts(now) if operation == "all" or part.operation in operations)
        return tuple(part for part in parts if not only or part.key in only)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A flow that subscribes before the day begins or `at` a time; `filters` is the rest of its request's body."""

    flow: str
    trigger: str
    environment_id: str
    filters: Mapping[str, object]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that the app must deliver, and the flows that must get it."""

    type: str
    subject: str
    time: datetime
    flows: tuple[str, ...]
    environment_id: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A stretch of time at one or more environments, the flows that subscribe and the events that they must get."""

    title: str
    start: datetime
    end: datetime
    seed: int
    environments: tuple[Environment, ...]
    subscriptions: tuple[Subscription, ...]
    expected: tuple[Expected, ...]


def outcome(written: str, error: str = "") -> Outcome:
    """An outcome as the API writes it: a documented one in any casing, or one that nobody has documented."""
    status = KNOWN_OUTCOMES.get(written.lower(), written)
    return Outcome(status, error, "" if status == written else written)


def stable_id(seed: int, *names: str) -> str:
    """An id that is the same for the same seed and names, in every process."""
    return str(uuid5(NAMESPACE_URL, "/".join(("customer-insights-simulator", str(seed), *names))))


def job_id(seed: int, environment_id: str, job_name: str) -> str:
    """The id of a job of the scenario, or of one that was started by hand."""
    return stable_id(seed, environment_id, "job", job_name)
