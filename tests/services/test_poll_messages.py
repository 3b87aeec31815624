"""A message asks for polls of environments, and for a full look as of a time; what it could not get it asks anew."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.metrics import POLLS
from shared.domain.snapshot import Job, JobList, Look
from shared.errors import InsightsUnavailable
from shared.ports import PollRequest, Queue
from shared.services.look_at_environment import look_at_environment
from shared.services.poll_environment import poll_environment
from shared.services.poll_environments import poll_environments
from tests.factories import ENVIRONMENT, START, job
from tests.services.stage import Environments, Stage, types_of, watching_insights


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
