"""What does the API answer for an environment of any size? The vendor's JSON, written once and served as bytes."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

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
class Vendor:
    """The answers, before a job grew the first segments and after it: set `grown`."""

    size: Size
    grown: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    answers: dict[tuple[str, bool], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for grown in (False, True):
            self.answers["jobs", grown] = _json(self._jobs(grown))
            self.answers["segments", grown] = _json(
                [self._segment(number, grown and number < self.size.changed) for number in range(self.size.segments)]
            )
        for name, items in {
            "status": [self._node(part) for part in self._parts()],
            "measures": [self._measure(number) for number in range(self.size.measures)],
        }.items():
            self.answers[name, False] = self.answers[name, True] = _json(items)

    @property
    def app(self) -> web.Application:
        """What serves them; the small environments have nothing but a name."""
        made = web.Application()
        made.router.add_get("/v1/instances/{id}/workflows/main/{what}", self._answer)
        made.router.add_get("/v1/instances/{id}/manage/{what}", self._answer)
        made.router.add_get("/v1/instances/{id}/manage/measures/{name}", self._one_measure)
        made.router.add_post("/grow", self._grow)
        return made

    async def _answer(self, request: web.Request) -> web.Response:
        small = request.match_info["id"] != BIG
        body = b"[]" if small else self.answers[request.match_info["what"], self.grown]
        return web.Response(body=body, content_type="application/json")

    async def _one_measure(self, request: web.Request) -> web.Response:
        number = int(request.match_info["name"].removeprefix("Measure"))
        history = [self._output(number, day) for day in range(EVALUATIONS)]
        one = {**self._measure(number), "output": history[0], "outputHistory": history}
        return web.Response(body=_json(one), content_type="application/json")

    async def _grow(self, _: web.Request) -> web.Response:
        self.grown = True
        return web.Response(status=204)

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

    def _segment(self, number: int, grown: bool) -> dict[str, Any]:
        before = [self._stats(MEMBERS_BEFORE, 600 + 24 * 60 * day) for day in range(EVALUATIONS)]
        history = [self._stats(MEMBERS_AFTER, 1), *before] if grown else before
        return {
            "name": segment_name(number),
            "friendlyName": f"Segment {number:05} of customers",
            "kind": "default",
            "state": "active",
            "evaluationStatus": history[0],
            "evaluationStatusHistory": history,
            "createdBy": "admin@contoso.example",
            "createdUtc": self._at(10**6),
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


def _json(what: object) -> bytes:
    return json.dumps(what, separators=(",", ":")).encode()
