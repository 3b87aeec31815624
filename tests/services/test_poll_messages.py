"""A message asks for polls of environments, and for a full look as of a time; what it could not get it asks anew."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.adapters.memory import MemoryInsights
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.checkpoint import EnvironmentState
from shared.domain.events import NumberedEvent
from shared.domain.metrics import DETECTION_LAG, EVENTS, POLLS
from shared.domain.snapshot import Job, JobList, Look, Measure
from shared.domain.subscriptions import Subscription
from shared.domain.watches import Series, Watches
from shared.errors import InsightsUnavailable
from shared.ports import PollRequest, Queue
from shared.services.look_at_environment import Sight, look_at_environment
from shared.services.note_poll import note_events
from shared.services.poll_environment import poll_environment
from shared.services.poll_environments import poll_environments
from shared.telemetry import SpanName
from tests.factories import ENVIRONMENT, START, job, measure, output, threshold
from tests.services.stage import Environments, Stage, failed_refresh, standing_order, types_of, watching_insights
from tests.services.test_fan_out import refresh


async def asked_again(stage: Stage) -> list[tuple[PollRequest, int]]:
    """What was put on the queue, with its delay."""
    return [(await stage.queues.read_polls(body), delay) for body, delay in stage.queues.messages[Queue.POLLS]]


async def test_a_full_look_that_is_asked_for_is_made(stage: Stage) -> None:
    """One as of a time before the last is not."""
    await stage.baseline()
    for asked_at, lists in ((START - timedelta(seconds=1), 1), (stage.now, 4)):
        stage.forget()
        await poll_environments(stage.ports, PollRequest((ENVIRONMENT,), asked_at=asked_at), fast_poll_seconds=0)
        assert len(stage.insights.calls) == lists


class Overtaken(MemoryInsights):
    """Another poller commits while this one looks."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.overtake = True

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        if self.overtake:
            self.overtake = False
            await poll_environment(self._stage.ports, environment_id)
        return await super().jobs(environment_id, top=top)


@pytest.mark.parametrize(("hop", "asked_at"), [(0, START), (4, START), (5, START), (0, None)])
async def test_a_full_look_that_another_poll_kept_from_happening_is_asked_for_again(
    stage: Stage, hop: int, asked_at: datetime | None
) -> None:
    """Of those environments only, five times at most, and where one was asked for."""
    insights = Environments("mine", "other")
    ports = watching_insights(stage, insights)
    insights.of["other"].listed = (job("j", "successful"),)
    stage.insights = insights.of["mine"] = Overtaken(stage)
    outcomes = await poll_environments(ports, PollRequest(("other", "mine"), asked_at, hop), fast_poll_seconds=0)
    assert [one.left_to_other for one in outcomes] == [False, True]
    again = [(PollRequest(("mine",), asked_at, hop + 1), 15)] if asked_at and hop < 5 else []
    assert await asked_again(stage) == again
    told = {"environment": "mine", "outcome": "left_to_other", "reason": ""}
    assert [one for name, _, one in stage.telemetry.numbers if name == POLLS.name and one["environment"] == "mine"][
        -1
    ] == told


async def test_polls_go_on_side_by_side(stage: Stage) -> None:
    """None waits for another: each would begin only when the first has answered."""
    met = asyncio.Barrier(3)

    class Meeting(MemoryInsights):
        async def jobs(self, environment_id: str, *, top: int) -> JobList:
            await met.wait()
            return await super().jobs(environment_id, top=top)

    insights = Environments("a", "b", "c")
    insights.of = {name: Meeting() for name in insights.of}
    async with asyncio.timeout(30):
        await poll_environments(watching_insights(stage, insights), PollRequest(("a", "b", "c")), fast_poll_seconds=0)


async def test_an_outage_that_is_announced_is_counted(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsUnavailable()
    counts = []
    for _ in range(12):
        counts.append((await stage.poll()).events)
        stage.wait(minutes=1)
    assert sum(counts) == 1
    assert types_of(await stage.logged()) == ["environment.unreachable"]


async def test_a_job_that_is_no_longer_there_counts_as_deleted(stage: Stage) -> None:
    """One whose end nobody can tell would stay open for ever."""
    stage.insights.listed = (job("gone", "running"),)
    await stage.baseline()
    stage.insights.listed = ()
    sight = await look_at_environment(stage.ports, ENVIRONMENT, stage.state, full=False)
    assert sight.snapshot.jobs == (Job("gone", "", "deleted"),)
    assert sight.owed == Look()


class Unread(MemorySubscriptions):
    """Not to be read."""

    async def of_environment(self, environment_id: str) -> list[Subscription]:
        raise AssertionError(environment_id)


async def test_a_light_look_tells_what_it_did_not_look_at(stage: Stage) -> None:
    """The rules of freshness need no list; that there is a gap is told all the same."""
    stage.insights.listed = (job("known", end=1),)
    await stage.baseline()
    sight = await look_at_environment(stage.ports, ENVIRONMENT, stage.state, full=False)
    assert sight == Sight(replace(sight.snapshot, gapless=True), Watches(), full=False)
    assert len(stage.insights.calls) == 1
    unread = replace(stage.ports, subscriptions=Unread())
    assert await look_at_environment(unread, ENVIRONMENT, stage.state, full=False) == sight
    stage.insights.listed = tuple(job(f"j-{number}", "running", start=9) for number in range(1001))
    sight = await look_at_environment(stage.ports, ENVIRONMENT, stage.state, full=False)
    assert (sight.full, sight.snapshot.gapless, len(sight.snapshot.jobs)) == (False, False, 1000)


async def test_a_poll_is_a_step_of_its_environment(stage: Stage) -> None:
    await stage.poll()
    assert [(one.name, one.attributes) for one in stage.telemetry.spans] == [
        (SpanName.POLL, {"environment": ENVIRONMENT})
    ]


async def test_a_light_look_keeps_the_number_of_rules(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("loyal", threshold=threshold(100)))
    await stage.poll(full=True)
    stage.wait(minutes=6)
    await stage.poll()
    assert (stage.state.watches, stage.state.polled_at) == (1, stage.now)


async def test_a_silence_of_ours_is_told_when_it_is_over(stage: Stage) -> None:
    """Nobody could say so while it lasted."""
    await stage.baseline()
    stage.wait(minutes=4 * 60)
    await stage.poll()
    silent, over = await stage.logged()
    assert (silent.type, silent.data["reason"], silent.time) == ("environment.unreachable", "not_polled", START)
    assert (over.type, over.data["failingSince"]) == ("environment.recovered", "2026-05-04T02:00:00Z")


async def test_handing_on_is_a_step_of_its_poll_and_the_fan_out_goes_on_with_it(stage: Stage) -> None:
    await stage.baseline()
    stage.telemetry.here = f"00-{'a' * 32}-{'b' * 16}-01"
    stage.telemetry.spans.clear()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    _, relay = stage.telemetry.spans
    assert (relay.name, relay.attributes) == (SpanName.RELAY, {"environment": ENVIRONMENT, "events": 2})
    bodies = [body for queue in stage.queues.messages for body, _ in stage.queues.messages[queue]]
    assert {(await stage.queues.read_events(body)).traceparent for body in bodies} == {stage.telemetry.here}


async def test_what_was_committed_is_counted_by_type_with_how_long_it_took(stage: Stage) -> None:
    """Where nobody knows when it was committed, in no time; so if our clock is behind the source's."""
    events = tuple(NumberedEvent(number, refresh(number)) for number in range(2))
    for committed_at, lags in ((START + timedelta(minutes=1), [60, 0]), (None, [0, 0])):
        stage.telemetry.numbers.clear()
        note_events(stage.telemetry, ENVIRONMENT, EnvironmentState(outbox=events, committed_at=committed_at))
        assert stage.telemetry.amounts(EVENTS, environment=ENVIRONMENT) == [2]
        assert stage.telemetry.amounts(DETECTION_LAG, type="datasource.refresh.failed") == lags


async def test_a_poll_that_failed_is_a_step_that_says_why(stage: Stage) -> None:
    stage.insights.failure = InsightsUnavailable()
    await stage.poll()
    assert [one.reason for one in stage.telemetry.spans] == ["insights_unavailable"]


class Subscribing(MemoryInsights):
    """While measures are read, somebody subscribes to one of them."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self.measure_list = tuple(measure(output(1, Total="5"), name=name) for name in ("Late", "Other"))

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        rule = threshold(1, series=Series("measures", "Late", "Total"))
        await self._stage.subscriptions.save(standing_order("late", threshold=rule))
        return await super().measures(environment_id)


async def test_a_measure_that_is_watched_late_is_left_to_the_next_look(stage: Stage) -> None:
    """Its history was not read: only that one shows nothing for now."""
    stage.insights = Subscribing(stage)
    sight = await look_at_environment(stage.ports, ENVIRONMENT, EnvironmentState(), full=True)
    late, other = stage.insights.measure_list
    assert sight.snapshot.measures == (replace(late, outputs=()), other)
    assert sight.watches.measure_names == ["Late"]
