"""Environments, subscriptions, the event log and dead deliveries as tables.

environments   PK "environments", RK environment id
subscriptions  PK environment id, RK subscription id: Trigger, Fields (JSON), CallbackUrl (encrypted), State, Label
events         PK environment id, RK sequence number (19 digits): Type, Subject, Body (CloudEvents JSON) or Claim
deadletters    PK environment id, RK subscription id and event id: Body or Claim, Reason, Attempts, DiedAt
"""

import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from shared.adapters import messages
from shared.adapters.blobs import BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.storage import code_of, or_create
from shared.domain.deliveries import DeadDelivery
from shared.domain.events import Event, NumberedEvent
from shared.domain.subscribing import ENVIRONMENT_ID, parse_filters
from shared.domain.subscriptions import Subscription, SubscriptionState, Trigger
from shared.errors import RequestInvalid

ENVIRONMENTS = "environments"
SUBSCRIPTIONS = "subscriptions"
EVENTS = "events"
DEAD_LETTERS = "deadletters"
MAX_ROW_BYTES = 60 * 1024  # a binary column holds 64 KiB
_MAX_BATCH_ROWS = 100  # an entity group transaction: 100 entities, 4 MiB
_MAX_BATCH_BYTES = 700 * 1024  # base64 makes less than 1 MiB of it, which aiohttp sends without complaint
_SUBSCRIPTION_ID = re.compile(rf"({ENVIRONMENT_ID.pattern})\.[A-Za-z0-9_-]{{1,200}}")

Row = Mapping[str, Any]
_log = logging.getLogger(__name__)


class TableEventLog:
    """The event log."""

    def __init__(self, service: TableServiceClient, claims: BlobClaims) -> None:
        self._table = service.get_table_client(EVENTS)
        self._claims = claims

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        """Write events under their numbers, a hundred a transaction."""
        rows = [await self._row(environment_id, numbered) for numbered in events]
        for batch in _batches(rows):
            operations = [("upsert", row, {"mode": UpdateMode.REPLACE}) for row in batch]
            await or_create(lambda: self._table.submit_transaction(operations), self._table.create_table)  # noqa: B023

    async def read(self, environment_id: str, *, after: int, limit: int) -> list[NumberedEvent]:
        """Events after a number."""
        query = "PartitionKey eq @environment and RowKey gt @after"
        parameters = {"environment": environment_id, "after": f"{after:019d}"}
        rows = _rows(self._table, query, parameters, limit)
        return [NumberedEvent(int(row["RowKey"]), await _event(row, self._claims)) async for row in rows]

    async def last_number(self, environment_id: str) -> int:
        """The highest number. A table gives no last row, so all keys are read; only a first poll asks."""
        keys = _rows(self._table, "PartitionKey eq @environment", {"environment": environment_id}, select=["RowKey"])
        return max([int(row["RowKey"]) async for row in keys], default=0)

    async def _row(self, environment_id: str, numbered: NumberedEvent) -> Row:
        event = numbered.event
        return {
            "PartitionKey": environment_id,
            "RowKey": f"{numbered.sequence:019d}",
            "Type": event.type,
            "Subject": event.subject[:1000],
            **await _body(event, self._claims),
        }


class TableSubscriptions:
    """Subscriptions, their callback URLs encrypted."""

    def __init__(self, service: TableServiceClient, cipher: Cipher) -> None:
        self._table = service.get_table_client(SUBSCRIPTIONS)
        self._environments = service.get_table_client(ENVIRONMENTS)
        self._cipher = cipher

    async def of_environment(self, environment_id: str) -> list[Subscription]:
        """All of an environment. A row that cannot be read is left out and logged: it must not hold up the others."""
        found = []
        async for row in _rows(self._table, "PartitionKey eq @environment", {"environment": environment_id}):
            try:
                found.append(_subscription(row, callback_url=""))
            except (ValueError, KeyError, RequestInvalid, msgspec.MsgspecError) as error:
                fields = {"action": "subscription_unreadable", "subscription_id": row["RowKey"]}
                _log.error("Subscription %s cannot be read: %s", row["RowKey"], error, extra=fields)
        return found

    async def find(self, subscription_id: str) -> Subscription | None:
        """One of them; its id begins with its environment's."""
        environment_id = _environment_of(subscription_id)
        if environment_id is None:
            return None
        try:
            row = await self._table.get_entity(environment_id, subscription_id)
        except ResourceNotFoundError:
            return None
        return _subscription(row, callback_url=self._cipher.decrypt(row["CallbackUrl"]))

    async def save(self, subscription: Subscription) -> None:
        """Write one and then note its environment: in this order it is not lost to a remove at the same time."""
        environment = {"PartitionKey": ENVIRONMENTS, "RowKey": subscription.environment_id}
        row = self._row(subscription)
        await or_create(lambda: self._table.upsert_entity(row, mode=UpdateMode.REPLACE), self._table.create_table)
        await or_create(lambda: self._environments.upsert_entity(environment), self._environments.create_table)

    async def set_state(self, subscription_id: str, state: SubscriptionState) -> None:
        """Change a state."""
        environment_id = _environment_of(subscription_id)
        if environment_id is None:
            return
        change = {"PartitionKey": environment_id, "RowKey": subscription_id, "State": str(state)}
        with suppress(ResourceNotFoundError):
            await self._table.update_entity(change, mode=UpdateMode.MERGE)

    async def remove(self, subscription_id: str) -> None:
        """Take one away, and its environment when it was the last."""
        environment_id = _environment_of(subscription_id)
        if environment_id is None:
            return
        with suppress(ResourceNotFoundError):
            await self._table.delete_entity(environment_id, subscription_id)
        with suppress(ResourceNotFoundError):
            await self._forget_if_unused(environment_id)

    async def environments(self) -> list[str]:
        """Environments with subscriptions."""
        rows = _rows(self._environments, "PartitionKey eq @key", {"key": ENVIRONMENTS})
        return [str(row["RowKey"]) async for row in rows]

    async def _forget_if_unused(self, environment_id: str) -> None:
        """Its ETag keeps an environment that somebody subscribes to meanwhile."""
        noted = await self._environments.get_entity(ENVIRONMENTS, environment_id)
        left = _rows(self._table, "PartitionKey eq @environment", {"environment": environment_id}, 1)
        if [row async for row in left]:
            return
        with suppress(ResourceModifiedError):
            await self._environments.delete_entity(
                noted, etag=noted.metadata["etag"], match_condition=MatchConditions.IfNotModified
            )

    def _row(self, subscription: Subscription) -> Row:
        return {
            "PartitionKey": subscription.environment_id,
            "RowKey": subscription.id,
            "Trigger": str(subscription.trigger),
            "Fields": msgspec.json.encode(subscription.fields).decode(),
            "CallbackUrl": self._cipher.encrypt(subscription.callback_url),
            "State": str(subscription.state),
            "Label": subscription.label,
            "CreatedAt": subscription.created_at,
        }


class TableDeadDeliveries:
    """Deliveries that were given up."""

    def __init__(self, service: TableServiceClient, claims: BlobClaims) -> None:
        self._table = service.get_table_client(DEAD_LETTERS)
        self._claims = claims

    async def save(self, dead: DeadDelivery) -> None:
        """Keep one."""
        row = {
            "PartitionKey": dead.environment_id,
            "RowKey": dead.id,
            "SubscriptionId": dead.subscription_id,
            "Reason": dead.reason,
            "Attempts": dead.attempts,
            "DiedAt": dead.died_at,
            **await _body(dead.event, self._claims),
        }
        await or_create(lambda: self._table.upsert_entity(row, mode=UpdateMode.REPLACE), self._table.create_table)

    async def of_environment(self, environment_id: str, *, limit: int) -> list[DeadDelivery]:
        """Those of an environment."""
        rows = _rows(self._table, "PartitionKey eq @environment", {"environment": environment_id}, limit)
        return [await self._dead(row) async for row in rows]

    async def _dead(self, row: Row) -> DeadDelivery:
        return DeadDelivery(
            environment_id=row["PartitionKey"],
            subscription_id=row["SubscriptionId"],
            event=await _event(row, self._claims),
            reason=row["Reason"],
            attempts=row["Attempts"],
            died_at=_aware(row["DiedAt"]),
        )


def _subscription(row: Row, *, callback_url: str) -> Subscription:
    trigger = Trigger(row["Trigger"])
    fields = msgspec.json.decode(row["Fields"])
    return Subscription(
        id=row["RowKey"],
        environment_id=row["PartitionKey"],
        trigger=trigger,
        fields=fields,
        filters=parse_filters(trigger, fields),
        callback_url=callback_url,
        created_at=_aware(row["CreatedAt"]),
        label=row["Label"],
        state=SubscriptionState(row["State"]),
    )


async def _rows(
    table: TableClient,
    query: str,
    parameters: Mapping[str, str],
    limit: int | None = None,
    select: list[str] | None = None,
) -> AsyncIterator[Row]:
    """Rows in key order; none where the table does not exist yet."""
    if limit == 0:
        return
    size = min(limit or 1000, 1000)
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


async def _body(event: Event, claims: BlobClaims) -> dict[str, Any]:
    body = messages.encode_event(event)
    return {"Claim": await claims.put(body)} if len(body) > MAX_ROW_BYTES else {"Body": body}


async def _event(row: Row, claims: BlobClaims) -> Event:
    body = await claims.get(row["Claim"]) if row.get("Claim") else bytes(row["Body"])
    return messages.decode_event(body)


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        weight = len(row.get("Body", b"")) + 1024
        if batch and (len(batch) == _MAX_BATCH_ROWS or size + weight > _MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += weight
    if batch:
        yield batch


def _environment_of(subscription_id: str) -> str | None:
    """None for a text that is no id of ours: it comes from a URL, and not every character can be in a key."""
    found = _SUBSCRIPTION_ID.fullmatch(subscription_id)
    return found[1] if found else None


def _aware(moment: datetime) -> datetime:
    """A plain datetime: the SDK's own type does not compare or encode as one everywhere."""
    return datetime.fromtimestamp(moment.timestamp(), moment.tzinfo)
