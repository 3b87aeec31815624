"""What the tables have in common: reading rows, writing and removing them a hundred a transaction, events in a row."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.adapters import messages
from shared.adapters.blobs import BlobClaims
from shared.adapters.storage import code_of
from shared.domain.events import Event
from shared.domain.subscribing import ENVIRONMENT_ID
from shared.errors import MessageInvalid

MAX_ROW_BYTES = 60 * 1024  # a binary column holds 64 KiB
MAX_BATCH_ROWS = 100  # an entity group transaction: 100 entities, 4 MiB
_MAX_BATCH_BYTES = 700 * 1024  # base64 makes less than 1 MiB of it, which aiohttp sends without complaint
_ID = re.compile(rf"({ENVIRONMENT_ID.pattern})\.[A-Za-z0-9._-]{{1,300}}")

OVERTAKEN = (404, 412)  # somebody else removed or changed a row since we read it

Row = Mapping[str, Any]
AnyRow = TypeVar("AnyRow", bound=Row)
Found = TypeVar("Found")
_log = logging.getLogger(__name__)


async def rows_of(
    table: TableClient,
    query: str,
    parameters: Mapping[str, object],
    limit: int | None = None,
    select: list[str] | None = None,
    page: int = 1000,
) -> AsyncIterator[TableEntity]:
    """Rows in key order, so many in one answer; none where the table does not exist yet."""
    if limit == 0 or page == 0:
        return
    size = min(limit or page, 1000)
    count = 0
    try:
        async for row in table.query_entities(query, parameters=dict(parameters), results_per_page=size, select=select):
            yield row
            count += 1
            if count == limit:
                return
    except HttpResponseError as error:
        if code_of(error) != "TableNotFound":
            raise


def batches(rows: Sequence[AnyRow]) -> Iterator[list[AnyRow]]:
    """Rows of one partition in as few transactions as they fit in."""
    batch: list[AnyRow] = []
    size = 0
    for row in rows:
        weight = len(row.get("Body", b"")) + 1024
        if batch and (len(batch) == MAX_BATCH_ROWS or size + weight > _MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


async def remove_where(
    table: TableClient, query: str, parameters: Mapping[str, object], *columns: str
) -> list[TableEntity]:
    """Remove the rows that a query finds; answers their keys and these columns of them.

    One that is written again meanwhile stays.
    """
    select = ["PartitionKey", "RowKey", "Timestamp", *columns]
    found = [row async for row in rows_of(table, query, parameters, select=select)]
    for _, partition in groupby(found, key=lambda row: row["PartitionKey"]):
        for batch in batches(list(partition)):
            try:
                await table.submit_transaction([("delete", row, unchanged(row)) for row in batch])
            except HttpResponseError as error:
                if error.status_code not in OVERTAKEN:
                    raise
                await _remove_each(table, batch)
    return found


async def _remove_each(table: TableClient, batch: Sequence[TableEntity]) -> None:
    for row in batch:
        with suppress(ResourceModifiedError, ResourceNotFoundError):
            await table.delete_entity(row, **unchanged(row))


def unchanged(row: TableEntity) -> dict[str, Any]:
    """The SDK's arguments for a write that somebody else's write since we read the row makes fail."""
    return {"etag": str(row.metadata["etag"]), "match_condition": MatchConditions.IfNotModified}


async def body_columns(body: bytes, claims: BlobClaims) -> dict[str, Any]:
    """The columns that hold a body: itself, or the name of the blob that does."""
    return {"Claim": await claims.put(body)} if len(body) > MAX_ROW_BYTES else {"Body": body}


async def body_in(row: Row, claims: BlobClaims) -> bytes:
    """The body of a row."""
    return await claims.get(row["Claim"]) if row.get("Claim") else bytes(row["Body"])


async def event_columns(event: Event, claims: BlobClaims) -> dict[str, Any]:
    """The columns that hold an event."""
    return await body_columns(messages.encode_event(event), claims)


async def event_in(row: Row, claims: BlobClaims) -> Event:
    """The event of a row."""
    return messages.decode_event(await body_in(row, claims))


async def first(limit: int, found: AsyncIterator[Found | None]) -> list[Found]:
    """The first so many that could be read. It stops at once: one row more would be one request more."""
    taken: list[Found] = []
    async for one in found:
        if one is not None:
            taken.append(one)
        if len(taken) == limit:
            break
    return taken


async def or_none(reading: Awaitable[Found], row: Row) -> Found | None:
    """What is read of a row. A row whose body cannot be read, or is gone, is logged and left out: it must not hold up
    those behind it.
    """
    try:
        return await reading
    except MessageInvalid as error:
        fields = {"action": "event_unreadable", "environment_id": row["PartitionKey"], "row": row["RowKey"]}
        _log.error("What row %s holds cannot be read: %s", row["RowKey"], error, extra=fields)
        return None


def environment_of(some_id: str) -> str | None:
    """The environment that an id of ours begins with. None for a text that is none: it comes from a URL, and not every
    character can be in a key.
    """
    found = _ID.fullmatch(some_id)
    return found[1] if found else None


def behind(after: str) -> tuple[str, dict[str, object]]:
    """The query for rows with an id behind this one, in the order of their keys."""
    environment = environment_of(after)
    if environment is None:
        return "PartitionKey ge '0'", {}
    query = "( PartitionKey eq @after_environment and RowKey gt @after or PartitionKey gt @after_environment )"
    return query, {"after_environment": environment, "after": after}


def any_of(column: str, values: Sequence[str]) -> tuple[str, dict[str, object]]:
    """The query for rows with one of these values. The SDK fills in a name only where spaces are around it."""
    named: dict[str, object] = {f"{column}{place}": value for place, value in enumerate(values)}
    return "( " + " or ".join(f"{column} eq @{name}" for name in named) + " )", named


def aware(moment: datetime) -> datetime:
    """A plain datetime: the SDK's own type does not compare or encode as one everywhere."""
    return datetime.fromtimestamp(moment.timestamp(), moment.tzinfo)
