"""What a poll promises after a break: nobody hears of what nobody watched, no number comes twice, clocks may jump."""

from datetime import timedelta

from shared.adapters.memory import MemoryInsights
from shared.domain.snapshot import Job, Node
from shared.errors import InsightsAnswerInvalid, InsightsError, InsightsNotFound
from shared.ports import PollRequest, Queue
from shared.services.poll_environments import poll_environments
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT, job, node, task
from tests.services.stage import MAKER, Stage, ended_process, failed_refresh, types_of
from tests.services.test_subscribe import make


async def _poll_as_asked(stage: Stage) -> list[PollRequest]:
    """Do the polls that were asked for."""
    asked = []
    while body := stage.queues.take(Queue.POLLS):
        asked.append(await stage.queues.read_polls(body))
        await poll_environments(stage.ports, asked[-1], fast_poll_seconds=0)
    return asked


async def test_an_environment_that_nobody_watched_begins_anew(stage: Stage) -> None:
    """A flow that is switched on again gets what happens from now on, not days of old events at once."""
    first = await make(stage)
    await _poll_as_asked(stage)
    await unsubscribe(stage.ports, first.id, MAKER)
    stage.wait(minutes=3 * 24 * 60)
    stage.insights.listed = (failed_refresh(),)
    await make(stage)
    await _poll_as_asked(stage)
    assert await stage.logged() == []
    stage.insights.listed = (failed_refresh("Customers"), failed_refresh())
    await stage.poll()
    assert types_of(await stage.logged()) == ["datasource.refresh.failed", "process.ended"]


async def test_a_first_poll_that_fails_or_comes_by_the_timer_begins_anew_all_the_same(stage: Stage) -> None:
    """Nothing depends on which poll comes first, or on its success."""
    first = await make(stage)
    await _poll_as_asked(stage)
    await unsubscribe(stage.ports, first.id, MAKER)
    stage.wait(minutes=3 * 24 * 60)
    stage.insights.listed = (failed_refresh(),)
    await make(stage)
    stage.insights.failure = InsightsAnswerInvalid()
    await stage.poll()
    stage.insights.failure = None
    await stage.poll()
    await _poll_as_asked(stage)
    assert await stage.logged() == []


async def test_an_environment_that_is_watched_goes_on_when_one_more_subscribes(stage: Stage) -> None:
    await make(stage)
    await _poll_as_asked(stage)
    stage.insights.listed = (failed_refresh(),)
    await make(stage)
    await _poll_as_asked(stage)
    assert len(await stage.logged()) == 2


async def test_many_who_subscribe_at_once_cost_one_full_look(stage: Stage) -> None:
    for _ in range(20):
        await make(stage)
    stage.wait(seconds=1)
    await _poll_as_asked(stage)
    assert stage.insights.calls.count("nodes") == 1


async def test_a_checkpoint_that_was_removed_does_not_write_over_the_feed(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    stage.checkpoints.documents.clear()
    stage.wait(minutes=1)
    await stage.poll()
    stage.insights.listed = (ended_process("job-new"), *stage.insights.listed)
    stage.wait(minutes=1)
    await stage.poll()
    assert types_of(await stage.logged()) == ["datasource.refresh.failed", "process.ended", "process.ended"]


async def test_an_outbox_from_before_the_clock_was_set_back_is_handed_on_at_once(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    events = tuple((await stage.log.read(ENVIRONMENT, after=0, limit=10))[:1])
    await stage.rewrite(outbox=events, committed_at=stage.now)
    stage.now -= timedelta(hours=1)
    outcome = await stage.poll()
    assert (outcome.left_to_other, stage.state.outbox) == (False, ())


class Sick(MemoryInsights):
    """An environment that fails at one job, or at the nodes."""

    def __init__(self, failure: InsightsError) -> None:
        super().__init__()
        self.failure_of_one = failure
        self.nodes_fail = False

    async def job(self, environment_id: str, job_id: str) -> Job:
        raise self.failure_of_one

    async def nodes(self, environment_id: str) -> tuple[Node, ...]:
        if self.nodes_fail:
            raise self.failure_of_one
        return await super().nodes(environment_id)


async def test_one_sick_job_does_not_keep_the_environment_from_being_watched() -> None:
    insights = Sick(InsightsAnswerInvalid())
    insights.listed = (job("sick", "running", start=1, end=None),)
    stage = Stage(insights)
    await stage.baseline()
    insights.listed = tuple(ended_process(f"new-{number}", start=2 + number / 100) for number in range(24))
    insights.listed = (failed_refresh(start=5), *insights.listed[::-1])
    outcome = await stage.poll()
    assert outcome.failure is None
    assert "datasource.refresh.failed" in types_of(await stage.logged())


async def test_nodes_that_cannot_be_read_do_not_hold_up_a_failed_refresh() -> None:
    """The names of the last look tell which source it is; the nodes are read as soon as they can be."""
    insights = Sick(InsightsNotFound())
    insights.node_list = (node("ds-orders", "Orders"),)
    stage = Stage(insights)
    await stage.baseline()
    insights.nodes_fail = True
    insights.listed = (failed_refresh(),)
    outcome = await stage.poll()
    assert outcome.failure is insights.failure_of_one
    (failed, _) = await stage.logged()
    assert (failed.type, failed.subject) == ("datasource.refresh.failed", "datasources/ds-orders")
    insights.nodes_fail = False
    insights.calls.clear()
    await stage.poll()
    assert "nodes" in insights.calls


async def test_jobs_that_could_not_be_read_do_not_hide_those_behind_them(stage: Stage) -> None:
    """Of 25 listed one is unreadable: that is still a full list, so more are asked for."""
    await stage.baseline()
    stage.insights.unreadable = 1
    stage.insights.listed = tuple(
        job(f"j{number:02}", "failed", task(status="failed"), start=2 + number / 100) for number in range(40)
    )
    await stage.poll()
    assert stage.insights.calls[:3] == ["headlines 25", "jobs 25", "jobs 200"]
    assert types_of(await stage.logged()).count("refresh.completed") == 39


async def test_a_clock_that_was_set_back_delays_neither_the_heartbeat_nor_the_full_look(stage: Stage) -> None:
    await stage.baseline()
    stage.now -= timedelta(hours=1)
    outcome = await stage.poll()
    assert outcome.committed
    assert stage.state.polled_at == stage.now
    assert "nodes" in stage.insights.calls
