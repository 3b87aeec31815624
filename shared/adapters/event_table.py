"""The event log as a table.

events   PK environment id, RK sequence number (19 digits): Type, Subject, Time, Body (CloudEvents JSON) or Claim
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.blobs import BlobClaims
from shared.adapters.rows import Row, any_of, batches, event_columns, event_in, first, or_none, remove_where, rows_of
from shared.adapters.storage import or_create
from shared.domain.events import NumberedEvent
from shared.stores import EventQuery

EVENTS = "events"
_EARLIEST = datetime(1601, 1, 1, tzinfo=UTC)  # a table holds no time before it


class TableEventLog:
    """The event log."""

    def __init__(self, service: TableServiceClient, claims: BlobClaims) -> None:
        self._table = service.get_table_client(EVENTS)
        self._claims = claims

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        """Write events under their numbers, a hundred a transaction."""
        rows = [await self._row(environment_id, numbered) for numbered in events]
        for batch in batches(rows):
            operations = [("upsert", row, {"mode": UpdateMode.REPLACE}) for row in batch]
            await or_create(lambda: self._table.submit_transaction(operations), self._table.create_table)  # noqa: B023

    async def read(self, environment_id: str, *, after: int, limit: int) -> list[NumberedEvent]:
        """Events after a number."""
        return await self.search(environment_id, EventQuery(after=after), limit=limit)

    async def search(self, environment_id: str, query: EventQuery, *, limit: int) -> list[NumberedEvent]:
        """The events that a query asks for."""
        text, parameters = _filter(environment_id, query)
        rows = rows_of(self._table, text, parameters, page=limit)
        return await first(limit, (await or_none(self._event(row), row) async for row in rows))

    async def last_number(self, environment_id: str) -> int:
        """The highest number. A table gives no last row, so all keys are read; only a first poll asks."""
        keys = rows_of(self._table, "PartitionKey eq @environment", {"environment": environment_id}, select=["RowKey"])
        return max([int(row["RowKey"]) async for row in keys], default=0)

    async def forget(self, before: datetime) -> int:
        """Remove events of before a time."""
        return await remove_where(self._table, "Time lt @before", {"before": before})

    async def _event(self, row: Row) -> NumberedEvent:
        return NumberedEvent(int(row["RowKey"]), await event_in(row, self._claims))

    async def _row(self, environment_id: str, numbered: NumberedEvent) -> Row:
        event = numbered.event
        return {
            "PartitionKey": environment_id,
            "RowKey": f"{numbered.sequence:019d}",
            "Type": event.type,
            "Subject": event.subject[:1000],
            "Time": max(event.time, _EARLIEST),
            **await event_columns(event, self._claims),
        }


def _filter(environment_id: str, query: EventQuery) -> tuple[str, dict[str, object]]:
    parts = ["PartitionKey eq @environment", "RowKey gt @after"]
    parameters: dict[str, object] = {"environment": environment_id, "after": f"{query.after:019d}"}
    if query.since is not None:
        parts.append("Time ge @since")
        parameters["since"] = query.since
    if query.until is not None:
        parts.append("Time lt @until")
        parameters["until"] = query.until
    if query.types:
        text, wanted = any_of("Type", query.types)
        parts.append(text)
        parameters |= wanted
    if query.subject:
        parts.append("Subject eq @subject")
        parameters["subject"] = query.subject[:1000]
    return " and ".join(parts), parameters
