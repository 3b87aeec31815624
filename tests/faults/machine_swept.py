"""What did the daily sweep take away in a story, and might it? The stores that tell of it, and what is told.

What is kept for its time and then forgotten is no loss: the dead of a month ago, and the feed of before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.adapters.memory import MemoryEventLog
from shared.adapters.memory_subscriptions import MemoryDeadDeliveries, MemorySubscriptions
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.stores import Change
from tests.factories import ENVIRONMENT
from tests.faults.machine_flows import Line, Version
from tests.faults.machine_gate import WORK
from tests.faults.machine_host import Host

RETENTION = timedelta(days=30)  # docs/operate.md: of events and of the dead
ENDED_FOR = timedelta(days=7)  # docs/subscribing.md: replaced and unsubscribed ones stay so long
SUSPENDED_DAYS = 14
_CLOCK_MOVES = timedelta(hours=2)  # of our clock, which is an hour ahead or behind at most


@dataclass(eq=False)
class Swept:
    """What was taken away: numbers of the feed, the dead with their reasons, and the events of kept messages.

    `names`: whose a subscription is or was, by its id; `made_at`: since when it is there.
    """

    host: Host
    lines: Mapping[str, Line]
    wrong: list[str] = field(default_factory=list)
    names: dict[str, Version] = field(default_factory=dict)
    made_at: dict[str, datetime] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    dead: dict[tuple[str, str], str] = field(default_factory=dict)
    messages: set[str] = field(default_factory=set)

    def saved(self, subscription: Subscription) -> None:
        """A subscription is there. One that polls has no callback, and is nobody's here."""
        urls = {version.url: version for line in self.lines.values() for version in line.versions}
        if subscription.callback_url:
            self.names[subscription.id] = urls[subscription.callback_url]
            self.made_at[subscription.id] = self.host.now

    def removed(self, subscription_id: str, *, others: set[str]) -> None:
        """The sweep took away a subscription; `others` are left."""
        version = self.names[subscription_id]
        if version.is_surely_live or self.host.now - self.made_at[subscription_id] < ENDED_FOR - _CLOCK_MOVES:
            self.wrong.append(f"{version.url} was swept away")
        if version.line not in {self.names[one].line for one in others if one in self.names}:
            version.line.secret = None  # nothing is left that knows it
        self._count("subscriptions")

    def ended(self, subscription_id: str) -> None:
        """The sweep ended a subscription: its flow has to have been off for long, and nothing is owed to it now."""
        version, now = self.names[subscription_id], self.host.now + self.host.ahead
        if version.refused_at is None or now - version.refused_at < timedelta(days=SUSPENDED_DAYS) - _CLOCK_MOVES:
            self.wrong.append(f"{version.url} was ended, though it was not off for long")
        if version.succeeded is None:
            version.line.break_off(self.host.gate.moment)
        self.host.effects["subscriptions ended by a sweep"] += 1

    def forgot_events(self, before: datetime, numbers: set[int]) -> None:
        """Events are in the feed no longer."""
        self._check(before)
        self.numbers |= numbers
        self._count("events", len(numbers))

    def forgot_dead(self, before: datetime, dead: list[DeadDelivery], messages: list[PoisonMessage]) -> None:
        """What was dead is gone."""
        self._check(before)
        self.dead |= {(self.names[one.subscription_id].line.name, one.event.id): one.reason for one in dead}
        for message in messages:
            self.messages.update(self.host.events_of.get(message.body, ()))
        self._count("dead", len(dead) + len(messages))

    def _check(self, before: datetime) -> None:
        if before > self.host.now + self.host.ahead - RETENTION + _CLOCK_MOVES:
            self.wrong.append(f"what was younger than {RETENTION.days} days was swept away")

    def _count(self, what: str, count: int = 1) -> None:
        self.host.effects[f"{what} swept away"] += count


class SweptSubscriptions(MemorySubscriptions):
    """Tells what a sweep does."""

    swept: Swept

    async def save(self, subscription: Subscription) -> None:
        """Write one."""
        await super().save(subscription)
        self.swept.saved(subscription)

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        """Change one."""
        before = self.rows.get(subscription_id)
        after = await super().change(subscription_id, change)
        is_ended = after is not None and after.state is SubscriptionState.ENDED
        if is_ended and before is not None and before.is_live and WORK.get().kind == "sweep":
            self.swept.ended(subscription_id)
        return after

    async def remove(self, subscription_id: str) -> None:
        """Take one away."""
        known = subscription_id in self.rows
        await super().remove(subscription_id)
        if known and WORK.get().kind == "sweep":
            self.swept.removed(subscription_id, others=set(self.rows))


class SweptDead(MemoryDeadDeliveries):
    """Tells what a sweep does."""

    swept: Swept

    async def forget(self, before: datetime) -> int:
        """Remove what died before a time."""
        rows, poison = dict(self.rows), dict(self.poison)
        count = await super().forget(before)
        gone = [row for key, row in rows.items() if key not in self.rows]
        self.swept.forgot_dead(before, gone, [one for key, one in poison.items() if key not in self.poison])
        return count


class SweptLog(MemoryEventLog):
    """Tells what a sweep does."""

    swept: Swept

    async def forget(self, before: datetime) -> int:
        """Remove events of before a time."""
        numbers = set(self.feeds.get(ENVIRONMENT, {}))
        count = await super().forget(before)
        self.swept.forgot_events(before, numbers - set(self.feeds.get(ENVIRONMENT, {})))
        return count
