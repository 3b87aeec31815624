"""What a poll promises when something is wrong: the last state stays, nothing is lost, and it is told once."""

import asyncio

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.snapshot import JobList
from shared.errors import (
    InsightsAnswerInvalid,
    InsightsError,
    InsightsNotFound,
    InsightsRefused,
    InsightsRejected,
    InsightsThrottled,
    InsightsUnavailable,
)
from shared.ports import PollRequest, Queue
from shared.services.poll_environments import poll_environments
from tests.factories import ENVIRONMENT, at, job, task
from tests.services.stage import (
    Environments,
    Stage,
    ended_process,
    failed_refresh,
    types_of,
    watching_insights,
)

FAILURES = (
    InsightsUnavailable,
    InsightsThrottled,
    InsightsRefused,
    InsightsNotFound,
    InsightsRejected,
    InsightsAnswerInvalid,
)


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failed_poll_keeps_the_last_state_and_says_why(stage: Stage, failure: type[InsightsError]) -> None:
    """Unreachable, throttled, refused or garbage: what is known stays known."""
    await stage.baseline()
    before = stage.state
    stage.insights.failure = failure()
    outcome = await stage.poll()
    after = stage.state
    assert outcome.failure is stage.insights.failure
    assert (after.checkpoint, after.polled_at, after.sequence) == (before.checkpoint, before.polled_at, 0)
    assert (after.reachability.failing_since, after.reachability.reason) == (at(1), failure.reason)


async def test_failures_are_committed_once_and_not_each_of_them(stage: Stage) -> None:
    await stage.baseline()
    for failure in (InsightsUnavailable(), InsightsThrottled(), InsightsRefused()) * 3:
        stage.insights.failure = failure
        await stage.poll()
        stage.wait(minutes=1)
    assert stage.checkpoints.writes == 1
    assert stage.state.reachability.reason == InsightsUnavailable.reason


async def test_what_happened_during_failures_is_found_afterwards(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsUnavailable()
    await stage.poll()
    stage.insights.failure, stage.insights.listed = None, (failed_refresh(),)
    await stage.poll()
    assert types_of(await stage.logged()) == ["datasource.refresh.failed", "process.ended"]
    assert stage.state.reachability.failing_since is None


async def test_a_short_failure_is_not_announced(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsThrottled(retry_after_seconds=60)
    for _ in range(9):
        await stage.poll()
        stage.wait(minutes=1)
    stage.insights.failure = None
    await stage.poll()
    assert await stage.logged() == []


async def test_a_lasting_failure_is_announced_once_and_so_is_its_end(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsRefused()
    for _ in range(30):
        await stage.poll()
        stage.wait(minutes=1)
    unreachable = await stage.logged()
    assert types_of(unreachable) == ["environment.unreachable"]
    assert (unreachable[0].time, unreachable[0].data["reason"]) == (at(1), "insights_refused")
    stage.insights.failure = None
    for _ in range(3):
        await stage.poll()
        stage.wait(minutes=1)
    assert types_of(await stage.logged()) == ["environment.unreachable", "environment.recovered"]
    assert types_of(await stage.queued()) == ["environment.unreachable", "environment.recovered"]


async def test_a_second_outage_is_announced_again_with_another_id(stage: Stage) -> None:
    await stage.baseline()
    for _ in range(2):
        stage.insights.failure = InsightsUnavailable()
        for _ in range(12):
            await stage.poll()
            stage.wait(minutes=1)
        stage.insights.failure = None
        await stage.poll()
        stage.wait(minutes=1)
    events = await stage.logged()
    assert types_of(events) == ["environment.unreachable", "environment.recovered"] * 2
    assert len({event.id for event in events}) == 4


async def test_an_environment_that_never_answered_is_announced_too(stage: Stage) -> None:
    """A wrong id or a missing permission must not stay silent."""
    stage.insights.failure = InsightsNotFound()
    for _ in range(12):
        await stage.poll()
        stage.wait(minutes=1)
    assert types_of(await stage.logged()) == ["environment.unreachable"]
    stage.insights.failure, stage.insights.listed = None, (failed_refresh(),)
    await stage.poll()
    assert types_of(await stage.logged()) == ["environment.unreachable", "environment.recovered"]


async def test_failures_never_count_as_a_heartbeat(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsUnavailable()
    for _ in range(20):
        await stage.poll()
        stage.wait(minutes=1)
    assert stage.state.polled_at == at(0)


async def test_one_environment_that_fails_does_not_keep_the_others_from_being_polled(stage: Stage) -> None:
    insights = Environments("first", "broken", "last")
    ports = watching_insights(stage, insights)
    request = PollRequest(("first", "broken", "last"))
    await poll_environments(ports, request, fast_poll_seconds=0)
    insights.of["broken"].failure = InsightsAnswerInvalid()
    insights.of["last"].listed = (failed_refresh(),)
    outcomes = await poll_environments(ports, request, fast_poll_seconds=0)
    assert [(one.environment_id, one.events, one.failure is None) for one in outcomes] == [
        ("first", 0, True),
        ("broken", 0, False),
        ("last", 2, True),
    ]


class Bug(Exception):
    """A fault of ours."""


class Buggy(MemoryInsights):
    """An environment over which our code stumbles."""

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        raise Bug


class Patient(MemoryInsights):
    """An environment that answers when the others have long been done."""

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        for _ in range(100):
            await asyncio.sleep(0)
        return await super().jobs(environment_id, top=top)


async def test_a_fault_of_ours_is_raised_for_the_host_once_the_others_are_polled(stage: Stage) -> None:
    insights = Environments("first", "broken", "last")
    ports = watching_insights(stage, insights)
    insights.of |= {"broken": Buggy(), "last": Patient()}
    with pytest.raises(Bug):
        await poll_environments(ports, PollRequest(("first", "broken", "last")), fast_poll_seconds=0)
    assert set(stage.checkpoints.documents) == {"first", "last"}


async def test_a_list_that_does_not_reach_back_asks_for_more(stage: Stage) -> None:
    stage.insights.listed = (ended_process("job-known", start=0),)
    await stage.baseline()
    newer = tuple(ended_process(f"job-{number:03}", start=1 + number / 100) for number in range(149, -1, -1))
    stage.insights.listed = (*newer, *stage.insights.listed)
    await stage.poll()
    assert stage.insights.calls[:3] == ["headlines 25", "jobs 25", "jobs 200"]
    assert types_of(await stage.logged()) == ["process.ended"] * 150


async def test_a_gap_that_the_source_cannot_fill_is_told(stage: Stage) -> None:
    """From when to when nobody knows what happened."""
    stage.insights.listed = (ended_process("job-known", start=0),)
    await stage.baseline()
    stage.wait(minutes=300)
    newer = [ended_process(f"job-{number:04}", start=100 + number / 100) for number in range(1200, -1, -1)]
    stage.insights.listed = tuple(newer)
    await stage.poll()
    await stage.poll()
    (gap,) = [event for event in await stage.logged() if event.type == "environment.gap"]
    assert gap.data["from"] == "2026-05-04T02:00:00Z"
    assert gap.data["to"] == newer[999].submitted_at.isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]


async def test_while_a_job_runs_at_most_two_faster_polls_follow_a_tick(stage: Stage) -> None:
    stage.insights.listed = (job("job-1", "running", task("Orders", "running")),)
    polls = stage.queues.messages[Queue.POLLS]
    await poll_environments(stage.ports, PollRequest((ENVIRONMENT,)), fast_poll_seconds=20)
    hops = []
    while polls:
        body, delay = polls.popleft()
        request = await stage.queues.read_polls(body)
        hops.append((request.environment_ids, request.hop, delay))
        await poll_environments(stage.ports, request, fast_poll_seconds=20)
    assert hops == [((ENVIRONMENT,), 1, 20), ((ENVIRONMENT,), 2, 20)]


async def test_only_environments_where_a_job_runs_are_polled_faster(stage: Stage) -> None:
    insights = Environments("busy", "idle")
    insights.of["busy"].listed = (job("job-1", "running"),)
    ports = watching_insights(stage, insights)
    await poll_environments(ports, PollRequest(("idle", "busy")), fast_poll_seconds=5)
    body = stage.queues.take(Queue.POLLS)
    assert body is not None
    assert (await stage.queues.read_polls(body)).environment_ids == ("busy",)


async def test_faster_polls_can_be_switched_off(stage: Stage) -> None:
    stage.insights.listed = (job("job-1", "running"),)
    await poll_environments(stage.ports, PollRequest((ENVIRONMENT,)), fast_poll_seconds=0)
    assert not any(stage.queues.messages.values())
