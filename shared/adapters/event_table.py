"""The event log as a table.

events   PK environment id, RK number of the last event (19 digits): Count, Type, Subject (empty: several), Since, Time
         (of the oldest and the youngest), Body (gzipped CloudEvents JSON) or Claim

A row is a page (event_pages.py): what a poll brought is in one or a few.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.blobs import BlobClaims
from shared.adapters.event_pages import Page, decode_page, pages
from shared.adapters.rows import Row, any_of, batches, body_columns, body_in, first, or_none, remove_where, rows_of
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
        """Write events under their numbers, as few pages as they fit in."""
        rows = [await self._row(environment_id, page) for page in pages(events)]
        for batch in batches(rows):
            await or_create(lambda: self._write(batch), self._table.create_table)  # noqa: B023

    async def read(self, environment_id: str, *, after: int, limit: int) -> list[NumberedEvent]:
        """Events after a number."""
        return await self.search(environment_id, EventQuery(after=after), limit=limit)

    async def search(self, environment_id: str, query: EventQuery, *, limit: int) -> list[NumberedEvent]:
        """The events that a query asks for."""
        return await first(limit, self._found(environment_id, query, limit))

    async def _found(self, environment_id: str, query: EventQuery, limit: int) -> AsyncIterator[NumberedEvent]:
        """The pages that may hold what is asked for, read event by event. What was written again is told once."""
        text, parameters = _filter(environment_id, query)
        told = query.after
        async for row in rows_of(self._table, text, parameters, page=limit):
            for numbered in await or_none(self._page(row), row) or ():
                if numbered.sequence > told:
                    told = numbered.sequence
                    if query.wants(numbered.event):
                        yield numbered

    async def last_number(self, environment_id: str) -> int:
        """The highest number. A table gives no last row, so all keys are read; only a first poll asks."""
        keys = rows_of(self._table, "PartitionKey eq @environment", {"environment": environment_id}, select=["RowKey"])
        return max([int(row["RowKey"]) async for row in keys], default=0)

    async def forget(self, before: datetime) -> int:
        """Remove events of before a time."""
        removed = await remove_where(self._table, "Time lt @before", {"before": before}, "Count")
        return sum(row.get("Count", 1) for row in removed)

    async def _write(self, batch: Sequence[Row]) -> None:
        """A transaction costs the SDK far more than a row that is alone."""
        if len(batch) == 1:
            await self._table.upsert_entity(batch[0], mode=UpdateMode.REPLACE)
        else:
            await self._table.submit_transaction([("upsert", row, {"mode": UpdateMode.REPLACE}) for row in batch])

    async def _page(self, row: Row) -> list[NumberedEvent]:
        return decode_page(int(row["RowKey"]), await body_in(row, self._claims))

    async def _row(self, environment_id: str, page: Page) -> Row:
        times = [event.time for event in page.events]
        return {
            "PartitionKey": environment_id,
            "RowKey": f"{page.last:019d}",
            "Count": len(page.events),
            "Type": _common([event.type for event in page.events]),
            "Subject": _common([event.subject[:1000] for event in page.events]),
            "Since": max(min(times), _EARLIEST),
            "Time": max(*times, _EARLIEST),
            **await body_columns(page.body, self._claims),
        }


def _common(texts: Sequence[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else ""


def _filter(environment_id: str, query: EventQuery) -> tuple[str, dict[str, object]]:
    parts = ["PartitionKey eq @environment", "RowKey gt @after"]
    parameters: dict[str, object] = {"environment": environment_id, "after": f"{query.after:019d}"}
    if query.since is not None:
        parts.append("Time ge @since")
        parameters["since"] = query.since
    if query.until is not None:
        parts.append("Since lt @until")
        parameters["until"] = query.until
    if query.types:
        text, wanted = any_of("Type", [*query.types, ""])
        parts.append(text)
        parameters |= wanted
    if query.subject:
        parts.append("( Subject eq @subject or Subject eq '' )")
        parameters["subject"] = query.subject[:1000]
    return " and ".join(parts), parameters
