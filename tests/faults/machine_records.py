"""Does the story keep its promises? What was committed, sent and called, held against the facts and who wanted them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.adapters.memory import MemoryCheckpoints
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, DeliveryBatch, FlowCall
from shared.domain.events import Event
from shared.errors import CheckpointConflict, DeliveryFailed
from tests.factories import ENVIRONMENT
from tests.faults.machine_flows import GONE, REFUSALS, Line, Receivers, Version, wants
from tests.faults.machine_gate import WORK, Message, Work
from tests.faults.machine_host import Host
from tests.faults.machine_source import Fact, Key, Source, key_of
from tests.faults.machine_swept import Swept

LOOK_AGAIN = timedelta(seconds=5)  # docs/delivery.md: another instance learns of an end within five seconds
OF_FAULTS = ("fault", "poison")
OF_AN_END = ("unsubscribed", "flow_gone")
OF_TIME = "waited_too_long"
OF_OURS = ("environment.unreachable", "environment.recovered")


class Conflicts(MemoryCheckpoints):
    """Counts the commits that were lost to another poller."""

    count = 0

    async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
        """Commit."""
        try:
            return await super().write(environment_id, state, etag)
        except CheckpointConflict:
            self.count += 1
            raise


@dataclass(frozen=True)
class Owed:
    """An event that a flow has to get: it was subscribed, acknowledged, when the event was committed."""

    line: Line
    event: Event
    moment: int


@dataclass(frozen=True)
class Watched:
    """A crossing that has to be found: a flow was subscribed to it, acknowledged, before it happened."""

    line: Line
    fact: Fact
    moment: int


@dataclass(eq=False)
class Records:
    """What was seen. `wrong` says what no promise allows."""

    host: Host
    source: Source
    receivers: Receivers
    checkpoints: Conflicts
    lines: Mapping[str, Line]
    swept: Swept
    wrong: list[str] = field(default_factory=list)
    by_number: dict[int, str] = field(default_factory=dict)
    by_key: dict[Key, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    rows: dict[int, bytes] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    replayed: Counter[tuple[str, str]] = field(default_factory=Counter)
    put_back: Counter[str] = field(default_factory=Counter)
    disturbed: Counter[str] = field(default_factory=Counter)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    faulted: set[str] = field(default_factory=set)
    calls: int = 0
    disturbed_polls: int = 0
    silence: bool = False
    committed_at: datetime | None = None

    def committed(self, environment_id: str, state: EnvironmentState, _etag: str | None) -> None:
        """A commit was made."""
        self.committed_at = self.host.now
        for one in state.outbox:
            if one.sequence not in self.by_number:
                self._new(one.event, one.sequence)
            elif self.by_number[one.sequence] != one.event.id:
                self.wrong.append(f"number {one.sequence} changed its event")

    def _new(self, event: Event, number: int) -> None:
        key = key_of(event)
        if key in self.by_key or event.id in self.by_number.values():
            self.wrong.append(f"{key} was told twice")
        self.by_key[key] = self.by_number[number] = event.id
        self.events.append(event)
        self._explain(event, self.source.certain.get(key) or self.source.possible.get(key))
        for line in self.lines.values():
            if line.on and line.always_wanted(event):
                self.owed.append(Owed(line, event, self.host.gate.moment))

    def _explain(self, event: Event, fact: Fact | None) -> None:
        if fact is None:
            if event.type not in OF_OURS or not (self.source.failed or self.silence):
                self.wrong.append(f"no fact explains {key_of(event)}")
            return
        told = {name: event.data.get(name) for name in fact.values}
        if told != fact.values or (fact.at is not None and event.time != fact.at):
            self.wrong.append(f"{fact} was told as {told} at {event.time}")

    def crossed(self, facts: Sequence[Fact]) -> None:
        """Series crossed thresholds: who is subscribed now has to hear of it."""
        for fact in facts:
            for line in self.lines.values():
                if line.on and _wants_all(line, fact):
                    self.watched.append(Watched(line, fact, self.host.gate.moment))

    def put(self, message: Message, batch: object) -> None:
        """A message came onto a queue."""
        work = WORK.get(None)
        if isinstance(batch, DeliveryBatch):
            if work is not None and work.kind == "replay":
                self.host.effects["replays sent"] += 1
                for pair in batch.pairs:
                    name = self.name_of(pair.subscription_id)
                    self.replayed.update((name, batch.events[place].id) for place in pair.events)
        elif work is not None and work.kind == "replay":
            self.host.effects["messages put back"] += 1
            self.put_back.update(message.events)
        else:
            self.sent.update(message.events)

    def ended(self, work: Work, error: BaseException | None, failed: bool) -> None:
        """A work ended: how often may what it had be repeated?"""
        if error is not None:
            self.failed(work, error)
        if work.message is not None:
            self.faulted.update(work.message.events if failed or work.faults else ())
            self.disturb(work.message, work.repeats + failed)

    def failed(self, work: Work, error: BaseException) -> None:
        """An error ended a work, or was logged in it: it has to be one that was injected there."""
        if not any(error is one for one in work.injected):
            self.wrong.append(f"{work.kind}: {error!r}")

    def disturb(self, message: Message, times: int = 1) -> None:
        """A message may be handled so many times more."""
        self.disturbed.update(dict.fromkeys(message.events, times))
        self.disturbed_polls += 0 if message.events else times

    async def call(self, call: FlowCall) -> Answer:
        """A flow is called."""
        work = WORK.get()
        version = self._version(call.callback_url)
        line = version.line
        self._check_call(work, version, call)
        self.calls += 1
        try:
            answer = await self.receivers.call(call)
        except DeliveryFailed as failure:
            line.said.add(failure.reason)
            raise
        if answer.status in GONE:
            line.break_off(self.host.gate.moment)
        if answer.status in REFUSALS:
            version.refused_at = version.refused_at or self.host.now + self.host.ahead
        if 200 <= answer.status < 300:
            self.accepted.update((line.name, event.id) for event in call.events)
        else:
            line.said.add(answer.code or f"http_{answer.status}")
        return answer

    def _check_call(self, work: Work, version: Version, call: FlowCall) -> None:
        for event in call.events:
            if event.id not in self.by_number.values():
                self.wrong.append(f"{version.url} was called with what is in no feed")
            if not version.wants(event) and not self.replayed[version.line.name, event.id]:
                self.wrong.append(f"{version.url} was called with what it does not want")
        if version.succeeded is not None and work.began > version.succeeded:
            self.wrong.append(f"{version.url} was called after a newer one was acknowledged")
        if version.ended is not None:
            self._check_late(work, version, version.ended)
        secret = version.line.secret
        if secret is not None and work.began > secret[0] and version in secret[2] and secret[1] not in call.secrets:
            self.wrong.append(f"{version.url} was called without the new secret")

    def _check_late(self, work: Work, version: Version, ended: int) -> None:
        """Only what was under way may still come: one attempt here, those of some seconds from another worker."""
        if work.began > ended:
            self.wrong.append(f"{version.url} was called after it was unsubscribed")
        assert version.ended_at is not None
        if work.worker is version.ended_on or self.host.clock() - version.ended_at >= LOOK_AGAIN:
            version.late_calls[work.number] = version.late_calls.get(work.number, 0) + 1
        if version.late_calls.get(work.number, 0) > 1:
            self.wrong.append(f"{version.url} was called more than once after it was unsubscribed")

    def _version(self, url: str) -> Version:
        line = self.lines[self.receivers.line_of(url)]
        return next(version for version in line.versions if version.url == url)

    def name_of(self, subscription_id: str) -> str:
        """The flow that a subscription is or was of."""
        return self.swept.names[subscription_id].line.name

    def check_feed(self) -> None:
        """The feed has no gap but for what is too old, and nothing in it ever changes."""
        feed = self.host.stage.log.feeds.get(ENVIRONMENT, {})
        known = set(feed) | self.swept.numbers
        assert known == set(range(1, len(known) + 1)), "the feed has a gap"
        for number, body in feed.items():
            first = self.rows.setdefault(number, body)
            # A number may be spelt anew: 1e-6 comes back from the checkpoint as 0.000001.
            assert first == body or json.loads(first) == json.loads(body), f"number {number} changed"
        wrong = dict.fromkeys(self.wrong + self.swept.wrong)
        assert not wrong, "; ".join(wrong)

    def check_all_told(self) -> None:
        """Every fact is in the feed, once."""
        missing = [key for key in self.source.certain if key not in self.by_key]
        assert not missing, f"never told: {missing}"
        for one in self.watched:
            still = one.line.broken < one.moment and _wants_all(one.line, one.fact)
            assert not still or one.fact.key in self.by_key, f"never told: {one.fact}"
        feed = self.host.stage.log.feeds.get(ENVIRONMENT, {})
        assert set(feed) | self.swept.numbers == set(self.by_number), "the feed is not what was committed"
        assert len(self.by_number) == len(set(self.by_number.values())), "an event has two numbers"

    def check_all_delivered(self) -> int:
        """Every flow has what it was owed, or it is kept with a reason; answers how much was followed to its end."""
        followed, dead = 0, self._dead()
        kept = {event for message in self.kept_messages for event in message} | self.swept.messages
        for owed in self.owed:
            if owed.line.broken >= owed.moment or not owed.line.always_wanted(owed.event):
                continue
            followed += 1
            place = (owed.line.name, owed.event.id)
            reason = dead.get(place)
            assert self.accepted[place] or reason or owed.event.id in kept, f"{place} was lost"
            assert self.accepted[place] or reason not in OF_AN_END, f"{place}: {reason}"
        return followed

    def _dead(self) -> dict[tuple[str, str], str]:
        """Why what is dead died, also what was swept since: of what the story knows."""
        rows = self.host.stage.dead.rows.values()
        dead = self.swept.dead | {(self.name_of(row.subscription_id), row.event.id): row.reason for row in rows}
        for (name, event_id), reason in dead.items():
            if reason in OF_FAULTS:
                assert event_id in self.faulted, f"{event_id} is dead of a fault ({reason}) that it never had"
            elif reason not in (*OF_AN_END, OF_TIME):
                assert reason in self.lines[name].said, f"{event_id} is dead of {reason}, which {name} never said"
        return dead

    def check_repeats(self) -> None:
        """What was sent or called more than once is explained by what broke, and by nothing else."""
        for event_id, sent in self.sent.items():
            most = 1 + self.disturbed_polls + self.checkpoints.count
            assert sent <= most, f"{event_id} was sent {sent} times, {most} are explained"
        for (name, event_id), times in self.accepted.items():
            again = self.replayed[name, event_id] + self.put_back[event_id] + self.disturbed[event_id]
            most = self.sent[event_id] + again
            assert times <= most, f"{name} took {event_id} {times} times, {most} are explained"

    @property
    def kept_messages(self) -> list[tuple[str, ...]]:
        """The events of the messages that were given up."""
        bodies = {one.body for one in self.host.stage.dead.poison.values()}
        return [self.host.events_of[body] for body in bodies if body in self.host.events_of]


def _wants_all(line: Line, fact: Fact) -> bool:
    kind, name, direction, threshold, _ = fact.key
    told = {"segmentName": name, "measureName": name, "direction": direction, "threshold": threshold}
    return all(wants(line.order.trigger, version.fields, kind, told) for version in line.versions)
