"""What a poll promises while all is well: a baseline, each change once, and next to nothing while nothing changes."""

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.snapshot import Job, Measure
from shared.domain.watches import Series
from shared.errors import InsightsNotFound
from shared.ports import Queue
from tests.factories import at, job, measure, node, output, segment, task, threshold
from tests.services.stage import Stage, ended_process, failed_refresh, standing_order, types_of

EVERY_LIST = {"jobs", "nodes", "segments", "measures"}


def lists_read(stage: Stage) -> set[str]:
    """Which lists were read, without what they were asked for."""
    return {call.split()[0] for call in stage.insights.calls}


async def test_the_first_poll_is_a_baseline(stage: Stage) -> None:
    """What was there before we came is no news, however recent."""
    stage.insights.listed = (failed_refresh(), job("job-all"))
    stage.insights.segment_list = (segment((1, 10)),)
    outcome = await stage.poll()
    assert (outcome.events, outcome.committed) == (0, True)
    assert lists_read(stage) == EVERY_LIST
    assert (await stage.logged(), await stage.queued()) == ([], [])


async def test_a_change_is_committed_once_with_its_events_and_handed_on(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    outcome = await stage.poll()
    assert types_of(await stage.logged()) == ["datasource.refresh.failed", "process.ended"]
    assert sorted(types_of(await stage.queued())) == ["datasource.refresh.failed", "process.ended"]
    assert (outcome.events, outcome.committed, stage.state.outbox) == (2, True, ())
    assert stage.checkpoints.writes == 2


async def test_each_event_goes_to_the_queue_of_its_family(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    waiting = {queue for queue, kept in stage.queues.messages.items() if kept}
    assert waiting == {Queue.REFRESH_EVENTS, Queue.OPERATIONAL_EVENTS}


async def test_what_was_seen_is_not_seen_again(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    for _ in range(5):
        await stage.poll()
        stage.wait(minutes=1)
    assert len(await stage.logged()) == 2
    assert len(await stage.queued()) == 2


async def test_five_hundred_changes_cost_no_more_writes_than_one(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.listed = tuple(ended_process(f"job-{number:03}", start=2 + number / 1000) for number in range(500))
    outcome = await stage.poll()
    assert (outcome.events, stage.checkpoints.writes) == (500, 2)
    assert len(await stage.logged()) == 500


async def test_an_idle_poll_costs_one_call_and_one_read_and_writes_nothing(stage: Stage) -> None:
    stage.insights.listed = (failed_refresh(),)
    await stage.baseline()
    outcome = await stage.poll()
    assert (stage.insights.calls, stage.checkpoints.reads, stage.checkpoints.writes) == (["headlines 25"], 1, 0)
    assert outcome.committed is False


async def test_an_idle_environment_beats_its_heart_every_five_minutes(stage: Stage) -> None:
    """A poller that is dead must not look healthy; one that lives must not cost a write a minute."""
    await stage.poll()
    beats = []
    for minute in range(1, 15):
        stage.wait(minutes=1)
        beats += [minute] if (await stage.poll()).committed else []
    assert beats == [5, 10]
    assert stage.state.polled_at == at(10)


async def test_everything_is_looked_at_again_after_fifteen_minutes(stage: Stage) -> None:
    await stage.baseline()
    for _ in range(13):
        await stage.poll()
        stage.wait(minutes=1)
    assert lists_read(stage) == {"headlines"}
    stage.wait(minutes=1)
    stage.forget()
    await stage.poll()
    assert lists_read(stage) == EVERY_LIST


async def test_a_poll_that_is_asked_for_everything_looks_at_everything(stage: Stage) -> None:
    await stage.baseline()
    await stage.poll(full=True)
    assert lists_read(stage) == EVERY_LIST


@pytest.mark.parametrize(
    ("operation", "lists"),
    [
        ("ingestion", {"jobs", "nodes"}),
        ("segmentation", {"jobs", "segments"}),
        ("measures", {"jobs", "measures"}),
        ("export", {"jobs"}),
        ("all", EVERY_LIST),
        ("brandNew", EVERY_LIST),
    ],
)
async def test_only_the_lists_that_an_ended_job_can_have_changed_are_read(
    stage: Stage, operation: str, lists: set[str]
) -> None:
    await stage.baseline()
    stage.insights.listed = (job("job-2", "successful", operation=operation),)
    await stage.poll()
    assert lists_read(stage) == lists | {"headlines"}
    assert len(stage.insights.calls) == len(lists) + 1


async def test_only_watched_measures_are_read_one_by_one(stage: Stage) -> None:
    """The history of a measure comes with the single measure only: what nobody watches costs nothing."""
    watch = threshold(100, series=Series("measures", "Revenue", "total"))
    await stage.subscriptions.save(standing_order("revenue", threshold=watch))
    stage.insights.measure_list = (measure(output(1, total="1")), measure(output(1, total="1"), name="Visits"))
    await stage.poll()
    assert [call for call in stage.insights.calls if call.startswith("measure ")] == ["measure Revenue"]


class Vanishing(MemoryInsights):
    """An environment whose measures are listed and then gone."""

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        raise InsightsNotFound


async def test_a_measure_that_goes_between_the_list_and_its_details_stops_nothing(stage: Stage) -> None:
    watch = threshold(100, series=Series("measures", "Revenue", "total"))
    await stage.subscriptions.save(standing_order("revenue", threshold=watch))
    await stage.baseline()
    stage.insights = Vanishing()
    stage.insights.measure_list = (measure(output(1, total="1")),)
    stage.insights.listed = (failed_refresh(), job("job-3", operation="measures"))
    assert (await stage.poll()).failure is None
    assert "datasource.refresh.failed" in types_of(await stage.logged())


async def test_the_history_reaches_back_beyond_the_last_look(stage: Stage) -> None:
    """After four days of silence the evaluations of all four are asked for."""
    await stage.baseline()
    stage.wait(minutes=4 * 24 * 60)
    await stage.poll()
    (asked,) = [call for call in stage.insights.calls if call.startswith("segments")]
    assert int(asked.split()[1]) >= 5


async def test_a_dip_between_two_polls_is_found_in_the_history(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("loyal", threshold=threshold(100)))
    stage.insights.segment_list = (segment((0, 120)),)
    await stage.baseline()
    stage.wait(minutes=20)
    stage.insights.segment_list = (segment((5, 80), (10, 130), (0, 120)),)
    await stage.poll()
    assert types_of(await stage.logged()) == ["segment.threshold.crossed"]


async def test_a_new_subscription_starts_from_the_value_that_is_known(stage: Stage) -> None:
    """Segments that nobody watches yet are remembered too, so that the first crossing after subscribing is seen."""
    stage.insights.segment_list = (segment((0, 90)),)
    await stage.baseline()
    await stage.subscriptions.save(standing_order("loyal", threshold=threshold(100)))
    stage.insights.listed = (job("job-5", operation="segmentation"),)
    stage.insights.segment_list = (segment((0, 90), (1, 110)),)
    await stage.poll()
    assert "segment.threshold.crossed" in types_of(await stage.logged())


async def test_a_job_that_runs_is_told_of(stage: Stage) -> None:
    """So that the environment is polled faster."""
    stage.insights.listed = (job("job-1", "running"),)
    assert (await stage.poll()).running is True
    stage.insights.listed = (job("job-1", "successful"),)
    assert (await stage.poll()).running is False


async def test_a_running_job_that_is_no_longer_listed_is_asked_for_by_id(stage: Stage) -> None:
    known = ended_process("job-known")
    stage.insights.listed = (known, job("job-long", "running", start=0))
    await stage.baseline()
    newer = tuple(ended_process(f"job-{number:02}", start=2 + number / 100) for number in range(23, -1, -1))
    ended = job("job-long", "failed", task("Orders", "failed"), operation="ingestion", start=0)
    stage.insights.listed = (*newer, known, ended)
    await stage.poll()
    assert [call for call in stage.insights.calls if call.startswith("job")] == ["jobs 25", "job job-long"]
    assert "datasource.refresh.failed" in types_of(await stage.logged())


async def test_a_running_job_that_was_deleted_is_not_asked_for_for_ever(stage: Stage) -> None:
    stage.insights.listed = (job("job-gone", "running"), ended_process("job-old", start=0))
    await stage.baseline()
    stage.insights.listed = (ended_process("job-old", start=0),)
    for _ in range(3):
        await stage.poll()
    assert stage.insights.calls.count("job job-gone") == 1


async def test_what_could_not_be_understood_is_counted_and_stops_nothing(stage: Stage) -> None:
    await stage.baseline()
    strange = job("job-7", "Evaporated", task("Orders", "Evaporated"), operation="ingestion")
    stage.insights.listed = (strange, failed_refresh("Customers"))
    outcome = await stage.poll()
    assert outcome.not_understood["unknown_status"] == 1
    assert "datasource.refresh.failed" in types_of(await stage.logged())


async def test_events_are_numbered_from_commit_to_commit_without_gaps(stage: Stage) -> None:
    await stage.baseline()
    jobs: tuple[Job, ...] = ()
    for number in range(4):
        jobs = (failed_refresh(job_id=f"job-{number}", start=2 + number), *jobs)
        stage.insights.listed = jobs
        await stage.poll()
        stage.wait(minutes=1)
    assert (len(await stage.logged()), stage.state.sequence) == (8, 8)


async def test_a_source_whose_node_names_it_gets_its_identifier(stage: Stage) -> None:
    stage.insights.node_list = (node("ds-orders", "Orders"),)
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    assert (await stage.logged())[0].data["dataSourceId"] == "ds-orders"
