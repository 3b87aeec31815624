"""What does the API answer for an environment of any size? The vendor's JSON, made up once and kept as bytes."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

BIG = "5b1c7f0e-52a4-4c8a-9a37-1f0d2a6c9e11"
MEMBERS_BEFORE, MEMBERS_AFTER, THRESHOLD = 900, 1100, 1000
EVALUATIONS = 30  # of each segment, in its history
_ALIAS = "Total"


@dataclass(frozen=True, slots=True)
class Size:
    """How large is everything? `full_jobs`: so many of the listed jobs have a task for each part."""

    segments: int
    measures: int
    sources: int
    subscriptions: int
    environments: int
    changed: int
    watched_measures: int
    full_jobs: int = 2

    @classmethod
    def read(cls, text: str) -> "Size":
        """As it was written."""
        return cls(**json.loads(text))

    def written(self) -> str:
        """As a process is told it."""
        return json.dumps(asdict(self))


def environment_of(segments: int, *, changed: int = 0) -> Size:
    """An environment with so many segments, a tenth as many measures, and 200 data sources at most."""
    return Size(segments, max(1, segments // 10), max(1, min(200, segments // 50)), 0, 1, changed, 0)


def segment_name(number: int) -> str:
    """The unique name of a segment."""
    return f"Segment{number:05}"


def measure_name(number: int) -> str:
    """The unique name of a measure."""
    return f"Measure{number:05}"


def environment_id(number: int) -> str:
    """One of many small environments."""
    return f"5b1c7f0e-52a4-4c8a-9a37-{number:012}"


@dataclass(slots=True)
class MadeUp:
    """The answers, before a job grew the first segments and after it."""

    size: Size
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _written: dict[tuple[str, bool], bytes] = field(default_factory=dict)

    def answer(self, what: str, *, grown: bool = False) -> bytes:
        """The list of that name."""
        key = (what, grown and what in ("jobs", "headlines", "segments"))
        if key not in self._written:
            self._written[key] = msgspec.json.encode(self._list(*key))
        return self._written[key]

    def one_measure(self, number: int) -> bytes:
        """A measure with its history."""
        history = [self._output(number, day) for day in range(EVALUATIONS)]
        return msgspec.json.encode({**self._measure(number), "output": history[0], "outputHistory": history})

    def _list(self, what: str, grown: bool) -> list[Any]:
        match what:
            case "jobs":
                return self._jobs(grown)
            case "headlines":
                return [{name: value for name, value in job.items() if name != "tasks"} for job in self._jobs(grown)]
            case "segments":
                return self._segments(grown)
            case "status":
                return [self._node(part) for part in self._parts()]
            case "measures":
                return [self._measure(number) for number in range(self.size.measures)]
        raise LookupError(what)

    def _parts(self) -> list[tuple[str, str]]:
        """Everything that a full refresh works on: its operation and its name."""
        return [
            *(("ingestion", f"Source {number:03}") for number in range(self.size.sources)),
            *((stage, stage) for stage in ("map", "match", "merge")),
            *(("segmentation", segment_name(number)) for number in range(self.size.segments)),
            *(("measures", measure_name(number)) for number in range(self.size.measures)),
        ]

    def _jobs(self, grown: bool) -> list[dict[str, Any]]:
        parts = self._parts()
        listed = [
            self._job(f"job-{age}", "all" if age < self.size.full_jobs else "export", age * 600 + 600, parts)
            for age in range(25)
        ]
        changed = [("segmentation", segment_name(number)) for number in range(self.size.changed)]
        return [self._job("job-grown", "segmentation", 1, changed), *listed] if grown else listed

    def _job(self, job_id: str, operation: str, minutes_ago: int, parts: list[tuple[str, str]]) -> dict[str, Any]:
        tasks = [] if operation == "export" else [self._task(job_id, part, minutes_ago) for part in parts]
        return {
            "jobId": job_id,
            "jobType": "full",
            "jobSubmissionKind": "scheduled",
            "jobStatus": "successful",
            "operationType": operation,
            "subType": "noSubType",
            "submittedTimestamp": self._at(minutes_ago + 60),
            "endTimestamp": self._at(minutes_ago),
            "idList": [],
            "tasks": tasks,
        }

    def _task(self, job_id: str, part: tuple[str, str], minutes_ago: int) -> dict[str, Any]:
        operation, name = part
        return {
            "taskId": f"{job_id}-{operation}-{name}",
            "submittedTimestamp": self._at(minutes_ago + 60),
            "waitingTaskIds": [],
            "taskStatus": "successful",
            "operationType": operation,
            "subType": "noSubType",
            "jobIds": [job_id],
            "friendlyName": name,
            "endTimestamp": self._at(minutes_ago),
            "ciErrors": [],
        }

    def _node(self, part: tuple[str, str]) -> dict[str, Any]:
        ended = self._at(600)
        task = self._task("job-0", part, 600)
        return {**task, "identifier": part[1].lower(), "lastSuccessJobIds": ["job-0"], "lastSuccessfulTimestamp": ended}

    def _segments(self, grown: bool) -> list[dict[str, Any]]:
        before = [self._stats(MEMBERS_BEFORE, 600 + 24 * 60 * day) for day in range(EVALUATIONS)]
        after = [self._stats(MEMBERS_AFTER, 1), *before]
        created = self._at(10**6)
        return [
            self._segment(number, after if grown and number < self.size.changed else before, created)
            for number in range(self.size.segments)
        ]

    def _segment(self, number: int, history: list[dict[str, Any]], created: str) -> dict[str, Any]:
        return {
            "name": segment_name(number),
            "friendlyName": f"Segment {number:05} of customers",
            "kind": "default",
            "state": "active",
            "evaluationStatus": history[0],
            "evaluationStatusHistory": history,
            "createdBy": "admin@contoso.example",
            "createdUtc": created,
            "version": 1,
        }

    def _stats(self, members: int, minutes_ago: int) -> dict[str, Any]:
        return {"jobStatus": "CompletedSuccess", "evaluationDate": self._at(minutes_ago), "entityCount": members}

    def _measure(self, number: int) -> dict[str, Any]:
        return {
            "name": measure_name(number),
            "displayName": f"Measure {number:05}",
            "definition": {"kind": "entity", "isScalar": True, "aggregates": [{"operation": "sum", "alias": _ALIAS}]},
            "latestEvaluation": {"state": "completed", "endTime": self._at(600)},
            "createdUtc": self._at(10**6),
        }

    def _output(self, number: int, day: int) -> dict[str, Any]:
        at = self._at(600 + 24 * 60 * day)
        return {"measureName": measure_name(number), "evaluationTime": at, "values": {_ALIAS: "900.5"}}

    def _at(self, minutes_ago: int) -> str:
        return (self.now - timedelta(minutes=minutes_ago)).isoformat()
