"""What happens at Customer Insights in the state machine, and which facts follow by what docs/events.md promises?

Nothing here asks the detection: facts are noted when they happen.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from shared.adapters.memory import MemoryInsights
from shared.domain.events import Event, iso
from shared.domain.snapshot import Evaluation, Job, Measure, Node, Output, Segment, Task
from shared.errors import InsightsAnswerInvalid, InsightsError
from tests.factories import BIRTH
from tests.faults.machine_gate import injected

Key = tuple[str, ...]
SOURCES = {"ds-orders": "Orders", "ds-stores": "Stores"}
SERIES = {"Loyal": 90, "Lapsed": 10, "Revenue": 40}
MEASURES = ("Revenue",)
ALIAS = "Total"
STAGES = ("map", "match", "merge")
_TOLD = {"successful": "datasource.refresh.succeeded", "failed": "datasource.refresh.failed"}
_JOBS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "all": (("ingestion", "Orders"), ("ingestion", "Stores"), *((stage, stage) for stage in STAGES)),
    "merge": tuple((stage, stage) for stage in STAGES),
    "ingestion": (("ingestion", "Orders"),),
}
_CROSSED = {True: "measure.threshold.crossed", False: "segment.threshold.crossed"}


@dataclass(frozen=True)
class Fact:
    """Something that happened. `values` have to be in the event's data; `at` is its time where it is known."""

    key: Key
    at: datetime | None
    values: Mapping[str, object]


def key_of(event: Event) -> Key:
    """Which fact an event tells, as its data says."""
    told = event.data
    match event.type:
        case "datasource.refresh.failed" | "datasource.refresh.succeeded":
            names = ["jobId", "dataSourceId"]
        case "refresh.completed" | "unification.completed":
            names = ["jobId"]
        case "process.ended":
            names = ["jobId", "processName"]
        case "segment.threshold.crossed":
            names = ["segmentName", "direction", "threshold", "evaluatedAt"]
        case "measure.threshold.crossed":
            names = ["measureName", "direction", "threshold", "evaluatedAt"]
        case _:
            names = ["failingSince", "from"]
    return (event.type, *(str(told.get(name, "")) for name in names))


class Source(MemoryInsights):
    """One environment. `certain` facts have to be told; `possible` ones where somebody watches for them."""

    def __init__(self, now: datetime, thresholds: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.served_at = now
        self.certain: dict[Key, Fact] = {}
        self.possible: dict[Key, Fact] = {}
        self.failures: deque[InsightsError] = deque()
        self.failed = False
        self._thresholds = thresholds
        self._outcomes: dict[str, Task] = {}
        self._values = {name: [(now - timedelta(hours=3), value)] for name, value in SERIES.items()}
        self._in_vain: dict[str, list[datetime]] = {name: [] for name in SERIES}
        self._job_count = 0
        self._show()

    def _count(self, call: str) -> None:
        if self.failures:
            self.failed = True
            failure = self.failures.popleft()
            if not isinstance(failure, InsightsAnswerInvalid) or call.startswith("measure "):
                raise injected(failure)
        super()._count(call)

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        """All measures: only the one of a single measure tells its history."""
        return tuple(replace(one, history=()) for one in await super().measures(environment_id))

    def moment(self) -> datetime:
        """A moment that nothing else happened at."""
        self.served_at += timedelta(microseconds=1)
        return self.served_at

    @property
    def running(self) -> list[Job]:
        """Jobs that go on."""
        return [one for one in self.listed if not one.ended]

    def begin(self, kind: str) -> None:
        """A job begins, all its tasks in the queue."""
        job_id, now = self._new_id(), self.moment()
        tasks = tuple(
            Task(f"{job_id}/{place}", operation, "queued", name, now)
            for place, (operation, name) in enumerate(_JOBS[kind])
        )
        identifiers = ("ds-orders",) if kind == "ingestion" else ()
        self.listed = (Job(job_id, kind, "running", "scheduled", now, None, identifiers, tasks), *self.listed)

    def go_on(self, job: Job, status: str) -> None:
        """The next task of a job ends; after the last of them the job."""
        now = self.moment()
        open_tasks = [task for task in job.tasks if not task.ended]
        if not open_tasks:
            self._end(replace(job, status=status, ended_at=now))
            return
        ended = replace(open_tasks[0], status=status, ended_at=now)
        tasks = tuple(ended if task.task_id == ended.task_id else task for task in job.tasks)
        self._replace(replace(job, tasks=tasks))
        self._task_ended(job.job_id, ended)
        stages = [task for task in tasks if task.operation_type in STAGES]
        if ended.operation_type in STAGES and all(task.ended for task in stages):
            self._certain("unification.completed", now, job.job_id)

    def abort(self, job: Job) -> None:
        """A job is cancelled; its tasks stay in the queue for ever."""
        now = self.moment()
        if any(task.operation_type in STAGES and not task.ended for task in job.tasks):
            self._certain("unification.completed", None, job.job_id)
        self._end(replace(job, status="aborted", ended_at=now))

    def ingest(self, source_id: str, status: str, *, with_task: bool) -> None:
        """A data source is refreshed between two looks. The vendor may list no task for it."""
        job_id, now = self._new_id(), self.moment()
        name = SOURCES[source_id]
        task = Task(f"{job_id}/0", "ingestion", status, name, now, now)
        job = Job(job_id, "ingestion", status, "onDemand", now, now, (source_id,), (task,) if with_task else ())
        self.listed = (job, *self.listed)
        self._refreshed(job_id, source_id, task)
        self._certain("process.ended", now, job_id, name if with_task else "ingestion", outcome=status)
        self._show()

    def export(self, count: int) -> None:
        """Processes without tasks end."""
        for _ in range(count):
            job_id, now = self._new_id(), self.moment()
            self.listed = (Job(job_id, "export", "successful", "scheduled", now, now), *self.listed)
            self._certain("process.ended", now, job_id, "export", operationType="export")

    def evaluate(self, name: str, value: int | None, *, with_job: bool) -> None:
        """A segment or measure is evaluated anew; None: in vain. Without a job only a full look finds it."""
        now = self.moment()
        values = self._values[name]
        if value is not None:
            for threshold in self._thresholds.get(name, ()):
                self._crossed(name, values[-1][1], value, threshold, now)
            values.append((now, value))
        else:
            self._in_vain[name].append(now)
        if with_job:
            kind, job_id = ("measures" if name in MEASURES else "segmentation"), self._new_id()
            self.listed = (Job(job_id, kind, "successful", "scheduled", now, now), *self.listed)
            self._certain("process.ended", now, job_id, kind)
        self._show()

    def _crossed(self, name: str, before: int, value: int, threshold: int, now: datetime) -> None:
        side = "above" if before <= threshold < value else "below" if before >= threshold > value else ""
        if side:
            key = (_CROSSED[name in MEASURES], name, side, str(threshold), iso(now))
            self.possible[key] = Fact(key, now, {"previousValue": before, "value": value})

    def _new_id(self) -> str:
        self._job_count += 1
        return f"job-{self._job_count:04}"

    def _certain(self, kind: str, at: datetime | None, *names: str, **values: object) -> None:
        self.certain[kind, *names] = Fact((kind, *names), at, values)

    def _end(self, job: Job) -> None:
        self._replace(job)
        if job.operation_type == "all":
            self._certain("refresh.completed", job.ended_at, job.job_id, status=job.status)

    def _task_ended(self, job_id: str, task: Task) -> None:
        self._certain("process.ended", task.ended_at, job_id, task.friendly_name, outcome=task.status)
        for source_id, name in SOURCES.items():
            if task.operation_type == "ingestion" and task.friendly_name == name:
                self._refreshed(job_id, source_id, task)

    def _refreshed(self, job_id: str, source_id: str, task: Task) -> None:
        kind = _TOLD.get("failed" if task.status == "timedOut" else task.status)
        if kind is not None:
            self._certain(kind, task.ended_at, job_id, source_id, status=task.status)
        self._outcomes[source_id] = task
        self._show()

    def _replace(self, job: Job) -> None:
        self.listed = tuple(job if one.job_id == job.job_id else one for one in self.listed)

    def _show(self) -> None:
        self.node_list = tuple(self._node(source_id) for source_id in SOURCES)
        self.segment_list = tuple(self._segment(name) for name in SERIES if name not in MEASURES)
        outputs = {
            name: tuple(Output(at, {ALIAS: str(Decimal(value))}) for at, value in self._values[name])
            for name in MEASURES
        }
        self.measure_list = tuple(
            Measure(name, "", "completed", BIRTH, all_[-1].at, all_[-1:], all_[:-1]) for name, all_ in outputs.items()
        )

    def _segment(self, name: str) -> Segment:
        done = [Evaluation(at, "CompletedSuccess", value) for at, value in self._values[name]]
        in_vain = [Evaluation(at, "CompletedFailure", 10**6) for at in self._in_vain[name]]
        return Segment(name, "", "active", BIRTH, (*in_vain, *done))

    def _node(self, source_id: str) -> Node:
        task = self._outcomes.get(source_id)
        if task is None:
            return Node("ingestion", source_id, SOURCES[source_id], last_successful_at=BIRTH)
        job_id = task.task_id.partition("/")[0]
        success = task.ended_at if task.status == "successful" else BIRTH
        return Node("ingestion", source_id, SOURCES[source_id], (job_id,), task.status, task.ended_at, success)
