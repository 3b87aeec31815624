"""The Customer Insights API v1, read with the app's own identity and the environment's subscription key.

Two credentials go with every call: a bearer token (scope https://api.ci.ai.microsoft.com/.default) and the header
Ocp-Apim-Subscription-Key. Some paths have two spellings (the client library's and the documentation's); the one that
answers is remembered. A long Retry-After is not waited for: until it is over, calls fail at once.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from shared.adapters import insights_models as wire
from shared.adapters.insights_http import InsightsHttp, Reply, failure_of, served_at
from shared.adapters.salvage import decode_list, decode_one, translate_each
from shared.domain.snapshot import Job, JobList, Judged, Measure, Node, Segment
from shared.domain.subscribing import COLUMN
from shared.errors import InsightsError, InsightsNotFound, InsightsRejected, InsightsThrottled
from shared.ports import NamedKind

_QUOTE = "'"
_NAMES_SECONDS = 60
_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "workflows": ("/workflows/main", "/manage/workflows/main"),
    "datasources": ("/manage/datasources", "/manage/datasources/v2"),
}


class CustomerInsightsApi:
    """The client. `subscription_key` answers the key of an environment."""

    def __init__(
        self,
        http: InsightsHttp,
        subscription_key: Callable[[str], str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._subscription_key = subscription_key
        self._monotonic = monotonic
        self._variant: dict[str, str] = {}
        self._paused_until: dict[str, float] = {}
        self._names: dict[tuple[str, NamedKind], tuple[float, frozenset[str]]] = {}

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs with their tasks, and the source's clock from the Date header."""
        return await self._jobs(environment_id, {"top": str(top), "includeTasks": "true"})

    async def headlines(self, environment_id: str, *, top: int) -> JobList:
        """The same without their tasks."""
        return await self._jobs(environment_id, {"top": str(top), "includeTasks": "false"})

    async def _jobs(self, environment_id: str, query: Mapping[str, str]) -> JobList:
        response = await self._get_variant(environment_id, "workflows", "/jobs", query)
        listed = translate_each(response.content, wire.WireJob, wire.WireJob.to_job)
        return JobList(tuple(job for job in listed if job), served_at(response), len(listed))

    async def job(self, environment_id: str, job_id: str) -> Job:
        """One job with its tasks."""
        path = f"/jobs/{quote(job_id, safe='')}"
        response = await self._get_variant(environment_id, "workflows", path, {"includeTasks": "true"})
        return decode_one(response.content, wire.WireJob).to_job()

    async def nodes(self, environment_id: str) -> tuple[Node, ...]:
        """The latest state of everything in the workflow."""
        response = await self._get_variant(environment_id, "workflows", "/status", {})
        return tuple(filter(None, translate_each(response.content, wire.WireNode, wire.WireNode.to_node)))

    async def data_sources(self, environment_id: str) -> dict[str, str]:
        """Friendly names of the data sources, by identifier."""
        response = await self._get_variant(environment_id, "datasources", "", {})
        found = (item.data_source_metadata for item in decode_list(response.content, wire.WireDataSource))
        return {one.data_source_id: one.friendly_name or one.name or "" for one in found if one and one.data_source_id}

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        """All segments with their evaluations of the last days."""
        query = {"includeHistoricStats": "true", "historicStatsDays": str(history_days)}
        response = await self._get(environment_id, "/manage/segments", query)
        listed = translate_each(response.content, wire.WireSegment, partial(wire.WireSegment.to_segment, judged=judged))
        return tuple(filter(None, listed))

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        """All measures, without history."""
        response = await self._get(environment_id, "/manage/measures", {})
        return tuple(filter(None, translate_each(response.content, wire.WireMeasure, wire.WireMeasure.to_measure)))

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        """One measure with its outputs of the last days."""
        query = {"includeHistoricStats": "true", "historicStatsDays": str(history_days)}
        response = await self._get(environment_id, f"/manage/measures/{quote(name, safe='')}", query)
        return decode_one(response.content, wire.WireMeasure).to_measure()

    async def knows(self, environment_id: str, kind: NamedKind, name: str) -> bool:
        """Whether there is a segment or measure of that name, or a data source of that id, in any casing.

        A name that was listed lately is not asked for again: many flows may be switched on at once.
        """
        name = name.lower() if kind is NamedKind.DATA_SOURCE else name
        seen_at, names = self._names.get((environment_id, kind), (-math.inf, frozenset()))
        if self._monotonic() - seen_at > _NAMES_SECONDS or name not in names:
            names = frozenset(await self._names_of(environment_id, kind))
            self._names[environment_id, kind] = self._monotonic(), names
        return name in names

    async def _names_of(self, environment_id: str, kind: NamedKind) -> Iterable[str]:
        match kind:
            case NamedKind.SEGMENT:
                return (segment.name for segment in await self.segments(environment_id, history_days=1))
            case NamedKind.MEASURE:
                return (measure.name for measure in await self.measures(environment_id))
            case NamedKind.DATA_SOURCE:
                return (found.lower() for found in await self.data_sources(environment_id))

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        """One row of a measure's output table, which has a column for each dimension and aggregate.

        That a measure's table is queried under the measure's name is inferred from the documentation (odata-examples).
        """
        if not all(COLUMN.fullmatch(column) for column, _ in dimensions):
            raise InsightsRejected("A dimension's name has characters that no column has.")
        wanted = " and ".join(f"{column} eq '{value.replace(_QUOTE, 2 * _QUOTE)}'" for column, value in dimensions)
        query = {"$filter": wanted, "$top": "1"}
        response = await self._get(environment_id, f"/data/{quote(name, safe='')}", query)
        rows = wire.decode_rows(response.content)
        columns = {column for column, _ in dimensions}
        return {alias: value for alias, value in rows[0].items() if alias not in columns} if rows else {}

    async def _get_variant(self, environment_id: str, family: str, path: str, query: Mapping[str, str]) -> Reply:
        """Try each spelling of a path until one answers; a 404 from all of them is the environment's."""
        place = f"{family}{path.rpartition('/jobs/')[1] or path}"
        if place in self._variant:
            return await self._get(environment_id, self._variant[place] + path, query)
        missing = InsightsNotFound()
        for variant in _VARIANTS[family]:
            try:
                response = await self._get(environment_id, variant + path, query)
            except InsightsNotFound as not_found:
                missing = not_found
            else:
                self._variant[place] = variant
                return response
        raise missing

    async def _get(self, environment_id: str, path: str, query: Mapping[str, str]) -> Reply:
        self._check_pause(environment_id)
        headers = {"Ocp-Apim-Subscription-Key": self._subscription_key(environment_id)}
        path = f"/instances/{quote(environment_id, safe='')}{path}"
        reply = await self._http.send(self._http.request("GET", path, query, headers))
        if reply.status >= 400:
            failure = failure_of(reply)
            self._note_pause(environment_id, failure)
            raise failure
        return reply

    def _check_pause(self, environment_id: str) -> None:
        left = self._paused_until.get(environment_id, 0.0) - self._monotonic()
        if left > 0:
            raise InsightsThrottled(f"The API asked to wait; {left:.0f} s are left.", retry_after_seconds=left)

    def _note_pause(self, environment_id: str, failure: InsightsError) -> None:
        if failure.retry_after_seconds:
            self._paused_until[environment_id] = self._monotonic() + failure.retry_after_seconds
