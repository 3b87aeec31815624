"""What a caller does at one Customer Insights environment, with the caller's own rights (API v1).

A user's calls carry a token on the user's behalf, so that Customer Insights' roles decide. An application's calls go
with this app's identity. A read is tried again when it fails; a write never is: nobody could tell whether it was done.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from shared.adapters import catalog_models as wire
from shared.adapters.action_failures import failure_of_action, is_about_the_key, is_about_the_token, unauthorized
from shared.adapters.insights_http import InsightsHttp, Reply, served_at
from shared.adapters.insights_models import WireJob
from shared.adapters.salvage import UNREADABLE, Wire, decode_counted, decode_one
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
from shared.errors import (
    ClaimsNeeded,
    InsightsAnswerInvalid,
    InsightsError,
    InsightsNotFound,
    InsightsOutcomeUnknown,
    InsightsUnavailable,
)

Found = TypeVar("Found", bound=Sequence[Any])
_MAX_BYTES = 32 * 1024 * 1024
_DEADLINE_SECONDS = 90.0  # the platform gives up at 120
_WORKFLOWS, _SOURCES = "workflows", "datasources"
_SPELLINGS: Mapping[str, tuple[str, str]] = {
    _WORKFLOWS: ("/workflows/main", "/manage/workflows/main"),
    _SOURCES: ("/manage/datasources", "/manage/datasources/v2"),
}
_LOOK_FIRST = "It is not known whether it was done: look before you try again."


class UserToken(Protocol):
    """A token on behalf of a user, for the API."""

    async def get(self) -> str:
        """The token. Raises ClaimsNeeded, Forbidden and IdentityUnavailable."""
        ...

    def forget(self) -> None:
        """It was refused: the next one has to be a new one."""
        ...


class CustomerInsightsActions:
    """The API as one caller sees it. `token` is a user's; without one, the connection brings the app's own.

    `spellings` remembers for all callers how paths are spelt.
    """

    def __init__(
        self,
        http: InsightsHttp,
        subscription_key: str,
        token: UserToken | None = None,
        spellings: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        self._http = http
        self._key = subscription_key
        self._token = token
        self._spellings = {} if spellings is None else spellings

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        """The environments that the caller can see."""
        reply = await self._send("GET", "/instances")
        return tuple(one.to_environment() for one in _listed(reply, wire.WireInstance))

    async def my_roles(self, environment_id: str) -> tuple[str, ...]:
        """The caller's roles at the environment."""
        reply = await self._send("GET", _path(environment_id, "/rbac/myrole"))
        return tuple(decode_one(reply.content, wire.WireRole).roles or ())

    async def data_sources(self, environment_id: str) -> tuple[DataSource, ...]:
        """All data sources."""
        reply = await self._first("GET", environment_id, _SOURCES, "")
        return tuple(one.to_source() for one in _listed(reply, wire.WireSource))

    async def data_source(self, environment_id: str, data_source_id: str) -> DataSource:
        """One data source."""
        path = _path(environment_id, "/manage/datasources/", data_source_id)
        reply = await self._send("GET", path, {"includeModel": "false"})
        return decode_one(reply.content, wire.WireSource).to_source()

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        """All segments; with some history, the members of one whose last evaluation failed are known too."""
        query = {"includeHistoricStats": "true", "historicStatsDays": str(history_days)} if history_days else {}
        reply = await self._send("GET", _path(environment_id, "/manage/segments"), query)
        return tuple(one.to_segment() for one in _listed(reply, wire.WireSegmentInfo))

    async def set_segment_active(self, environment_id: str, name: str, *, active: bool) -> None:
        """Activate or deactivate a segment."""
        verb = "activate" if active else "deactivate"
        await self._send("PUT", _path(environment_id, "/manage/segments/", name, f"/{verb}"))

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        """All measures, without their values."""
        reply = await self._send("GET", _path(environment_id, "/manage/measures"))
        return tuple(one.to_measure() for one in _listed(reply, wire.WireMeasureInfo))

    async def measure(self, environment_id: str, name: str) -> MeasureInfo:
        """One measure with its present values."""
        reply = await self._send("GET", _path(environment_id, "/manage/measures/", name))
        return decode_one(reply.content, wire.WireMeasureInfo).to_measure()

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs, without their tasks."""
        reply = await self._first("GET", environment_id, _WORKFLOWS, "/jobs", {"top": str(top)})
        jobs, listed = decode_counted(reply.content, WireJob)
        return JobList(_something(tuple(one.to_job() for one in jobs), listed), served_at(reply), listed)

    async def job(self, environment_id: str, job_id: str) -> Job:
        """One job with its tasks."""
        path = f"/jobs/{quote(job_id, safe='')}"
        reply = await self._first("GET", environment_id, _WORKFLOWS, path, {"includeTasks": "true"})
        return decode_one(reply.content, WireJob).to_job()

    async def start_job(self, environment_id: str, operation_type: str, identifier: str = "") -> Job:
        """Start a job: of one thing, or of everything that the operation works on."""
        query = {"operationType": operation_type, "forceRunRequested": "true"}
        body: dict[str, Any] = {
            "operationType": operation_type,
            "submissionKind": "onDemand",
            "forceRunRequested": True,
        }
        if identifier:
            query["identifiers"] = f"'{identifier}'"  # as the documentation writes it (odata-examples)
            body["identifiers"] = [identifier]
        return _job_of(await self._first("POST", environment_id, _WORKFLOWS, "/jobs", query, msgspec.json.encode(body)))

    async def cancel_job(self, environment_id: str, job_id: str) -> Job:
        """Cancel a job that has not ended."""
        path = f"/jobs/{quote(job_id, safe='')}/cancel"
        return _job_of(await self._first("POST", environment_id, _WORKFLOWS, path))

    async def entities(self, environment_id: str) -> tuple[Entity, ...]:
        """All entities."""
        reply = await self._send("GET", _path(environment_id, "/manage/entities"))
        model = decode_one(reply.content, wire.WireEntityModel)
        if bytes(model.entities) == b"null":
            return ()
        listed, count = decode_counted(bytes(model.entities), wire.WireEntity)
        return _something(tuple(entity for one in listed if (entity := one.to_entity()).name), count)

    async def entity(self, environment_id: str, name: str) -> Entity:
        """One entity with its attributes and partitions."""
        reply = await self._send("GET", _path(environment_id, "/manage/entities/", name))
        found = decode_one(reply.content, wire.WireEntity).to_entity()
        if not found.name:
            raise InsightsAnswerInvalid("The API's answer is not an entity.")
        return found

    async def entity_size(self, environment_id: str, name: str) -> EntitySize:
        """How large an entity is."""
        reply = await self._send("GET", _path(environment_id, "/manage/entities/", name, "/entitysize"))
        return decode_one(reply.content, wire.WireSize).to_size()

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        """Rows of an entity, as OData's query options say; the API gives 100 of them at most."""
        reply = await self._send("GET", _path(environment_id, "/data/", entity), query)
        try:
            found = wire.items_decoder.decode(reply.content)
        except UNREADABLE:
            raise InsightsAnswerInvalid("The API's answer is not a list of rows.") from None
        return Items(tuple(bytes(row) for row in found.value), found.count if isinstance(found.count, int) else None)

    async def create_item(self, environment_id: str, entity: str, item: bytes, options: Mapping[str, str]) -> Created:
        """Write an item."""
        reply = await self._send("POST", _path(environment_id, "/data/", entity), options, item)
        try:
            shown = bytes(decode_one(reply.content, wire.WireCreated).value)
        except InsightsAnswerInvalid:  # it is written all the same
            shown = b""
        return Created(reply.status != 202, shown if shown.startswith(b"{") else None)

    async def update_item(
        self, environment_id: str, entity: str, item_id: str, item: bytes, options: Mapping[str, str]
    ) -> None:
        """Change an item."""
        await self._send("PATCH", _path(environment_id, "/data/", entity, f"/{quote(item_id, safe='')}"), options, item)

    async def _first(
        self,
        method: str,
        environment_id: str,
        family: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """The path is spelt in two ways; where one is not there, nothing was done and the other is tried.

        The one that answers is tried first from then on.
        """
        first, second = self._spellings.get(family, _SPELLINGS[family])
        try:
            return await self._send(method, _path(environment_id, first, rest=path), query, body)
        except InsightsNotFound:
            reply = await self._send(method, _path(environment_id, second, rest=path), query, body)
            self._spellings[family] = (second, first)
            return reply

    async def _send(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        headers = {"Ocp-Apim-Subscription-Key": self._key}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {await self._token.get()}"
        request, writes = self._http.request(method, path, query or {}, headers, body), method != "GET"
        try:
            reply = await self._http.send(
                request, once=writes, max_bytes=_MAX_BYTES, deadline_seconds=_DEADLINE_SECONDS
            )
        except (InsightsUnavailable, InsightsAnswerInvalid) as unknown:
            raise (InsightsOutcomeUnknown(f"{unknown} {_LOOK_FIRST}") if writes else unknown) from None
        if reply.status >= 300:
            raise self._failure(reply, writes=writes)
        return reply

    def _failure(self, reply: Reply, *, writes: bool) -> InsightsError | ClaimsNeeded:
        """What an answer that is no success means to the caller."""
        if self._token is not None and reply.status == 401 and not is_about_the_key(reply):
            if is_about_the_token(reply):
                self._token.forget()
            return unauthorized(reply)
        failure = failure_of_action(reply, as_user=self._token is not None)
        if writes and isinstance(failure, InsightsUnavailable | InsightsAnswerInvalid):
            return InsightsOutcomeUnknown(f"{failure} {_LOOK_FIRST}")
        return failure


def _path(environment_id: str, place: str, name: str = "", rest: str = "") -> str:
    """A path whose names are quoted, so that none of them leads elsewhere."""
    return f"/instances/{quote(environment_id, safe='')}{place}{quote(name, safe='')}{rest}"


def _listed(reply: Reply, kind: type[Wire]) -> Sequence[Wire]:
    return _something(*decode_counted(reply.content, kind))


def _job_of(reply: Reply) -> Job:
    """The job that a write tells of; an answer that cannot be read leaves open what was done."""
    try:
        return decode_one(reply.content, WireJob).to_job()
    except InsightsAnswerInvalid as unknown:
        raise InsightsOutcomeUnknown(f"{unknown} {_LOOK_FIRST}") from None


def _something(found: Found, listed: int) -> Found:
    """What was found; that nothing of a list can be read is not told as if there were nothing."""
    if listed and not found:
        raise InsightsAnswerInvalid("Nothing in the API's list can be read.")
    return found
