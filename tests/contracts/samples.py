"""What contract tests put into storage: events of any size, states, subscriptions."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.adapters.messages import encode_event
from shared.domain.checkpoint import Checkpoint, EnvironmentState, JobMark, Reachability, SeriesMark, SourceMark
from shared.domain.events import Event, EventType, JsonValue, NumberedEvent, make_event
from shared.domain.signatures import SigningSecret
from shared.domain.snapshot import Look
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Flow, Health, Subscription, SubscriptionState, Trigger
from shared.domain.watches import FreshnessWatch
from tests.factories import noise

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALLBACK = (
    "https://prod-01.westeurope.logic.azure.com/workflows/w/triggers/manual/paths/invoke?sp=%2Ftriggers&sig=s3cr3t"
)
THIRTY_DIGITS = Decimal("123456789012345678.901234567891")


def event(
    environment_id: str,
    place: int = 1,
    event_type: EventType = EventType.REFRESH_FAILED,
    **data: JsonValue,
) -> Event:
    """One event; its place makes it another one."""
    return make_event(
        environment_id,
        event_type,
        subject=f"datasources/{place}",
        occurrence=str(place),
        time=NOON + timedelta(microseconds=place % 10**12),
        data={"dataSourceName": f"Kilder Ærø {place}", "rows": place, **data},
    )


def events(environment_id: str, count: int, **data: JsonValue) -> tuple[Event, ...]:
    """Several events, in order."""
    return tuple(event(environment_id, place, EventType.REFRESH_FAILED, **data) for place in range(1, count + 1))


def numbered(environment_id: str, count: int, first: int = 1) -> list[NumberedEvent]:
    """Several events with the numbers from `first` on."""
    return [NumberedEvent(place, event(environment_id, place)) for place in range(first, first + count)]


def of_size(environment_id: str, size: int, place: int = 1) -> Event:
    """An event whose JSON has exactly this many bytes, which hardly compress."""
    missing = size - len(encode_event(event(environment_id, place, text="")))
    return event(environment_id, place, text=noise(missing, place))


def written(found: Iterable[Event | NumberedEvent]) -> list[bytes]:
    """Events as they go out: equal bytes are equal events, to the last digit."""
    return [encode_event(one.event if isinstance(one, NumberedEvent) else one) for one in found]


def state(environment_id: str, *outbox: Event, series: int = 2, sequence: int | None = None) -> EnvironmentState:
    """A state in which nothing is left out."""
    last = sequence if sequence is not None else len(outbox)
    first = last - len(outbox) + 1
    checkpoint = Checkpoint(
        environment_id,
        NOON,
        jobs={"job-1": JobMark(NOON, frozenset({"a:failed", "b:successful"}), closed=False)},
        forgotten_until=NOON - timedelta(days=3, microseconds=1),
        sources={"ds-1": _source()},
        series={f"segments\x1fS {place} æ": _mark(place) for place in range(series)},
        freshness=(FreshnessWatch(timedelta(hours=1.5), "ds-1"),),
        looked_at=NOON,
    )
    return EnvironmentState(
        checkpoint=checkpoint,
        outbox=tuple(NumberedEvent(first + place, one) for place, one in enumerate(outbox)),
        sequence=last,
        reachability=Reachability(NOON, "insights_unavailable", announced=True),
        owed=Look(segments=True),
        watches=7,
        polled_at=NOON,
        looked_at=NOON + timedelta(microseconds=1),
        committed_at=NOON,
    )


def _source() -> SourceMark:
    return SourceMark("Orders", NOON, last_success_at=NOON, missing_since=NOON, fired=frozenset({"watch-1"}))


def _mark(place: int) -> SeriesMark:
    return SeriesMark(
        NOON, THIRTY_DIGITS + place, created_at=NOON, disarmed=frozenset({f"{place}/above", f"{place}/below"})
    )


def listed(subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """Subscriptions as a listing shows them: without their secrets."""
    return [replace(one, callback_url="", signing_secrets=()) for one in subscriptions]


def subscription(
    environment_id: str,
    name: str = "one",
    trigger: Trigger = Trigger.REFRESH_FAILED,
    fields: Mapping[str, object] | None = None,
) -> Subscription:
    """A subscription as the subscribe call makes it."""
    asked = dict(fields or {})
    return Subscription(
        id=f"{environment_id}.{name}",
        environment_id=environment_id,
        trigger=trigger,
        fields=asked,
        filters=parse_filters(trigger, asked),
        callback_url=CALLBACK,
        created_at=NOON + timedelta(microseconds=123456),
        label="Post to Teams: ÆØÅ 🎉",
    )


def full_subscription(environment_id: str, name: str = "one") -> Subscription:
    """A subscription in which nothing is left out."""
    moments = [NOON + timedelta(days=day, microseconds=day) for day in range(1, 9)]
    return replace(
        subscription(environment_id, name, fields={"dataSourceId": "ds-1", "submission": "scheduled"}),
        state=SubscriptionState.REPLACED,
        state_since=moments[0],
        owner="owner æ",
        flow=Flow("flow-name", "flow-environment", "run/action"),
        flow_key=f"flow-{environment_id}",
        callback_key=f"callback-{environment_id}",
        callback_shown="prod-01.westeurope.logic.azure.com (5f2c)",
        signing_secrets=(SigningSecret("whsec_bmV3"), SigningSecret("whsec_b2xk", moments[1])),
        batch=True,
        replaced_by=f"{environment_id}.two",
        polled_at=moments[2],
        health=Health(1, 2, moments[3], moments[4], moments[5], 3, 4, moments[6], "run æ", moments[7], "http_500"),
    )
