"""Ports in memory: for tests, and for whoever builds on this app. They pass the same contract tests as Azure's.

Subscriptions and dead deliveries are in memory_subscriptions.py.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from shared.adapters import messages
from shared.adapters.documents import decode_state, encode_state
from shared.adapters.packed_queues import PackedQueues
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, FlowCall, PoisonMessage
from shared.domain.events import Event, NumberedEvent
from shared.domain.snapshot import Job, JobList, Judged, Measure, Node, Segment
from shared.errors import CheckpointConflict, InsightsError, InsightsNotFound, MessageInvalid
from shared.ports import NamedKind, Queue
from shared.stores import EventQuery, StoredState


class MemoryInsights:
    """An environment that shows what a test sets.

    Set `failure` to have every call fail, `unreadable` to have so many of the newest jobs listed but not told.
    """

    def __init__(self) -> None:
        self.served_at = datetime(2026, 3, 2, tzinfo=UTC)
        self.listed: tuple[Job, ...] = ()
        self.node_list: tuple[Node, ...] = ()
        self.segment_list: tuple[Segment, ...] = ()
        self.measure_list: tuple[Measure, ...] = ()
        self.measure_rows: dict[tuple[str, tuple[tuple[str, str], ...]], Mapping[str, str]] = {}
        self.failure: InsightsError | None = None
        self.unreadable = 0
        self.names: set[str] | None = None
        self.calls: list[str] = []

    def _count(self, call: str) -> None:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs."""
        self._count(f"jobs {top}")
        jobs = self.listed[:top]
        return JobList(jobs[self.unreadable :], self.served_at, len(jobs))

    async def headlines(self, environment_id: str, *, top: int) -> JobList:
        """The newest jobs without their tasks."""
        listed = await self.jobs(environment_id, top=top)
        self.calls[-1:] = [f"headlines {top}"]
        return replace(listed, jobs=tuple(replace(job, tasks=()) for job in listed.jobs))

    async def job(self, environment_id: str, job_id: str) -> Job:
        """One job."""
        self._count(f"job {job_id}")
        for job in self.listed:
            if job.job_id == job_id:
                return job
        raise InsightsNotFound

    async def nodes(self, environment_id: str) -> tuple[Node, ...]:
        """All nodes."""
        self._count("nodes")
        return self.node_list

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        """All segments."""
        self._count(f"segments {history_days}")
        return self.segment_list

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        """All measures."""
        self._count("measures")
        return self.measure_list

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        """One measure."""
        self._count(f"measure {name}")
        for measure in self.measure_list:
            if measure.name == name:
                return measure
        raise InsightsNotFound

    async def knows(self, environment_id: str, kind: NamedKind, name: str) -> bool:
        """Whether a test named it in `names`; everything is known until one does."""
        self._count(f"knows {kind} {name}")
        return self.names is None or name in self.names

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        """One row of a measure."""
        self._count(f"measure_row {name}")
        return self.measure_rows.get((name, tuple(dimensions)), {})


class MemoryCheckpoints:
    """Documents by environment, with ETags."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[bytes, int]] = {}
        self.reads = 0
        self.writes = 0

    async def read(self, environment_id: str) -> StoredState | None:
        """The last commit."""
        self.reads += 1
        if environment_id not in self.documents:
            return None
        body, version = self.documents[environment_id]
        return StoredState(decode_state(body), str(version))

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        """Commit over the given version."""
        self.writes += 1
        _, version = self.documents.get(environment_id, (b"", 0))
        if etag != (str(version) if version else None):
            raise CheckpointConflict
        self.documents[environment_id] = (encode_state(state), version + 1)
        return str(version + 1)


class MemoryEventLog:
    """The feeds, by environment and number."""

    def __init__(self) -> None:
        self.feeds: dict[str, dict[int, bytes]] = {}

    async def append(self, environment_id: str, events: Sequence[NumberedEvent]) -> None:
        """Write events under their numbers."""
        feed = self.feeds.setdefault(environment_id, {})
        feed.update({numbered.sequence: messages.encode_event(numbered.event) for numbered in events})

    async def read(self, environment_id: str, *, after: int, limit: int) -> list[NumberedEvent]:
        """Events after a number."""
        feed = self.feeds.get(environment_id, {})
        numbers = sorted(number for number in feed if number > after)[:limit]
        return [NumberedEvent(number, messages.decode_event(feed[number])) for number in numbers]

    async def last_number(self, environment_id: str) -> int:
        """The highest number."""
        return max(self.feeds.get(environment_id, {}), default=0)

    async def search(self, environment_id: str, query: EventQuery, *, limit: int) -> list[NumberedEvent]:
        """The events that a query asks for."""
        feed = await self.read(environment_id, after=query.after, limit=len(self.feeds.get(environment_id, {})))
        return [one for one in feed if query.wants(one.event)][:limit]

    async def forget(self, before: datetime) -> int:
        """Remove events of before a time."""
        count = 0
        for feed in self.feeds.values():
            for number in [number for number in feed if messages.decode_event(feed[number]).time < before]:
                del feed[number]
                count += 1
        return count


class MemoryQueues(PackedQueues):
    """Encoded messages by queue, with the delay they were sent with; the bodies of those that are too big, by claim."""

    def __init__(self) -> None:
        self.messages: dict[Queue, deque[tuple[bytes, int]]] = {queue: deque() for queue in Queue}
        self.claims: dict[str, bytes] = {}
        self.poisoned: list[PoisonMessage] = []

    def take(self, queue: Queue) -> bytes | None:
        """The oldest message, delayed or not."""
        return self.messages[queue].popleft()[0] if self.messages[queue] else None

    async def _put(self, queue: Queue, body: bytes, delay_seconds: int) -> None:
        self.messages[queue].append((body, delay_seconds))

    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        """Messages that a test put among the poison."""
        found = [one for one in self.poisoned if one.queue == queue.value]
        return found[:limit]

    async def drop_poison(self, message: PoisonMessage) -> None:
        """Remove a message."""
        self.poisoned = [one for one in self.poisoned if one.id != message.id]

    async def _keep(self, body: bytes) -> str:
        name = f"claim-{len(self.claims) + 1}"
        self.claims[name] = body
        return name

    async def _kept(self, name: str) -> bytes:
        if name not in self.claims:
            raise MessageInvalid("The message's body is no longer in storage.")
        return self.claims[name]


class MemoryFlows:
    """Flows that answer what a test sets (202 otherwise) and remember every call."""

    def __init__(self) -> None:
        self.taken: list[FlowCall] = []
        self.answers: dict[str, deque[Answer | Exception]] = {}

    @property
    def calls(self) -> list[tuple[str, Event]]:
        """The callback URL and the event of each call, an event of a list each by itself."""
        return [(call.callback_url, event) for call in self.taken for event in call.events]

    async def call(self, call: FlowCall) -> Answer:
        """Take a call."""
        self.taken.append(call)
        planned = self.answers.get(call.callback_url)
        answer = planned.popleft() if planned else Answer(202)
        if isinstance(answer, Exception):
            raise answer
        return answer
