"""What keeps things for the services, as protocols: checkpoints, the event log, subscriptions, dead deliveries."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.events import Event, NumberedEvent
from shared.domain.subscriptions import Subscription, SubscriptionState

Change = Callable[[Subscription], Subscription]


def one_after_the_other(changes: Sequence[Change]) -> Change:
    """Several changes as one."""

    def changed(subscription: Subscription) -> Subscription:
        for change in changes:
            subscription = change(subscription)
        return subscription

    return changed


@dataclass(frozen=True, slots=True)
class StoredState:
    """What was committed for an environment, and the ETag that the next commit must match."""

    state: EnvironmentState
    etag: str


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events of a feed to list: from `since` on and before `until`, of these types (empty: any), about this."""

    after: int = 0
    since: datetime | None = None
    until: datetime | None = None
    types: tuple[str, ...] = ()
    subject: str = ""

    def wants(self, event: Event) -> bool:
        """Whether it asks for this event, whatever its number."""
        return (
            (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
            and (not self.types or event.type in self.types)
            and (not self.subject or event.subject == self.subject)
        )


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """How many subscriptions were encrypted anew, how many no key could read, and how many were too busy."""

    rewritten: int = 0
    unreadable: int = 0
    left: int = 0


class CheckpointStore(Protocol):
    """One document an environment, committed whole or not at all."""

    async def read(self, environment_id: str) -> StoredState | None:
        """What was committed last; one storage read, without a body when it is unchanged."""
        ...

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        """Commit over the given version (None: there must be none) and answer the new ETag.

        Raises CheckpointConflict when somebody else committed.
        """
        ...


class EventLog(Protocol):
    """The ordered feed of an environment's events."""

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        """Write events under their numbers; writing them again changes nothing."""
        ...

    async def read(self, environment_id: str, *, after: int, limit: int) -> list[NumberedEvent]:
        """Events with a number over `after`, in order."""
        ...

    async def last_number(self, environment_id: str) -> int:
        """The highest number in the feed; 0 when it is empty."""
        ...

    async def search(self, environment_id: str, query: EventQuery, *, limit: int) -> list[NumberedEvent]:
        """The events that a query asks for, in order."""
        ...

    async def forget(self, before: datetime) -> int:
        """Remove the events of before a time, of every environment; answers how many.

        One that was appended together with younger ones may stay until they are old too.
        """
        ...


class SubscriptionStore(Protocol):
    """Subscriptions, and which environments have any."""

    async def of_environment(self, environment_id: str) -> list[Subscription]:
        """All subscriptions of an environment, without their secrets: only a call needs them."""
        ...

    async def find(self, subscription_id: str) -> Subscription | None:
        """One subscription."""
        ...

    async def show(self, subscription_id: str) -> Subscription | None:
        """One subscription, without its secrets."""
        ...

    async def find_all(self, subscription_ids: Collection[str]) -> dict[str, Subscription]:
        """Those of one environment that are there and can be read, by id, in few reads."""
        ...

    async def with_key(self, key: str) -> list[Subscription]:
        """The subscriptions with a key, of any environment, without their secrets."""
        ...

    async def page(
        self,
        *,
        owner: str | None,
        environment_id: str | None,
        after: str,
        limit: int,
        states: Collection[SubscriptionState] = (),
    ) -> list[Subscription]:
        """Subscriptions with an id behind `after`, in the order of their ids, without their secrets.

        None: anybody's, anywhere; without `states`: in any.
        """
        ...

    async def save(self, subscription: Subscription) -> None:
        """Write a subscription, note its environment, and make it found by its keys."""
        ...

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        """Change the state or the health of a subscription, and its secrets where the change sets them.

        The change gets the subscription as it is now, without its secrets; it is asked again when somebody else was
        quicker. None when there is none: one that was removed stays so. Raises SubscriptionBusy.
        """
        ...

    async def change_all(self, changes: Mapping[str, Change]) -> None:
        """Change several of one environment in as few writes as can be."""
        ...

    async def remove(self, subscription_id: str) -> None:
        """Take a subscription away; an unknown one is no error."""
        ...

    async def environments(self) -> list[str]:
        """The environments that somebody subscribed to."""
        ...

    async def forget_environment(self, environment_id: str) -> None:
        """Forget an environment that has no live subscription any more."""
        ...

    async def forget_unused(self, before: datetime) -> int:
        """Forget environments without a live subscription, and keys from before a time whose subscription is gone."""
        ...

    async def reencrypt(self) -> Reencrypted:
        """Encrypt with the newest key what an older one encrypted."""
        ...


class DeadDeliveryStore(Protocol):
    """Deliveries that were given up."""

    async def save(self, dead: DeadDelivery) -> None:
        """Keep a dead delivery."""
        ...

    async def find(self, delivery_id: str) -> DeadDelivery | None:
        """One dead delivery."""
        ...

    async def page(
        self, *, environment_id: str | None, subscription_id: str | None, after: str, limit: int
    ) -> list[DeadDelivery]:
        """Dead deliveries with an id behind `after`, in the order of their ids; None: of any."""
        ...

    async def remove(self, dead: DeadDelivery) -> None:
        """Take one away, unless it died again since it was read."""
        ...

    async def save_message(self, message: PoisonMessage) -> None:
        """Keep a queue message that nobody could handle."""
        ...

    async def find_message(self, message_id: str) -> PoisonMessage | None:
        """One such message."""
        ...

    async def messages(self, *, limit: int) -> list[PoisonMessage]:
        """Such messages."""
        ...

    async def remove_message(self, message_id: str) -> None:
        """Take one away."""
        ...

    async def forget(self, before: datetime) -> int:
        """Remove what died before a time; answers how much."""
        ...


class Claims(Protocol):
    """Bodies that were too big for their place."""

    async def forget(self, before: datetime) -> int:
        """Remove those that were written before a time; answers how many."""
        ...
