"""What one look at an environment showed: jobs, data sources, segments, measures.

Names follow the Customer Insights API v1 models (GraphJobInfo, GraphTaskInfo, GraphNodeInfo, SegmentMetadata,
MeasureMetadata). The API mixes casings and its enums grow, so a value that is known in any casing gets its documented
spelling and an unknown one stays as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

RUNNING_STATUSES = ("queued", "needsUpdate", "running")
ENDED_STATUSES = ("failed", "timedOut", "aborted", "deleted", "successful", "skipped")
OPERATION_TYPES = (
    "none", "ingestion", "derivedEntity", "hierarchy", "dataPreparation", "map", "realtimeM3Search", "match", "merge",
    "profileStore", "search", "activity", "contact", "attributeMeasures", "entityMeasures", "measures", "segmentation",
    "segmentMembership", "enrichment", "preEnrichment", "transform", "intelligence", "aiBuilder", "insights", "export",
    "modelManagement", "relationship", "roleAssignment", "analysis", "semanticEntity", "all",
)  # fmt: skip
SUBMISSIONS = ("onDemand", "scheduled")


def _spellings(values: Iterable[str]) -> dict[str, str]:
    return {value.lower(): value for value in values}


_STATUSES = _spellings((*RUNNING_STATUSES, *ENDED_STATUSES))
_OPERATIONS = _spellings(OPERATION_TYPES)
_SUBMISSIONS = _spellings(SUBMISSIONS)


def is_ended(status: str, ended_at: datetime | None) -> bool:
    """Whether work with this status is over. An unknown status counts as over once the source gives an end time."""
    if status in ENDED_STATUSES:
        return True
    return status not in RUNNING_STATUSES and bool(status) and ended_at is not None


@dataclass(frozen=True, slots=True)
class Task:
    """A part of a job. The API gives it a friendly name but no identifier of what it worked on."""

    task_id: str
    operation_type: str
    status: str
    friendly_name: str = ""
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    errors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", _STATUSES.get(self.status.lower(), self.status))
        object.__setattr__(self, "operation_type", _OPERATIONS.get(self.operation_type.lower(), self.operation_type))

    @property
    def ended(self) -> bool:
        """Whether this task is over."""
        return is_ended(self.status, self.ended_at)

    @property
    def key(self) -> str:
        """What tells this end of this task from every other one in its job: a retried task ends again."""
        return f"{self.task_id or f'{self.operation_type}/{self.friendly_name}/{self.ended_at}'}:{self.status}"


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the workflow: a full refresh, or a part of it. The API gives no start time."""

    job_id: str
    operation_type: str
    status: str
    submission: str = ""
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    identifiers: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", _STATUSES.get(self.status.lower(), self.status))
        object.__setattr__(self, "operation_type", _OPERATIONS.get(self.operation_type.lower(), self.operation_type))
        object.__setattr__(self, "submission", _SUBMISSIONS.get(self.submission.lower(), self.submission))

    @property
    def ended(self) -> bool:
        """Whether this job is over."""
        return is_ended(self.status, self.ended_at)


@dataclass(frozen=True, slots=True)
class JobList:
    """The newest jobs. `served_at` is the source's clock when it answered; `listed` counts those it cannot tell too."""

    jobs: tuple[Job, ...]
    served_at: datetime
    listed: int


@dataclass(frozen=True, slots=True)
class Node:
    """The latest state of one thing in the workflow, such as a data source."""

    operation_type: str
    identifier: str
    friendly_name: str = ""
    job_ids: tuple[str, ...] = ()
    status: str = ""
    ended_at: datetime | None = None
    last_successful_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", _STATUSES.get(self.status.lower(), self.status))
        object.__setattr__(self, "operation_type", _OPERATIONS.get(self.operation_type.lower(), self.operation_type))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a segment. `status` is the vendor's jobStatus, such as CompletedSuccess."""

    at: datetime | None
    status: str
    members: int | None


# Until when the evaluations of a segment were judged, by its name and the time of its creation.
Judged = Callable[[str, datetime | None], datetime | None]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment with its current evaluation and those that its history still holds, in any order."""

    name: str
    display_name: str = ""
    state: str = "active"
    created_at: datetime | None = None
    evaluations: tuple[Evaluation, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """The values of one evaluation of a measure, by aggregate alias, as the text that the API gives.

    `dimensions` names the row of a measure that is broken down, such as (("Country", "NO"),).
    """

    at: datetime | None
    values: Mapping[str, str]
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A business measure: the state of its latest evaluation, the current outputs and the earlier ones."""

    name: str
    display_name: str = ""
    state: str = ""
    created_at: datetime | None = None
    evaluated_at: datetime | None = None
    outputs: tuple[Output, ...] = ()
    history: tuple[Output, ...] = ()

    @property
    def is_evaluated(self) -> bool:
        """Whether the current outputs are those of a completed evaluation."""
        return self.state.lower() in ("completed", "")


@dataclass(frozen=True, slots=True)
class Look:
    """Which lists to read beyond the jobs."""

    nodes: bool = False
    segments: bool = False
    measures: bool = False

    @property
    def anything(self) -> bool:
        """Whether there is more to read than the jobs."""
        return self.nodes or self.segments or self.measures

    def __or__(self, other: "Look") -> "Look":
        return Look(self.nodes or other.nodes, self.segments or other.segments, self.measures or other.measures)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look. `taken_at` is the source's own clock; a part that was not looked at is None.

    `gapless`: the jobs reach back to what the checkpoint knows; otherwise some may have come and gone unseen.
    """

    environment_id: str
    taken_at: datetime
    jobs: tuple[Job, ...]
    nodes: tuple[Node, ...] | None = None
    segments: tuple[Segment, ...] | None = None
    measures: tuple[Measure, ...] | None = None
    gapless: bool = True
