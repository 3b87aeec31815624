"""Poll one environment: see what is new, commit it with its events in one write, hand the events on."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.domain.checkpoint import EnvironmentState, Reachability
from shared.domain.detection import Detection, detect
from shared.domain.detection.progress import something_runs
from shared.domain.detection.reachability import failed_poll, succeeded_poll
from shared.domain.events import Event, NumberedEvent
from shared.domain.polling import is_being_relayed, is_full_look_due, is_worth_writing
from shared.errors import CheckpointConflict, InsightsError
from shared.ports import Ports
from shared.services.look_at_environment import Sight, look_at_environment
from shared.services.note_poll import note_events, note_left, note_poll
from shared.services.relay_outbox import relay_outbox
from shared.stores import StoredState
from shared.telemetry import SpanName


@dataclass(frozen=True, slots=True)
class PollOutcome:
    """What a poll did. `failure` is why the environment could not be read."""

    environment_id: str
    events: int = 0
    running: bool = False
    committed: bool = False
    left_to_other: bool = False
    failure: InsightsError | None = None
    not_understood: Mapping[str, int] = field(default_factory=dict)


async def poll_environment(ports: Ports, environment_id: str, *, asked_at: datetime | None = None) -> PollOutcome:
    """Poll once; look at everything if that was not done since `asked_at`.

    A lost race is given up quietly: whoever won has the same facts.
    """
    with ports.telemetry.span(SpanName.POLL, environment=environment_id) as span:
        try:
            outcome = await _poll(ports, environment_id, asked_at)
        except CheckpointConflict:
            outcome = PollOutcome(environment_id, left_to_other=True)
        if outcome.left_to_other:
            note_left(ports.telemetry, environment_id)
        if outcome.failure is not None:
            span.fail(outcome.failure.reason)
        return outcome


async def _poll(ports: Ports, environment_id: str, asked_at: datetime | None) -> PollOutcome:
    stored = await ports.checkpoints.read(environment_id)
    now = ports.clock()
    if stored is not None and stored.state.outbox:
        if is_being_relayed(stored.state, now):
            return PollOutcome(environment_id, left_to_other=True)
        stored = await relay_outbox(ports, environment_id, stored)
    before = stored.state if stored else EnvironmentState(sequence=await ports.log.last_number(environment_id))
    full = is_full_look_due(before, now, asked_at)
    try:
        sight = await look_at_environment(ports, environment_id, before, full=full)
    except InsightsError as failure:
        after, outcome = _failed(environment_id, before, failure, now)
    else:
        after, outcome = _seen(environment_id, before, sight, now)
    if not is_worth_writing(before, after):
        note_poll(ports.telemetry, environment_id, before, outcome.failure, now)
        return outcome
    committed = replace(after, committed_at=ports.clock())  # not `now`: the look may have been slow
    etag = await ports.checkpoints.write(environment_id, committed, stored.etag if stored else None)
    note_poll(ports.telemetry, environment_id, before, outcome.failure, now)
    if committed.outbox:
        note_events(ports.telemetry, environment_id, committed)
        with suppress(CheckpointConflict):  # taken over meanwhile: the other one hands the same events on
            await relay_outbox(ports, environment_id, StoredState(committed, etag))
    return replace(outcome, committed=True)


def _failed(
    environment_id: str, before: EnvironmentState, failure: InsightsError, now: datetime
) -> tuple[EnvironmentState, PollOutcome]:
    reachability, events = failed_poll(environment_id, before.reachability, failure.reason, now)
    after = _with_events(replace(before, reachability=reachability), events)
    return after, PollOutcome(environment_id, events=len(events), failure=failure)


def _seen(
    environment_id: str, before: EnvironmentState, sight: Sight, now: datetime
) -> tuple[EnvironmentState, PollOutcome]:
    detection: Detection = detect(before.checkpoint, sight.snapshot, sight.watches)
    reachability, news = _reachability(environment_id, before, sight, now)
    events = (*news, *detection.events)
    after = replace(
        before,
        checkpoint=detection.checkpoint,
        reachability=reachability,
        owed=sight.owed,
        watches=sight.watches.count if sight.full else before.watches,
        polled_at=before.polled_at if sight.failure else now,
        looked_at=now if sight.full else before.looked_at,
    )
    running = something_runs(sight.snapshot.jobs)
    outcome = PollOutcome(
        environment_id,
        len(events),
        running=running,
        failure=sight.failure,
        not_understood=detection.not_understood,
    )
    return _with_events(after, events), outcome


def _reachability(
    environment_id: str, before: EnvironmentState, sight: Sight, now: datetime
) -> tuple[Reachability, tuple[Event, ...]]:
    """An environment that shows its jobs but not its segments or measures is not well either."""
    if sight.failure is not None:
        return failed_poll(environment_id, before.reachability, sight.failure.reason, now)
    return succeeded_poll(environment_id, before.reachability, before.polled_at, now)


def _with_events(state: EnvironmentState, events: Sequence[Event]) -> EnvironmentState:
    numbered = tuple(NumberedEvent(state.sequence + place, event) for place, event in enumerate(events, start=1))
    return replace(state, outbox=numbered, sequence=state.sequence + len(numbered))
