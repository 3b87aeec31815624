"""Did every event reach the flows that expected it, once, and how soon? Pure: expected and received, compared."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

Json = dict[str, object]


class Expectation(NamedTuple):
    """One event that one flow must get."""

    type: str
    subject: str
    time: datetime
    flow: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as a flow got it."""

    flow: str
    id: str
    type: str
    subject: str
    time: datetime
    received_at: datetime
    summary: str = ""
    answer: int = 202

    @property
    def taken(self) -> bool:
        """Whether the flow took it."""
        return 200 <= self.answer < 300

    @property
    def meets(self) -> Expectation:
        """What this delivery is an answer to, if anyone expected it."""
        return Expectation(self.type, self.subject, self.time, self.flow)


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """How simulated time lies on real time: both at the start, and the speed."""

    start: datetime
    real_start: datetime
    speed: float

    def happened_at(self, delivery: Delivery) -> datetime:
        """The real time at which the event happened."""
        return self.real_start + (delivery.time - self.start) / self.speed

    def lag_seconds(self, delivery: Delivery) -> float:
        """The real seconds from when the event happened to when the flow had it."""
        return round((delivery.received_at - self.happened_at(delivery)) / timedelta(seconds=1), 3)


@dataclass(frozen=True, slots=True)
class TypeRow:
    """The same comparison for one event type, or for all."""

    title: str
    expected: int
    delivered: int
    missing: int
    unexpected: int
    duplicates: int
    lag_p50: float | None
    lag_max: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What was expected, and each first delivery with its lag."""

    expected_types: tuple[str, ...]
    missing: tuple[Expectation, ...]
    unexpected: tuple[Delivery, ...]
    duplicates: tuple[Delivery, ...]
    events: tuple[tuple[Delivery, float], ...]

    @property
    def expected(self) -> int:
        """How many deliveries the scenario asks for."""
        return len(self.expected_types)

    @property
    def delivered(self) -> int:
        """How many of them came."""
        return self.expected - len(self.missing)

    def is_good(self, *, duplicates_allowed: bool) -> bool:
        """Did all come that should, and nothing else?"""
        return not self.missing and not self.unexpected and (duplicates_allowed or not self.duplicates)


def compare(expected: Sequence[Expectation], deliveries: Iterable[Delivery], clock: SimulatedClock) -> Report:
    """Match what came with what was expected; the same event at the same flow again is a duplicate."""
    first, duplicates = split_repeats(deliveries)
    wanted = Counter(expected)
    unexpected = []
    for delivery in first:
        if wanted[delivery.meets] > 0:
            wanted[delivery.meets] -= 1
        else:
            unexpected.append(delivery)
    missing = sorted(wanted.elements(), key=lambda item: (item.time, item))
    events = sorted(((each, clock.lag_seconds(each)) for each in first), key=lambda pair: (pair[0].time, pair[0].id))
    return Report(
        expected_types=tuple(item.type for item in expected),
        missing=tuple(missing),
        unexpected=tuple(unexpected),
        duplicates=tuple(duplicates),
        events=tuple(events),
    )


def split_repeats(deliveries: Iterable[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """The first delivery of each event to each flow, and the repeats."""
    first: dict[tuple[str, str], Delivery] = {}
    repeats = []
    for each in deliveries:
        if (each.flow, each.id) in first:
            repeats.append(each)
        else:
            first[each.flow, each.id] = each
    return list(first.values()), repeats


def unexplained(repeats: Iterable[Delivery], killed_at: Sequence[datetime], clock: SimulatedClock) -> list[Delivery]:
    """The repeats that no kill explains: a kill may repeat, once, what happened before it and came again after it."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for each in sorted(repeats, key=lambda one: one.received_at):
        seen[each.flow, each.id] += 1
        kills = sum(clock.happened_at(each) <= moment <= each.received_at for moment in killed_at)
        if seen[each.flow, each.id] > kills:
            found.append(each)
    return found


def table_rows(report: Report) -> tuple[TypeRow, ...]:
    """The comparison a row for each event type, and one for all."""
    names = sorted({event.type for event, _ in report.events} | set(report.expected_types))
    return (*(row_of(report, name, {name}) for name in names), row_of(report, "all", set(names)))


def row_of(report: Report, title: str, types: AbstractSet[str]) -> TypeRow:
    """One row, over the event types that count."""
    expected = sum(kind in types for kind in report.expected_types)
    missing = sum(item.type in types for item in report.missing)
    unexpected = sum(item.type in types for item in report.unexpected)
    duplicates = sum(item.type in types for item in report.duplicates)
    lags = [lag for event, lag in report.events if event.type in types]
    middle, worst = (median(lags), max(lags)) if lags else (None, None)
    return TypeRow(title, expected, expected - missing, missing, unexpected, duplicates, middle, worst)


def as_json(report: Report, extra: Mapping[str, object]) -> Json:
    """The report as the file that `--report` writes."""
    return {
        "expected": report.expected,
        "delivered": report.delivered,
        "missing": [
            {"type": item.type, "subject": item.subject, "time": written(item.time), "flow": item.flow}
            for item in report.missing
        ],
        "unexpected": [{**event_json(item), "flow": item.flow} for item in report.unexpected],
        "duplicates": len(report.duplicates),
        "events": [{**event_json(item), "lag_seconds": lag} for item, lag in report.events],
        **extra,
    }


def event_json(delivery: Delivery) -> Json:
    """What names an event."""
    return {"id": delivery.id, "type": delivery.type, "subject": delivery.subject, "time": written(delivery.time)}


def written(time: datetime) -> str:
    """A time as the events write it."""
    return time.isoformat().replace("+00:00", "Z")
