"""What a poll promises when two pollers meet, or when one stopped half-way: the facts are told once, none is lost."""

from shared.adapters.memory import MemoryInsights, MemoryQueues
from shared.domain.events import NumberedEvent
from shared.domain.snapshot import JobList
from shared.errors import InsightsUnavailable
from shared.ports import EventBatch, PollRequest, Queue
from shared.services.poll_environment import PollOutcome, poll_environment
from shared.services.poll_environments import poll_environments
from tests.factories import ENVIRONMENT
from tests.services.stage import Stage, failed_refresh, types_of


class Overtaken(MemoryInsights):
    """An environment that another poller polls while this one waits for its jobs."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.overtake = False

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        if self.overtake:
            self.overtake = False
            await poll_environment(self._stage.ports, environment_id)
        return await super().jobs(environment_id, top=top)


async def test_a_lost_race_is_given_up_quietly_and_nothing_is_told_twice(stage: Stage) -> None:
    stage.insights = overtaken = Overtaken(stage)
    overtaken.served_at = stage.now
    await stage.baseline()
    overtaken.overtake = True
    overtaken.listed = (failed_refresh(),)
    outcome = await stage.poll()
    assert (outcome.left_to_other, outcome.failure, outcome.committed) == (True, None, False)
    assert (len(await stage.logged()), len(await stage.queued())) == (2, 2)


async def _leave_an_outbox(stage: Stage) -> None:
    """What a poller leaves behind that stops right after its commit."""
    await stage.baseline()
    checkpoint = stage.checkpoint
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    events = tuple(NumberedEvent(place, event) for place, event in enumerate(await stage.logged(), start=1))
    await stage.rewrite(outbox=events, committed_at=stage.now)
    assert checkpoint != stage.checkpoint
    stage.log.feeds.clear()
    for kept in stage.queues.messages.values():
        kept.clear()
    stage.forget()


async def test_a_young_outbox_is_left_to_the_poller_that_committed_it(stage: Stage) -> None:
    await _leave_an_outbox(stage)
    stage.wait(seconds=10)
    outcome = await stage.poll()
    assert outcome.left_to_other is True
    assert (stage.insights.calls, stage.checkpoints.writes, await stage.queued()) == ([], 0, [])


async def test_a_full_look_that_met_another_poll_is_asked_for_again(stage: Stage) -> None:
    """Whoever has just subscribed should not wait for the next full look because two polls met."""
    await _leave_an_outbox(stage)
    polls = stage.queues.messages[Queue.POLLS]
    await poll_environments(stage.ports, PollRequest((ENVIRONMENT,)), fast_poll_seconds=0)
    assert not polls
    await poll_environments(stage.ports, PollRequest((ENVIRONMENT,), asked_at=stage.now), fast_poll_seconds=0)
    asked = []
    while polls:
        body, delay = polls.popleft()
        asked.append(delay)
        request = await stage.queues.read_polls(body)
        assert request.asked_at
        await poll_environments(stage.ports, request, fast_poll_seconds=0)
    assert asked == [15] * 5


async def test_an_old_outbox_is_handed_on_before_anything_else(stage: Stage) -> None:
    await _leave_an_outbox(stage)
    stage.wait(minutes=1)
    stage.insights.failure = InsightsUnavailable()
    await stage.poll()
    assert types_of(await stage.logged()) == ["datasource.refresh.failed", "process.ended"]
    assert len(await stage.queued()) == 2
    assert stage.state.outbox == ()


async def test_what_an_old_outbox_held_keeps_its_numbers_and_new_events_follow(stage: Stage) -> None:
    await _leave_an_outbox(stage)
    stage.wait(minutes=1)
    stage.insights.listed = (failed_refresh("Customers", start=2), failed_refresh())
    await stage.poll()
    names = [event.data.get("dataSourceName", event.data.get("processName")) for event in await stage.logged()]
    assert names == ["Orders", "Orders", "Customers", "Customers"]


class Slow(MemoryInsights):
    """An API that takes its time."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.seconds = 0

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        self._stage.wait(seconds=self.seconds)
        return await super().jobs(environment_id, top=top)


async def test_an_outbox_is_young_from_its_commit_on_however_slow_the_source_was(stage: Stage) -> None:
    """A look that takes a minute must not make its outbox look abandoned from the start."""
    stage.insights = slow = Slow(stage)
    slow.served_at = stage.now
    await stage.baseline()
    slow.seconds = 60
    slow.listed = (failed_refresh(),)
    await stage.poll()
    assert stage.state.committed_at == stage.now


class SlowQueues(MemoryQueues):
    """Queues during which another poller comes by."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.seconds: float | None = None
        self.other: PollOutcome | None = None

    async def send_events(self, batch: EventBatch) -> None:
        await super().send_events(batch)
        if self.seconds is not None:
            self._stage.wait(seconds=self.seconds)
            self.seconds = None
            self.other = await self._stage.poll()


async def _poll_while_another_relays(stage: Stage, seconds: float) -> tuple[PollOutcome, PollOutcome]:
    """A poll whose relay takes this long, and one that comes by before it is done."""
    stage.queues = queues = SlowQueues(stage)
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    queues.seconds = seconds
    first = await stage.poll()
    assert queues.other is not None
    return first, queues.other


async def test_a_poll_during_a_relay_leaves_it_alone(stage: Stage) -> None:
    first, other = await _poll_while_another_relays(stage, seconds=20)
    assert (first.committed, other.left_to_other) == (True, True)
    assert (len(await stage.logged()), len(await stage.queued())) == (2, 2)


async def test_a_relay_that_was_taken_over_ends_quietly_and_every_event_keeps_its_id(stage: Stage) -> None:
    """It was too slow: the queues see the events twice, the feed and the numbers do not."""
    first, other = await _poll_while_another_relays(stage, seconds=70)
    assert (first.committed, other.left_to_other) == (True, False)
    ids = [event.id for event in await stage.logged()]
    assert len(ids) == 2
    assert {event.id for event in await stage.queued()} == set(ids)
    assert stage.state.outbox == ()
