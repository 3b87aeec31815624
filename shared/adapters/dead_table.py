"""Dead deliveries and poison messages as a table.

deadletters   PK environment id, RK subscription id and event id: Body or Claim, Reason, Attempts, DiedAt
              PK "-poison", RK message id: Queue, Body or Claim, DiedAt
"""

import re
from contextlib import suppress
from datetime import datetime

from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters.blobs import BlobClaims
from shared.adapters.rows import (
    Row,
    aware,
    behind,
    body_columns,
    body_in,
    environment_of,
    event_columns,
    event_in,
    first,
    or_none,
    remove_where,
    rows_of,
    unchanged,
)
from shared.adapters.storage import or_create
from shared.domain.deliveries import DeadDelivery, PoisonMessage

DEAD_LETTERS = "deadletters"
_POISON = "-poison"  # no environment's id begins with a dash
_MESSAGE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")  # one comes from a URL, and not every character can be in a key


class TableDeadDeliveries:
    """Deliveries that were given up, and messages that nobody could handle."""

    def __init__(self, service: TableServiceClient, claims: BlobClaims) -> None:
        self._table = service.get_table_client(DEAD_LETTERS)
        self._claims = claims

    async def save(self, dead: DeadDelivery) -> None:
        """Keep one."""
        await self._write(
            {
                "PartitionKey": dead.environment_id,
                "RowKey": dead.id,
                "SubscriptionId": dead.subscription_id,
                "Reason": dead.reason,
                "Attempts": dead.attempts,
                "DiedAt": dead.died_at,
                **await event_columns(dead.event, self._claims),
            }
        )

    async def find(self, delivery_id: str) -> DeadDelivery | None:
        """One of them."""
        row = await self._row(environment_of(delivery_id), delivery_id)
        return await or_none(self._dead(row), row) if row else None

    async def page(
        self, *, environment_id: str | None, subscription_id: str | None, after: str, limit: int
    ) -> list[DeadDelivery]:
        """Those behind an id."""
        query, parameters = behind(after)
        if environment_id is not None:
            query += " and PartitionKey eq @environment"
            parameters["environment"] = environment_id
        if subscription_id is not None:
            query += " and SubscriptionId eq @subscription"
            parameters["subscription"] = subscription_id
        rows = rows_of(self._table, query, parameters, page=limit)
        return await first(limit, (await or_none(self._dead(row), row) async for row in rows))

    async def remove(self, dead: DeadDelivery) -> None:
        """Take one away, unless it died again."""
        row = await self._row(dead.environment_id, dead.id)
        if row is None or aware(row["DiedAt"]) != dead.died_at:
            return
        with suppress(ResourceModifiedError, ResourceNotFoundError):
            await self._table.delete_entity(row, **unchanged(row))

    async def save_message(self, message: PoisonMessage) -> None:
        """Keep a message."""
        await self._write(
            {
                "PartitionKey": _POISON,
                "RowKey": message.id,
                "Queue": message.queue,
                "DiedAt": message.died_at,
                **await body_columns(message.body, self._claims),
            }
        )

    async def find_message(self, message_id: str) -> PoisonMessage | None:
        """One message."""
        row = await self._row(_POISON if _MESSAGE_ID.fullmatch(message_id) else None, message_id)
        return await or_none(self._message(row), row) if row else None

    async def messages(self, *, limit: int) -> list[PoisonMessage]:
        """Messages."""
        rows = rows_of(self._table, "PartitionKey eq @poison", {"poison": _POISON}, limit)
        found = [await or_none(self._message(row), row) async for row in rows]
        return [message for message in found if message is not None]

    async def remove_message(self, message_id: str) -> None:
        """Take a message away."""
        if _MESSAGE_ID.fullmatch(message_id):
            with suppress(ResourceNotFoundError):
                await self._table.delete_entity(_POISON, message_id)

    async def forget(self, before: datetime) -> int:
        """Remove what died before a time."""
        return len(await remove_where(self._table, "DiedAt lt @before", {"before": before}))

    async def _write(self, row: Row) -> None:
        await or_create(lambda: self._table.upsert_entity(row, mode=UpdateMode.REPLACE), self._table.create_table)

    async def _row(self, partition: str | None, key: str) -> TableEntity | None:
        if partition is None:
            return None
        try:
            return await self._table.get_entity(partition, key)
        except ResourceNotFoundError:
            return None

    async def _dead(self, row: Row) -> DeadDelivery:
        return DeadDelivery(
            environment_id=row["PartitionKey"],
            subscription_id=row["SubscriptionId"],
            event=await event_in(row, self._claims),
            reason=row["Reason"],
            attempts=row["Attempts"],
            died_at=aware(row["DiedAt"]),
        )

    async def _message(self, row: Row) -> PoisonMessage:
        body = await body_in(row, self._claims)
        return PoisonMessage(row["RowKey"], row["Queue"], body, aware(row["DiedAt"]))
