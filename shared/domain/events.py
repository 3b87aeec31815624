"""What an event is: a CloudEvents 1.0 fact with an id that the fact itself decides."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from urllib.parse import quote

_NAMESPACE = uuid.UUID("5d8f4bb0-6a0e-5d5b-9d3f-0d2f6a1c7e11")

JsonValue = str | int | float | bool | Decimal | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


class EventType(StrEnum):
    """The types of event that this app produces."""

    REFRESH_FAILED = "datasource.refresh.failed"
    REFRESH_SUCCEEDED = "datasource.refresh.succeeded"
    SEGMENT_CROSSED = "segment.threshold.crossed"
    MEASURE_CROSSED = "measure.threshold.crossed"
    FULL_REFRESH_COMPLETED = "refresh.completed"
    UNIFICATION_COMPLETED = "unification.completed"
    PROCESS_ENDED = "process.ended"
    OVERDUE = "datasource.overdue"
    UNREACHABLE = "environment.unreachable"
    RECOVERED = "environment.recovered"
    GAP = "environment.gap"


@dataclass(frozen=True, slots=True)
class Event:
    """A fact about an environment, as CloudEvents 1.0 names its parts. `time` is when it happened at the source."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event with its place in the environment's feed: 1, 2, 3, ... without gaps."""

    sequence: int
    event: Event


def make_event(
    environment_id: str,
    event_type: EventType,
    *,
    subject: str,
    occurrence: str,
    time: datetime,
    data: Mapping[str, JsonValue | datetime | None],
) -> Event:
    """The event for a fact. The same environment, type, subject and occurrence always give the same id.

    Absent data is left out, never null: a flow's schema check refuses nulls (TriggerInputSchemaMismatch).
    """
    identity = "\n".join((environment_id, event_type, subject, occurrence))
    present = {name: _json(value) for name, value in data.items() if value is not None}
    return Event(
        id=str(uuid.uuid5(_NAMESPACE, identity)),
        type=str(event_type),
        source=f"/environments/{quote(environment_id)}",
        subject=subject,
        time=time,
        data={"environmentId": environment_id, **present},
    )


def iso(moment: datetime) -> str:
    """An RFC 3339 time in UTC with a Z, to the microsecond where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def duration_seconds(started_at: datetime | None, ended_at: datetime | None) -> float | None:
    """Seconds from one moment to the other, or None when either is unknown."""
    if started_at is None or ended_at is None:
        return None
    return (ended_at - started_at).total_seconds()


def _json(value: JsonValue | datetime) -> JsonValue:
    return iso(value) if isinstance(value, datetime) else value
