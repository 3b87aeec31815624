"""What is remembered of an environment between two polls, and what is committed with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from shared.domain.events import NumberedEvent
from shared.domain.snapshot import Look
from shared.domain.watches import FreshnessWatch


@dataclass(frozen=True, slots=True)
class JobMark:
    """What of a listed job was dealt with: the keys of ended tasks and the names of ended stages.

    `submitted_at` is its end where the source gives no submission.
    """

    submitted_at: datetime | None
    handled: frozenset[str]
    closed: bool

    def with_handled(self, keys: Iterable[str]) -> "JobMark":
        """The same with more that was dealt with."""
        return JobMark(self.submitted_at, self.handled.union(keys), self.closed)


@dataclass(frozen=True, slots=True)
class SourceMark:
    """A data source: its last success and the freshness watches that already fired since then."""

    name: str
    known_since: datetime
    last_success_at: datetime | None = None
    missing_since: datetime | None = None
    fired: frozenset[str] = frozenset()

    @property
    def fresh_since(self) -> datetime:
        """From when its age counts."""
        return self.last_success_at or self.known_since


@dataclass(frozen=True, slots=True)
class SeriesMark:
    """The last value of a series that was judged, and which watches wait to be re-armed ("<watch id>/<side>")."""

    at: datetime
    value: Decimal
    created_at: datetime | None = None
    missing_since: datetime | None = None
    disarmed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far detection has come. Times are the source's own clock; `looked_at` is the last look at both the
    segments and the measures.
    """

    environment_id: str
    seen_at: datetime
    jobs: Mapping[str, JobMark] = field(default_factory=dict)
    forgotten_until: datetime | None = None
    sources: Mapping[str, SourceMark] = field(default_factory=dict)
    series: Mapping[str, SeriesMark] = field(default_factory=dict)
    freshness: tuple[FreshnessWatch, ...] = ()
    looked_at: datetime | None = None

    def measures_evaluated_at(self) -> dict[str, datetime]:
        """From when on the evaluations of each known measure have to be read: the oldest last one of its series."""
        oldest: dict[str, datetime] = {}
        for key, mark in self.series.items():
            kind, name = key.split("\x1f", 2)[:2]
            if kind == "measures":
                oldest[name] = min(mark.at, oldest.get(name, mark.at))
        return oldest


@dataclass(frozen=True, slots=True)
class Reachability:
    """Whether polls succeed. Times are our own clock: the source cannot tell."""

    failing_since: datetime | None = None
    reason: str = ""
    announced: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """All that one commit writes: the checkpoint, the events that it brought (the outbox) and the poller's own record.

    `sequence` numbers the environment's events. `owed` are lists that could not be read and have to be read again.
    `polled_at`, `looked_at` and `committed_at` are our own clock.
    """

    checkpoint: Checkpoint | None = None
    outbox: tuple[NumberedEvent, ...] = ()
    sequence: int = 0
    reachability: Reachability = Reachability()
    owed: Look = Look()
    watches: int = 0
    polled_at: datetime | None = None
    looked_at: datetime | None = None
    committed_at: datetime | None = None

    def forgotten(self) -> "EnvironmentState":
        """The state to begin anew from: nothing is known, and no number comes twice."""
        return EnvironmentState(outbox=self.outbox, sequence=self.sequence, committed_at=self.committed_at)
