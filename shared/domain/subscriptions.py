"""Who wants which events: triggers, filters, and the match of an event to its subscriptions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.events import Event, EventType
from shared.domain.watches import FreshnessWatch, ThresholdWatch, Watches


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
    SUSPENDED = "suspended"  # the flow is off
    ENDED = "ended"  # the flow is gone


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
class Subscription:
    """A flow's standing order. `fields` are the filters as they were asked for; `callback_url` is a secret."""

    id: str
    environment_id: str
    trigger: Trigger
    fields: Mapping[str, Any]
    filters: Filters
    callback_url: str = field(repr=False)
    created_at: datetime
    label: str = ""
    state: SubscriptionState = SubscriptionState.ACTIVE


class Directory:
    """The subscriptions of an environment, found by event without asking each of them.

    Suspended ones are among them: their events are kept for when the flow is on again.
    """

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._by_key: dict[tuple[str, str], list[Subscription]] = {}
        for subscription in subscriptions:
            if subscription.state is SubscriptionState.ENDED:
                continue
            for event_type in EVENT_TYPES[subscription.trigger]:
                self._by_key.setdefault((event_type, _wanted_key(subscription.filters)), []).append(subscription)

    def wanting(self, event: Event) -> list[Subscription]:
        """The subscriptions that get this event."""
        keys = {"", str(event.data.get("watchId", "")), str(event.data.get("dataSourceId", "")).lower()}
        found = [one for key in sorted(keys) for one in self._by_key.get((event.type, key), ())]
        return [subscription for subscription in found if _passes(subscription.filters, event)]


def watches_of(subscriptions: Iterable[Subscription]) -> Watches:
    """The distinct rules that the subscriptions ask to be watched."""
    live = [one.filters for one in subscriptions if one.state is not SubscriptionState.ENDED]
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
