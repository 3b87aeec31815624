"""Which rules are watched: thresholds on a number that moves, and freshness of data sources.

A watch is a distinct rule; subscriptions with the same rule share it. Watches of one number are kept sorted, so that
a new value finds the thresholds it crossed by binary search however many there are.
"""

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Context, Decimal
from enum import StrEnum

_NAMESPACE = uuid.UUID("0c1f6f9e-55b2-5c1c-8f57-9f4f3f1a8c02")
_EXACT = Context(prec=200)


class Direction(StrEnum):
    """Which crossings count."""

    ABOVE = "above"
    BELOW = "below"
    BOTH = "both"


def segment_key(name: str) -> str:
    """The key of a segment's series."""
    return f"segments\x1f{name}"


@dataclass(frozen=True, slots=True)
class Series:
    """One number that moves: the members of a segment, or one aggregate of a measure."""

    kind: str  # "segments" or "measures"
    name: str
    alias: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "dimensions", tuple(sorted(self.dimensions)))

    @property
    def key(self) -> str:
        """A text that no other series has."""
        if self.kind != "measures":
            return segment_key(self.name)
        return "\x1f".join([self.kind, self.name, self.alias, *(f"{one}\x1d{value}" for one, value in self.dimensions)])

    @property
    def subject(self) -> str:
        """The subject of events about it."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class ThresholdWatch:
    """Fire when the series crosses `threshold`; equality is not a crossing.

    `rearm_at`: after it fired above (below), it fires again only once the value was at or under (over) this level;
    with direction both the distance to the threshold counts on either side.
    `percent`: the threshold is a change against the previous evaluation, in percent.
    """

    series: Series
    threshold: Decimal
    direction: Direction = Direction.ABOVE
    rearm_at: Decimal | None = None
    percent: bool = False

    @property
    def id(self) -> str:
        """Equal rules have equal ids."""
        rearm = "" if self.rearm_at is None else _plain(self.rearm_at)
        parts = ("threshold", self.series.key, _plain(self.threshold), self.direction, rearm, str(self.percent))
        return str(uuid.uuid5(_NAMESPACE, "\x1e".join(parts)))

    def rearm_level(self, side: Direction) -> Decimal | None:
        """The level at which this side may fire again, or None when it needs none."""
        if self.rearm_at is None:
            return None
        distance = abs(self.threshold - self.rearm_at)
        return self.threshold - distance if side is Direction.ABOVE else self.threshold + distance


@dataclass(frozen=True, slots=True)
class FreshnessWatch:
    """Fire when a data source (None: any of them) had no successful refresh for `within`."""

    within: timedelta
    data_source_id: str | None = None

    @property
    def id(self) -> str:
        """Equal rules have equal ids."""
        parts = ("freshness", str(self.within.total_seconds()), (self.data_source_id or "*").lower())
        return str(uuid.uuid5(_NAMESPACE, "\x1e".join(parts)))

    def concerns(self, data_source_id: str) -> bool:
        """Whether it watches this data source."""
        return self.data_source_id is None or self.data_source_id.lower() == data_source_id.lower()


@dataclass(slots=True)
class _Ladder:
    """Watches of one series and side, lowest threshold first."""

    watches: list[ThresholdWatch]
    thresholds: list[Decimal] = field(init=False)

    def __post_init__(self) -> None:
        self.thresholds = [watch.threshold for watch in self.watches]

    def above(self, previous: Decimal, value: Decimal) -> list[ThresholdWatch]:
        """Thresholds T with previous <= T < value, lowest first."""
        return self.watches[bisect_left(self.thresholds, previous) : bisect_left(self.thresholds, value)]

    def below(self, previous: Decimal, value: Decimal) -> list[ThresholdWatch]:
        """Thresholds T with previous >= T > value, highest first."""
        found = self.watches[bisect_right(self.thresholds, value) : bisect_right(self.thresholds, previous)]
        return found[::-1]

    def under(self, value: Decimal) -> list[ThresholdWatch]:
        """Thresholds T with T < value, lowest first."""
        return self.watches[: bisect_left(self.thresholds, value)]


@dataclass(slots=True)
class SeriesWatches:
    """All threshold watches of one series."""

    by_id: dict[str, ThresholdWatch]
    _level: dict[Direction, _Ladder]
    _percent: dict[Direction, _Ladder]

    @classmethod
    def of(cls, watches: Iterable[ThresholdWatch]) -> "SeriesWatches":
        """Sort the watches of one series."""
        by_id = {watch.id: watch for watch in watches}
        # Sorted once for all ladders, by ids that are known: to make one takes longer than all the rest.
        lowest_first = [by_id[one] for _, one in sorted((watch.threshold, one) for one, watch in by_id.items())]
        ladders: dict[bool, dict[Direction, _Ladder]] = {}
        for percent in (False, True):
            chosen = [watch for watch in lowest_first if watch.percent is percent]
            ladders[percent] = {
                side: _Ladder([watch for watch in chosen if watch.direction in (side, Direction.BOTH)])
                for side in (Direction.ABOVE, Direction.BELOW)
            }
        return cls(by_id, ladders[False], ladders[True])

    def crossed(self, previous: Decimal, value: Decimal) -> Iterator[tuple[ThresholdWatch, Direction]]:
        """The watches that a move from previous to value crosses, in the order in which it meets them."""
        if previous == value:
            return
        side = Direction.ABOVE if value > previous else Direction.BELOW
        level = self._level[side]
        met = level.above(previous, value) if side is Direction.ABOVE else level.below(previous, value)
        yield from ((watch, side) for watch in met)
        change = change_percent(previous, value)
        moved = self._percent[side]
        yield from ((watch, side) for watch in (moved.watches if change is None else moved.under(abs(change))))


def change_percent(previous: Decimal, value: Decimal) -> Decimal | None:
    """The change in percent of the previous value; None from zero, which no percentage describes."""
    if previous == 0:
        return None
    change = _EXACT.multiply(_EXACT.subtract(value, previous), Decimal(100))
    return _EXACT.divide(change, abs(previous))


def round_percent(change: Decimal) -> Decimal:
    """A change in percent as people read it, however large."""
    return change.quantize(Decimal("0.01"), context=_EXACT)


@dataclass(frozen=True, slots=True)
class Watches:
    """Everything that is watched in one environment."""

    series: Mapping[str, SeriesWatches] = field(default_factory=dict)
    freshness: tuple[FreshnessWatch, ...] = ()

    @classmethod
    def of(cls, thresholds: Iterable[ThresholdWatch], freshness: Iterable[FreshnessWatch] = ()) -> "Watches":
        """Index the watches of an environment."""
        by_series: dict[str, list[ThresholdWatch]] = {}
        for watch in thresholds:
            by_series.setdefault(watch.series.key, []).append(watch)
        distinct = {watch.id: watch for watch in freshness}
        ordered = tuple(distinct[watch_id] for watch_id in sorted(distinct))
        return cls({key: SeriesWatches.of(watches) for key, watches in by_series.items()}, ordered)

    @property
    def count(self) -> int:
        """How many distinct rules there are."""
        return sum(len(watches.by_id) for watches in self.series.values()) + len(self.freshness)

    @property
    def measure_names(self) -> list[str]:
        """The measures that are watched."""
        return sorted({series.name for series in self._measures()})

    @property
    def measure_rows(self) -> list[Series]:
        """The watched rows of measures that are broken down by dimensions, one series for each row."""
        rows = {(series.name, series.dimensions) for series in self._measures() if series.dimensions}
        return [Series("measures", name, dimensions=dimensions) for name, dimensions in sorted(rows)]

    def _measures(self) -> Iterator[Series]:
        for watches in self.series.values():
            series = next(iter(watches.by_id.values())).series
            if series.kind == "measures":
                yield series


def _plain(value: Decimal) -> str:
    """One spelling for equal numbers: 1, 1.0 and 1E0 are the same threshold."""
    return format(value.normalize(_EXACT), "f")
