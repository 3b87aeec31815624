"""Subscriptions, and which environments have any, as tables.

environments      PK "environments", RK environment id
subscriptions     PK environment id, RK subscription id: Trigger, Fields (JSON), Secrets (encrypted), State, Health ...
subscriptionkeys  PK what a subscription can be found by (its flow, its callback), RK subscription id: CreatedAt
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby

from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableServiceClient

from shared.adapters import subscription_rows as rows
from shared.adapters.cipher import Cipher
from shared.adapters.rows import OVERTAKEN, Row, any_of, batches, behind, environment_of, first, rows_of, unchanged
from shared.adapters.storage import or_create
from shared.adapters.together import Together, side_by_side
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import SettingsInvalid, SubscriptionBusy
from shared.stores import Change, Reencrypted, one_after_the_other

ENVIRONMENTS = "environments"
SUBSCRIPTIONS = "subscriptions"
KEYS = "subscriptionkeys"
_IDS_A_QUERY = 14  # Azure Tables takes 15 comparisons in a query
_TRIES = 14
_FIRST_WAIT_SECONDS = 0.01
_LONGEST_WAIT_SECONDS = 2

_log = logging.getLogger(__name__)


class TableSubscriptions:
    """Subscriptions, their secrets encrypted."""

    def __init__(self, service: TableServiceClient, cipher: Cipher) -> None:
        self._table = service.get_table_client(SUBSCRIPTIONS)
        self._environments = service.get_table_client(ENVIRONMENTS)
        self._keys = service.get_table_client(KEYS)
        self._cipher = cipher
        self._listings = Together(self._list)
        self._changes = Together(self._change_together)

    async def of_environment(self, environment_id: str) -> list[Subscription]:
        """All of an environment."""
        return list(await self._listings.ask(environment_id, None))

    async def _list(self, environment_id: str, _: Sequence[None]) -> list[Subscription]:
        found = rows_of(self._table, "PartitionKey eq @environment", {"environment": environment_id})
        listed = [one async for one in _readable(found)]
        for one in listed:
            if one.problem:
                _tell_unreadable(one.id, one.problem)
        return listed

    async def find(self, subscription_id: str) -> Subscription | None:
        """One of them; its id begins with its environment's."""
        row = await self._row(subscription_id)
        return rows.with_secrets(row, self._cipher) if row else None

    async def show(self, subscription_id: str) -> Subscription | None:
        """One of them, without its secrets."""
        row = await self._row(subscription_id)
        return rows.without_secrets(row) if row else None

    async def find_all(self, subscription_ids: Collection[str]) -> dict[str, Subscription]:
        """Those that are there. One that cannot be read is left out and logged."""
        found = await self._rows(subscription_ids)
        read = [_try(partial(rows.with_secrets, cipher=self._cipher), row) for row in found]
        return {one.id: one for one in read if one is not None}

    async def with_key(self, key: str) -> list[Subscription]:
        """Those with a key. A key may outlive its subscription."""
        found = rows_of(self._keys, "PartitionKey eq @key", {"key": key})
        ids = sorted([str(row["RowKey"]) async for row in found])
        listed: list[Subscription | None] = []
        for _, group in groupby(ids, key=environment_of):
            listed += [_try(rows.without_secrets, row) for row in await self._rows(list(group))]
        return [one for one in listed if one is not None and key in one.keys]

    async def page(
        self,
        *,
        owner: str | None,
        environment_id: str | None,
        after: str,
        limit: int,
        states: Collection[SubscriptionState] = (),
    ) -> list[Subscription]:
        """Those behind an id."""
        query, parameters = behind(after)
        if owner is not None:
            query += " and Owner eq @owner"
            parameters["owner"] = owner
        if environment_id is not None:
            query += " and PartitionKey eq @environment"
            parameters["environment"] = environment_id
        if states:
            text, wanted = any_of("State", [str(state) for state in states])
            query, parameters = f"{query} and {text}", parameters | wanted
        return await first(limit, _readable(rows_of(self._table, query, parameters, page=limit)))

    async def save(self, subscription: Subscription) -> None:
        """Write the keys, the subscription, and its environment.

        In this order one that is there can be found by its keys, and its environment is not lost to a remove at the
        same time.
        """
        for key in subscription.keys:
            note = {"PartitionKey": key, "RowKey": subscription.id, "CreatedAt": subscription.created_at}
            await or_create(lambda: self._keys.upsert_entity(note), self._keys.create_table)  # noqa: B023
        environment = {"PartitionKey": ENVIRONMENTS, "RowKey": subscription.environment_id}
        row = rows.to_row(subscription, self._cipher)
        await or_create(lambda: self._table.upsert_entity(row, mode=UpdateMode.REPLACE), self._table.create_table)
        await or_create(lambda: self._environments.upsert_entity(environment), self._environments.create_table)

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        """Change one, by its ETag. Raises SubscriptionBusy when others change it all the time."""
        for attempt in range(_TRIES):
            row = await self._row(subscription_id)
            if row is None:
                return None
            after = change(rows.without_secrets(row))
            try:
                await self._table.update_entity(rows.changes(after, self._cipher), UpdateMode.MERGE, **unchanged(row))
            except ResourceModifiedError:
                longest = min(_FIRST_WAIT_SECONDS * 2**attempt, _LONGEST_WAIT_SECONDS)
                await asyncio.sleep(random.uniform(0, longest))  # noqa: S311
                continue
            except ResourceNotFoundError:
                return None
            return replace(after, callback_url="", signing_secrets=())
        raise SubscriptionBusy

    async def change_all(self, changes: Mapping[str, Change]) -> None:
        """Change several in one transaction each hundred, together with what others change meanwhile."""
        for environment_id, group in groupby(sorted(changes), key=environment_of):
            if environment_id is not None:
                await self._changes.ask(environment_id, {key: changes[key] for key in group})

    async def _change_together(self, _: str, asked: Sequence[Mapping[str, Change]]) -> None:
        """What goes wrong with one row keeps no other from being changed."""
        of_each: dict[str, list[Change]] = {}
        for one in asked:
            for key, change in one.items():
                of_each.setdefault(key, []).append(change)
        changes = {key: one_after_the_other(wanted) for key, wanted in of_each.items()}
        await side_by_side(self._change_batch(batch, changes) for batch in batches(await self._rows(changes)))

    async def _change_batch(self, batch: Sequence[TableEntity], changes: Mapping[str, Change]) -> None:
        """One by one where somebody else was quicker, or a row cannot be read."""
        try:
            await self._write(batch, changes)
            return
        except HttpResponseError as error:
            if error.status_code not in OVERTAKEN:
                raise
        except rows.UNREADABLE:
            if len(batch) == 1:
                raise
        await side_by_side(self.change(row["RowKey"], changes[row["RowKey"]]) for row in batch)

    async def _write(self, batch: Sequence[TableEntity], changes: Mapping[str, Change]) -> None:
        """A transaction costs the SDK far more than a row that is alone."""
        after = [rows.changes(changes[row["RowKey"]](rows.without_secrets(row)), self._cipher) for row in batch]
        if len(batch) == 1:
            await self._table.update_entity(after[0], UpdateMode.MERGE, **unchanged(batch[0]))
            return
        options = [{"mode": UpdateMode.MERGE, **unchanged(row)} for row in batch]
        await self._table.submit_transaction([("update", *one) for one in zip(after, options, strict=True)])

    async def remove(self, subscription_id: str) -> None:
        """Take one away with its keys, and its environment when it was the last."""
        row = await self._row(subscription_id)
        if row is None:
            return
        with suppress(ResourceNotFoundError):
            await self._table.delete_entity(row["PartitionKey"], subscription_id)
        for key in rows.keys_in(row):
            with suppress(ResourceNotFoundError):
                await self._keys.delete_entity(key, subscription_id)
        await self._forget_if_unused(row["PartitionKey"])

    async def environments(self) -> list[str]:
        """Environments with subscriptions."""
        found = rows_of(self._environments, "PartitionKey eq @key", {"key": ENVIRONMENTS})
        return [str(row["RowKey"]) async for row in found]

    async def forget_environment(self, environment_id: str) -> None:
        """Forget an environment without live subscriptions."""
        await self._forget_if_unused(environment_id)

    async def forget_unused(self, before: datetime) -> int:
        """Forget environments without a live subscription, and keys from before a time whose subscription is gone."""
        listed = await self.environments()
        forgotten = sum([await self._forget_if_unused(environment_id) for environment_id in listed])
        old = rows_of(self._keys, "CreatedAt lt @before", {"before": before}, select=["PartitionKey", "RowKey"])
        keys = [row async for row in old]
        there = {row["RowKey"] async for row in rows_of(self._table, "PartitionKey ge '0'", {}, select=["RowKey"])}
        for row in keys:
            if row["RowKey"] not in there:
                with suppress(ResourceNotFoundError):
                    await self._keys.delete_entity(row["PartitionKey"], row["RowKey"])
                forgotten += 1
        return forgotten

    async def reencrypt(self) -> Reencrypted:
        """Encrypt anew what an older key encrypted."""
        counts: Counter[bool | None] = Counter()
        async for row in rows_of(self._table, "PartitionKey ge '0'", {}):
            if not self._cipher.is_current(row["Secrets"]):
                try:
                    counts[await self._reencrypt(row)] += 1
                except SettingsInvalid:
                    counts[None] += 1
        return Reencrypted(rewritten=counts[True], unreadable=counts[None], left=counts[False])

    async def _reencrypt(self, read: TableEntity) -> bool:
        """Whether the row is done: a busy one may be overtaken again and again. Raises SettingsInvalid."""
        row: TableEntity | None = read
        for _ in range(_TRIES):
            if row is None or self._cipher.is_current(row["Secrets"]):
                return True
            secrets = self._cipher.encrypt(self._cipher.decrypt(row["Secrets"]))
            change = {"PartitionKey": row["PartitionKey"], "RowKey": row["RowKey"], "Secrets": secrets}
            with suppress(ResourceModifiedError, ResourceNotFoundError):
                await self._table.update_entity(change, UpdateMode.MERGE, **unchanged(row))
                return True
            row = await self._row(row["RowKey"])
        return False

    async def _row(self, subscription_id: str) -> TableEntity | None:
        environment_id = environment_of(subscription_id)
        if environment_id is None:
            return None
        try:
            return await self._table.get_entity(environment_id, subscription_id)
        except ResourceNotFoundError:
            return None

    async def _rows(self, subscription_ids: Collection[str]) -> list[TableEntity]:
        """Rows of one environment, a few in a query; one alone by its key."""
        ids = [one for one in dict.fromkeys(subscription_ids) if environment_of(one)]
        if len(ids) == 1:
            row = await self._row(ids[0])
            return [row] if row else []
        parts = [ids[start : start + _IDS_A_QUERY] for start in range(0, len(ids), _IDS_A_QUERY)]
        return [row for found in await side_by_side(map(self._query, parts)) for row in found]

    async def _query(self, ids: Sequence[str]) -> list[TableEntity]:
        text, wanted = any_of("RowKey", ids)
        parameters = {"environment": environment_of(ids[0]), **wanted}
        found = rows_of(self._table, f"PartitionKey eq @environment and {text}", parameters)
        return [row async for row in found]

    async def _forget_if_unused(self, environment_id: str) -> bool:
        """Its ETag keeps an environment that somebody subscribes to meanwhile."""
        try:
            noted = await self._environments.get_entity(ENVIRONMENTS, environment_id)
        except ResourceNotFoundError:
            return False
        live = "PartitionKey eq @environment and (State eq 'active' or State eq 'suspended')"
        if [row async for row in rows_of(self._table, live, {"environment": environment_id}, 1)]:
            return False
        with suppress(ResourceModifiedError, ResourceNotFoundError):
            await self._environments.delete_entity(noted, **unchanged(noted))
        return True


async def _readable(found: AsyncIterator[TableEntity]) -> AsyncIterator[Subscription]:
    async for row in found:
        one = _try(rows.without_secrets, row)
        if one is not None:
            yield one


def _try(read: Callable[[Row], Subscription], row: Row) -> Subscription | None:
    """A row that cannot be read is left out and logged: it must not hold up the others."""
    try:
        return read(row)
    except rows.UNREADABLE as error:
        _tell_unreadable(row["RowKey"], str(error))
        return None


def _tell_unreadable(subscription_id: str, why: str) -> None:
    fields = {"action": "subscription_unreadable", "subscription_id": subscription_id}
    _log.error("Subscription %s cannot be read: %s", subscription_id, why, extra=fields)
