"""Subscriptions and dead deliveries in memory. They pass the same contract tests as the tables."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.stores import Change, Reencrypted


class MemorySubscriptions:
    """Subscriptions by id."""

    def __init__(self) -> None:
        self.rows: dict[str, Subscription] = {}

    async def of_environment(self, environment_id: str) -> list[Subscription]:
        """All of an environment."""
        return [_listed(row) for row in self._sorted() if row.environment_id == environment_id]

    async def find(self, subscription_id: str) -> Subscription | None:
        """One of them."""
        return self.rows.get(subscription_id)

    async def show(self, subscription_id: str) -> Subscription | None:
        """One of them, without its secrets."""
        kept = self.rows.get(subscription_id)
        return _listed(kept) if kept else None

    async def find_all(self, subscription_ids: Collection[str]) -> dict[str, Subscription]:
        """Those that are there."""
        return {one: self.rows[one] for one in subscription_ids if one in self.rows}

    async def with_key(self, key: str) -> list[Subscription]:
        """Those with a key."""
        return [_listed(row) for row in self._sorted() if key in row.keys]

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
        found = [
            _listed(row)
            for row in self._sorted()
            if _order(row.id) > _order(after)
            and owner in (None, row.owner)
            and environment_id in (None, row.environment_id)
            and (not states or row.state in states)
        ]
        return found[:limit]

    async def save(self, subscription: Subscription) -> None:
        """Write one."""
        self.rows[subscription.id] = subscription

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        """Change one."""
        kept = self.rows.get(subscription_id)
        if kept is None:
            return None
        after = change(_listed(kept))
        if not after.signing_secrets:
            after = replace(after, callback_url=kept.callback_url, signing_secrets=kept.signing_secrets)
        self.rows[subscription_id] = after
        return _listed(after)

    async def change_all(self, changes: Mapping[str, Change]) -> None:
        """Change several."""
        for subscription_id, change in changes.items():
            await self.change(subscription_id, change)

    async def remove(self, subscription_id: str) -> None:
        """Take one away."""
        self.rows.pop(subscription_id, None)

    async def environments(self) -> list[str]:
        """Environments with subscriptions."""
        return sorted({row.environment_id for row in self.rows.values() if row.is_live})

    async def forget_environment(self, environment_id: str) -> None:
        """Nothing is noted beside the subscriptions."""

    async def forget_unused(self, before: datetime) -> int:
        """Nothing is noted beside the subscriptions."""
        return 0

    async def reencrypt(self) -> Reencrypted:
        """Nothing is encrypted."""
        return Reencrypted()

    def _sorted(self) -> list[Subscription]:
        return [self.rows[key] for key in sorted(self.rows, key=_order)]


class MemoryDeadDeliveries:
    """Dead deliveries and poison messages by id."""

    def __init__(self) -> None:
        self.rows: dict[str, DeadDelivery] = {}
        self.poison: dict[str, PoisonMessage] = {}

    async def save(self, dead: DeadDelivery) -> None:
        """Keep one."""
        self.rows[dead.id] = dead

    async def find(self, delivery_id: str) -> DeadDelivery | None:
        """One of them."""
        return self.rows.get(delivery_id)

    async def page(
        self, *, environment_id: str | None, subscription_id: str | None, after: str, limit: int
    ) -> list[DeadDelivery]:
        """Those behind an id."""
        found = [
            self.rows[key]
            for key in sorted(self.rows, key=_order)
            if _order(key) > _order(after)
            and environment_id in (None, self.rows[key].environment_id)
            and subscription_id in (None, self.rows[key].subscription_id)
        ]
        return found[:limit]

    async def remove(self, dead: DeadDelivery) -> None:
        """Take one away, unless it died again."""
        kept = self.rows.get(dead.id)
        if kept is not None and kept.died_at == dead.died_at:
            del self.rows[dead.id]

    async def save_message(self, message: PoisonMessage) -> None:
        """Keep a message."""
        self.poison[message.id] = replace(message, receipt="")

    async def find_message(self, message_id: str) -> PoisonMessage | None:
        """One message."""
        return self.poison.get(message_id)

    async def messages(self, *, limit: int) -> list[PoisonMessage]:
        """Messages."""
        return [self.poison[key] for key in sorted(self.poison)][:limit]

    async def remove_message(self, message_id: str) -> None:
        """Take a message away."""
        self.poison.pop(message_id, None)

    async def forget(self, before: datetime) -> int:
        """Remove what died before a time."""
        old = [key for key, dead in self.rows.items() if dead.died_at < before]
        old_messages = [key for key, message in self.poison.items() if message.died_at < before]
        for key in old:
            del self.rows[key]
        for key in old_messages:
            del self.poison[key]
        return len(old) + len(old_messages)


class MemoryClaims:
    """Nothing is too big for memory: the queues keep their own."""

    async def forget(self, before: datetime) -> int:
        """Nothing to remove."""
        return 0


def _listed(subscription: Subscription) -> Subscription:
    return replace(subscription, callback_url="", signing_secrets=())


def _order(some_id: str) -> tuple[str, str]:
    """The order of a table's keys: by environment, then by id."""
    return some_id.partition(".")[0], some_id
