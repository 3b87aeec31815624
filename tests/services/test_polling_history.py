"""How much of the past does a poll ask for? What it does not know yet, of each measure and each segment."""

from datetime import datetime

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.snapshot import Judged, Measure, Segment
from shared.domain.watches import Series
from tests.factories import BIRTH, at, job, measure, output, segment, task, threshold
from tests.services.stage import Stage, standing_order, types_of

DAY = 24 * 60
LATE = task("Late", "failed", end=12)
DONE = job("job-1", "successful", task(), end=10)


class Noting(MemoryInsights):
    """Notes how far back it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.days: dict[str, int] = {}
        self.judged: Judged | None = None

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        self.judged = judged
        return await super().segments(environment_id, history_days=history_days, judged=judged)

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        self.days[name] = history_days
        return await super().measure(environment_id, name, history_days=history_days)

    def judged_until(self, name: str) -> datetime | None:
        """Until when its evaluations may be left out."""
        assert self.judged is not None
        return self.judged(name, BIRTH)


@pytest.fixture
def noting() -> Noting:
    return Noting()


@pytest.fixture
def stage(noting: Noting) -> Stage:
    return Stage(noting)


async def test_a_known_measure_is_read_since_its_own_last_evaluation_and_a_new_one_since_the_last_look(
    stage: Stage, noting: Noting
) -> None:
    for name in ("Revenue", "Visits"):
        watch = threshold(100, series=Series("measures", name, "total"))
        await stage.subscriptions.save(standing_order(name, threshold=watch))
    noting.measure_list = (measure(output(0, total="1")),)
    await stage.poll()
    assert noting.days == {"Revenue": 1}
    for _ in range(4):
        stage.wait(minutes=DAY)
        await stage.poll()
    noting.measure_list = (*noting.measure_list, measure(output(0, total="1"), name="Visits"))
    stage.wait(minutes=20)
    await stage.poll(full=True)
    assert noting.days == {"Revenue": 6, "Visits": 2}


async def test_the_evaluations_that_were_judged_are_not_asked_for_again(stage: Stage, noting: Noting) -> None:
    noting.segment_list = (segment((0, 90), (5, 100)),)
    await stage.baseline()
    assert noting.judged is None
    await stage.poll(full=True)
    assert (noting.judged_until("Loyal"), noting.judged_until("Lapsed")) == (at(5), None)


async def test_a_closed_job_that_gets_a_further_task_is_told_at_the_next_full_look_at_the_latest(stage: Stage) -> None:
    """Its headline does not show the task."""
    stage.insights.listed = (DONE,)
    await stage.baseline()
    stage.insights.listed = (job("job-1", "successful", task(), LATE, end=10),)
    told = []
    for _ in range(15):
        await stage.poll()
        told.append(len(await stage.logged()))
        stage.wait(minutes=1)
    assert told == [*[0] * 14, 2]
    assert types_of(await stage.logged()) == ["datasource.refresh.failed", "process.ended"]
    assert stage.insights.calls.count("headlines 25") == 14


async def test_it_is_told_at_once_where_something_else_is_news(stage: Stage) -> None:
    stage.insights.listed = (DONE,)
    await stage.baseline()
    newer = job("job-2", "successful", operation="export", start=11, end=12)
    stage.insights.listed = (newer, job("job-1", "successful", task(), LATE, end=10))
    await stage.poll()
    assert sorted(types_of(await stage.logged())) == ["datasource.refresh.failed", *["process.ended"] * 2]


async def test_headlines_that_are_not_all_readable_are_not_enough(stage: Stage) -> None:
    stage.insights.listed = (DONE,)
    await stage.baseline()
    stage.insights.unreadable = 1
    await stage.poll()
    assert stage.insights.calls == ["headlines 25", "jobs 25", "jobs 200", "jobs 1000"]
