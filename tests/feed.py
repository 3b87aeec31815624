"""Events in the feed of a stage, committed and relayed as a poll does it; what asks for them."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.checkpoint import EnvironmentState
from shared.domain.events import Event, EventType, JsonValue, NumberedEvent, make_event
from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.services.relay_outbox import relay_outbox
from shared.stores import StoredState
from tests.factories import ENVIRONMENT, at


def happened(
    place: int,
    kind: EventType = EventType.REFRESH_FAILED,
    environment_id: str = ENVIRONMENT,
    **data: JsonValue,
) -> Event:
    """An event; its place says which, and when it was in minutes."""
    subject, told = f"datasources/{place % 3}", {"summary": f"Number {place} happened.", **data}
    return make_event(environment_id, kind, subject=subject, occurrence=str(place), time=at(place), data=told)


def wanted_by(subscription: Subscription, place: int, kind: EventType) -> Event:
    """An event that a subscription asks for, whatever its filters are."""
    filters = subscription.filters
    watch = filters.threshold or filters.freshness
    data = {
        "dataSourceId": filters.data_source_id or "",
        "submission": filters.submission or "",
        "operationType": next(iter(filters.operation_types), ""),
        "outcome": next(iter(filters.outcomes), ""),
        "watchId": watch.id if watch else "",
    }
    present = {name: value for name, value in data.items() if value}
    return happened(place, kind, subscription.environment_id, **present)


async def publish(ports: Ports, *events: Event, environment_id: str = ENVIRONMENT) -> None:
    """Commit events and relay them."""
    stored = await ports.checkpoints.read(environment_id)
    state = stored.state if stored else EnvironmentState()
    first = state.sequence + 1
    outbox = tuple(NumberedEvent(first + place, event) for place, event in enumerate(events))
    committed = replace(state, outbox=outbox, sequence=state.sequence + len(events))
    etag = await ports.checkpoints.write(environment_id, committed, stored.etag if stored else None)
    await relay_outbox(ports, environment_id, StoredState(committed, etag))


async def publish_all(ports: Ports, events: Sequence[Event], *, at_once: int = 100) -> None:
    """Publish many."""
    for start in range(0, len(events), at_once):
        await publish(ports, *events[start : start + at_once], environment_id=_environment(events[0]))


def _environment(event: Event) -> str:
    return str(event.data["environmentId"])
