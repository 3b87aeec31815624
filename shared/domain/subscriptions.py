"""Who wants which events: triggers, filters, and the match of an event to its subscriptions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain.events import Event, EventType
from shared.domain.signatures import SigningSecret
from shared.domain.watches import FreshnessWatch, ThresholdWatch, Watches

SAVED_WITHIN = timedelta(minutes=2)
_LISTED_WITHIN = timedelta(minutes=10)


class Trigger(StrEnum):
    """What a maker picks; also the path of the subscribe call."""

    REFRESH_FAILED = "data-source-refresh-failed"
    REFRESH_SUCCEEDED = "data-source-refresh-succeeded"
    SEGMENT_CROSSED = "segment-threshold-crossed"
    MEASURE_CROSSED = "measure-threshold-crossed"
    FULL_REFRESH_COMPLETED = "full-refresh-completed"
    UNIFICATION_COMPLETED = "unification-completed"
    PROCESS_ENDED = "process-ended"
    OVERDUE = "data-source-overdue"
    UNREACHABLE = "environment-unreachable"


EVENT_TYPES: Mapping[Trigger, tuple[EventType, ...]] = {
    Trigger.REFRESH_FAILED: (EventType.REFRESH_FAILED,),
    Trigger.REFRESH_SUCCEEDED: (EventType.REFRESH_SUCCEEDED,),
    Trigger.SEGMENT_CROSSED: (EventType.SEGMENT_CROSSED,),
    Trigger.MEASURE_CROSSED: (EventType.MEASURE_CROSSED,),
    Trigger.FULL_REFRESH_COMPLETED: (EventType.FULL_REFRESH_COMPLETED,),
    Trigger.UNIFICATION_COMPLETED: (EventType.UNIFICATION_COMPLETED,),
    Trigger.PROCESS_ENDED: (EventType.PROCESS_ENDED,),
    Trigger.OVERDUE: (EventType.OVERDUE,),
    Trigger.UNREACHABLE: (EventType.UNREACHABLE, EventType.RECOVERED, EventType.GAP),
}


class SubscriptionState(StrEnum):
    """Whether events go out to it."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # the flow is off, or refuses us: tried on a slow schedule
    ENDED = "ended"  # the flow is gone
    REPLACED = "replaced"  # the same flow subscribed again
    UNSUBSCRIBED = "unsubscribed"  # the flow wants no more


@dataclass(frozen=True, slots=True)
class Filters:
    """Which of a trigger's events are wanted. Empty: any."""

    data_source_id: str | None = None
    submission: str | None = None
    operation_types: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    threshold: ThresholdWatch | None = None
    freshness: FreshnessWatch | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """Which flow a caller says that it is: names from the platform's headers, good for finding, never for trusting.

    `step`: the run and the action of a Logic App's webhook action, which waits for a call of its own.
    """

    name: str = ""
    environment: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How a flow took its calls: see shared/domain/health.py. `failures` and `refusals` are those in a row."""

    failures: int = 0
    refusals: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    next_slot_at: datetime | None = None
    delivered: int = 0
    failed: int = 0
    last_success_at: datetime | None = None
    last_run_id: str = ""
    last_failure_at: datetime | None = None
    last_reason: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A flow's standing order. `fields` are the filters as they were asked for.

    `callback_url` and `signing_secrets` are secrets, and empty in listings. One without a callback polls: `polled_at`
    says when it did last. `flow_key` is the same for every subscription that the same flow makes to the same trigger.
    `problem`: why its filters cannot be understood any more; it then gets nothing.
    """

    id: str
    environment_id: str
    trigger: Trigger
    fields: Mapping[str, Any]
    filters: Filters
    callback_url: str = field(repr=False)
    created_at: datetime
    label: str = ""
    state: SubscriptionState = SubscriptionState.ACTIVE
    state_since: datetime | None = None
    owner: str = ""
    flow: Flow = field(default_factory=Flow)
    flow_key: str = ""
    callback_key: str = ""
    callback_shown: str = ""
    signing_secrets: tuple[SigningSecret, ...] = field(default=(), repr=False)
    batch: bool = False
    replaced_by: str = ""
    polled_at: datetime | None = None
    health: Health = field(default_factory=Health)
    problem: str = ""

    @property
    def is_live(self) -> bool:
        """Whether events are kept for it."""
        return self.state in (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED)

    @property
    def polls(self) -> bool:
        """Whether its flow asks for events instead of being called."""
        return self.polled_at is not None

    @property
    def keys(self) -> tuple[str, ...]:
        """What it can be found by besides its id."""
        return tuple(key for key in (self.flow_key, self.callback_key) if key)


class Directory:
    """Subscriptions, found by event without asking each of them."""

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._by_key: dict[tuple[str, str], list[Subscription]] = {}
        for subscription in subscriptions:
            if subscription.problem:
                continue
            for event_type in EVENT_TYPES[subscription.trigger]:
                self._by_key.setdefault((event_type, _wanted_key(subscription.filters)), []).append(subscription)

    def wanting(self, event: Event) -> list[Subscription]:
        """The subscriptions that get this event."""
        keys = {"", str(event.data.get("watchId", "")), str(event.data.get("dataSourceId", "")).lower()}
        found = [one for key in sorted(keys) for one in self._by_key.get((event.type, key), ())]
        return [subscription for subscription in found if _passes(subscription.filters, event)]


def receivers(subscriptions: Collection[Subscription], now: datetime) -> list[Subscription]:
    """Those that are called about events: of each flow the newest. Suspended ones too: their events wait for the flow.

    While a flow is saved it may have two for a moment, or the listing may have passed the place of the new one before
    it was there: then the old one stands for it, and what is on its way to that is handed over. So does one that was
    just unsubscribed: its flow may be about to subscribe anew.
    """
    chosen: dict[str, Subscription] = {}
    for subscription in sorted(subscriptions, key=age):
        if subscription.is_live and not subscription.polls:
            chosen[subscription.flow_key or subscription.id] = subscription
    listed = {subscription.id for subscription in subscriptions}
    for subscription in subscriptions:
        since = subscription.state_since
        just_replaced = bool(subscription.replaced_by) and since is not None and abs(now - since) < _LISTED_WITHIN
        if (just_replaced and subscription.replaced_by not in listed) or just_unsubscribed(subscription, now):
            chosen.setdefault(subscription.flow_key or subscription.id, subscription)
    return list(chosen.values())


def age(subscription: Subscription) -> tuple[datetime, str]:
    """What orders the subscriptions of a flow: the newest counts."""
    return subscription.created_at, subscription.id


def replaced(subscription: Subscription, *, by: str, now: datetime) -> Subscription:
    """One whose flow subscribed again: what is still on its way to it goes to its successor."""
    if not subscription.is_live:
        return replace(subscription, replaced_by=by)
    return replace(subscription, state=SubscriptionState.REPLACED, state_since=now, replaced_by=by)


def just_unsubscribed(subscription: Subscription, now: datetime) -> bool:
    """Whether its flow may be in the middle of being saved: the platform may delete first and then subscribe anew."""
    since = subscription.state_since
    if subscription.state is not SubscriptionState.UNSUBSCRIBED or subscription.replaced_by or since is None:
        return False
    return abs(now - since) < SAVED_WITHIN


def unsubscribed(subscription: Subscription, *, now: datetime) -> Subscription:
    """One whose flow wants no more. It stays for some days: a flow that is saved may subscribe anew after this."""
    return replace(subscription, state=SubscriptionState.UNSUBSCRIBED, state_since=now)


def watches_of(subscriptions: Iterable[Subscription]) -> Watches:
    """The distinct rules that the subscriptions ask to be watched."""
    live = [one.filters for one in subscriptions if one.is_live]
    return Watches.of(
        (filters.threshold for filters in live if filters.threshold),
        (filters.freshness for filters in live if filters.freshness),
    )


def _wanted_key(filters: Filters) -> str:
    watch = filters.threshold or filters.freshness
    return watch.id if watch else (filters.data_source_id or "").lower()


def _passes(filters: Filters, event: Event) -> bool:
    wanted = (
        (filters.submission, "submission"),
        (filters.operation_types, "operationType"),
        (filters.outcomes, "outcome"),
    )
    for allowed, name in wanted:
        choices = (allowed,) if isinstance(allowed, str) else allowed or ()
        if choices and str(event.data.get(name)).lower() not in {choice.lower() for choice in choices}:
            return False
    return True
