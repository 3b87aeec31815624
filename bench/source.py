"""Where do the changes come from? A source with very many parts, as a process of its own: `python -m bench.source`.

It answers the calls of the API that a poll makes, with bytes that it wrote once, and gives the app's identity a token.
POST /grow: a job ended in which every data source was refreshed, every segment grew and so many processes ended (or,
with ?processes=N, one in which N processes ended and nothing else). GET /asked: when it was first asked for its jobs
after that.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
from aiohttp import web

_TASKS = UUID("6b1c7f0e-52a4-5c8a-9a37-1f0d2a6c9e21")
ENVIRONMENT = "5b1c7f0e-52a4-4c8a-9a37-1f0d2a6c9e21"
MEMBERS_BEFORE, THRESHOLD, MEMBERS_AFTER = 900, 1000, 1100
_PARTS = ("headlines", "jobs", "status", "segments")


def source_name(number: int) -> str:
    """The friendly name of a data source."""
    return f"Data source {number:05}"


def segment_name(number: int) -> str:
    """The unique name of a segment."""
    return f"Segment{number:05}"


@dataclass(slots=True)
class Source:
    """The answers before and after everything changed: so many data sources, segments and processes.

    `asked_at`: when it was first asked for its jobs since it changed last.
    """

    sources: int
    segments: int
    processes: int = 0
    grown: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    asked_at: float = 0.0
    _ended: list[dict[str, Any]] = field(default_factory=list)
    _written: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ended.append(self._job("before", 60, []))

    def answer(self, what: str) -> bytes:
        """The list of that name, as it is now."""
        if what in ("jobs", "headlines") and not self.asked_at:
            self.asked_at = time.time()
        if what not in self._written:
            self._written[what] = msgspec.json.encode(self._list(what))
        return self._written[what]

    def grow(self) -> None:
        """Everything changes now."""
        self.grown, self.now = True, datetime.now(UTC)
        ingested = [self._task("ingestion", source_name(number)) for number in range(self.sources)]
        segmented = [self._task("segmentation", "segmentation")] if self.segments else []
        self._end([*ingested, *segmented, *self._exports(self.processes)])

    def end(self, processes: int) -> None:
        """So many processes end now, and nothing else changes."""
        self.now = datetime.now(UTC)
        self._end(self._exports(processes))

    def _end(self, tasks: list[dict[str, Any]]) -> None:
        self._ended.insert(0, self._job(f"grown-{len(self._ended)}", 0, tasks))
        self._written.clear()
        for what in _PARTS:  # the app is not to wait for it
            self.answer(what)
        self.asked_at = 0.0

    def _list(self, what: str) -> list[dict[str, Any]]:
        lists: dict[str, Callable[[], list[dict[str, Any]]]] = {"status": self._nodes, "segments": self._segments}
        if what == "headlines":
            return [{name: value for name, value in job.items() if name != "tasks"} for job in self._ended]
        return self._ended if what == "jobs" else lists.get(what, list)()

    def _job(self, job_id: str, minutes_ago: int, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "jobId": job_id,
            "jobSubmissionKind": "scheduled",
            "jobStatus": "successful",
            "operationType": "ingestion",
            "submittedTimestamp": self._at(minutes_ago + 30),
            "endTimestamp": self._at(minutes_ago),
            "tasks": tasks,
        }

    def _exports(self, count: int) -> list[dict[str, Any]]:
        return [self._task("export", f"Export {number:05}", number) for number in range(count)]

    def _task(self, operation: str, name: str, number: int = 0) -> dict[str, Any]:
        """No two have the same id or end, as in life: alike they would compress better than any that users have."""
        return {
            "taskId": str(uuid5(_TASKS, f"{self.now}{operation}{name}")),
            "submittedTimestamp": self._at(30),
            "taskStatus": "successful",
            "operationType": operation,
            "friendlyName": name,
            "endTimestamp": (self.now + timedelta(microseconds=37 * (number - self.processes))).isoformat(),
        }

    def _nodes(self) -> list[dict[str, Any]]:
        ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(self.sources)]
        return [
            {**self._task("ingestion", source_name(number)), "identifier": one, "jobIds": [self._ended[0]["jobId"]]}
            for number, one in enumerate(ids)
        ]

    def _segments(self) -> list[dict[str, Any]]:
        now = [self._evaluation(MEMBERS_AFTER, 0)] if self.grown else []
        history = [*now, *(self._evaluation(MEMBERS_BEFORE, 60 + 1440 * day) for day in range(30))]
        return [
            {
                "name": segment_name(number),
                "friendlyName": f"Segment {number:05} of customers",
                "state": "active",
                "evaluationStatus": history[0],
                "evaluationStatusHistory": history,
                "createdUtc": "2024-01-01T00:00:00Z",
            }
            for number in range(self.segments)
        ]

    def _evaluation(self, members: int, minutes_ago: int) -> dict[str, Any]:
        return {"jobStatus": "CompletedSuccess", "evaluationDate": self._at(minutes_ago), "entityCount": members}

    def _at(self, minutes_ago: int) -> str:
        return (self.now - timedelta(minutes=minutes_ago)).isoformat()


def application(source: Source) -> web.Application:
    """What serves it."""

    async def answer(request: web.Request) -> web.Response:
        what = "headlines" if request.query.get("includeTasks") == "false" else request.match_info["what"]
        return web.Response(body=source.answer(what), content_type="application/json")

    async def grow(request: web.Request) -> web.Response:
        if "processes" in request.query:
            source.end(int(request.query["processes"]))
        else:
            source.grow()
        return web.json_response({"at": source.now.timestamp()})

    async def asked(_: web.Request) -> web.Response:
        return web.json_response({"at": source.asked_at})

    async def token(_: web.Request) -> web.Response:
        until = int(datetime.now(UTC).timestamp()) + 86_400
        return web.json_response(
            {"access_token": "bench", "expires_on": until, "token_type": "Bearer", "resource": "bench"}
        )

    made = web.Application()
    made.router.add_get("/v1/instances/{id}/workflows/main/{what}", answer)
    made.router.add_get("/v1/instances/{id}/manage/{what}", answer)
    made.router.add_post("/grow", grow)
    made.router.add_get("/asked", asked)
    made.router.add_get("/msi/token", token)
    return made


async def serve(source: Source, port: int) -> None:
    """Answer until the process is ended."""
    runner = web.AppRunner(application(source), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="bench.source")
    parser.add_argument("--port", type=int, required=True)
    for name in ("sources", "segments", "processes"):
        parser.add_argument(f"--{name}", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(serve(Source(given.sources, given.segments, given.processes), given.port))


if __name__ == "__main__":
    main()
