"""What a poll promises when the jobs can be read and a list cannot: the rest goes on, and the list is made up for."""

from shared.adapters.memory import MemoryInsights
from shared.domain.snapshot import Judged, Measure, Segment
from shared.domain.watches import Series
from shared.errors import InsightsError, InsightsRejected, InsightsUnavailable
from tests.factories import at, job, measure, output, segment, threshold
from tests.services.stage import Stage, failed_refresh, standing_order, types_of


class Partial(MemoryInsights):
    """An environment some of whose lists cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, InsightsError] = {}
        self.asked_days: list[int] = []

    async def segments(
        self, environment_id: str, *, history_days: int, judged: Judged | None = None
    ) -> tuple[Segment, ...]:
        self._check("segments")
        return await super().segments(environment_id, history_days=history_days, judged=judged)

    async def measures(self, environment_id: str) -> tuple[Measure, ...]:
        self._check("measures")
        return await super().measures(environment_id)

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        self.asked_days.append(history_days)
        return await super().measure(environment_id, name, history_days=history_days)

    def _check(self, name: str) -> None:
        if name in self.broken:
            raise self.broken[name]


async def _stage() -> tuple[Stage, Partial]:
    insights = Partial()
    insights.segment_list = (segment((0, 90)),)
    insights.measure_list = (measure(output(0, total="90")),)
    stage = Stage(insights)
    await stage.subscriptions.save(standing_order("loyal", threshold=threshold(100)))
    watch = threshold(100, series=Series("measures", "Revenue", "total"))
    await stage.subscriptions.save(standing_order("revenue", threshold=watch))
    await stage.baseline()
    return stage, insights


async def test_segments_that_cannot_be_read_do_not_hold_up_the_rest() -> None:
    stage, insights = await _stage()
    insights.broken = {"segments": InsightsRejected()}
    insights.listed = (job("job-all", "successful"), failed_refresh())
    insights.measure_list = (measure(output(1, total="110"), history=[output(0, total="90")]),)
    outcome = await stage.poll()
    assert outcome.failure is insights.broken["segments"]
    assert {"datasource.refresh.failed", "measure.threshold.crossed"} <= set(types_of(await stage.logged()))


async def test_what_could_not_be_read_is_read_as_soon_as_it_can() -> None:
    """Also when no further job ends."""
    stage, insights = await _stage()
    insights.broken = {"segments": InsightsUnavailable()}
    insights.listed = (job("job-s", "successful", operation="segmentation"),)
    insights.segment_list = (segment((0, 90), (1, 110)),)
    await stage.poll()
    stage.wait(minutes=1)
    insights.broken = {}
    await stage.poll()
    assert "segment.threshold.crossed" in types_of(await stage.logged())
    stage.forget()
    await stage.poll()
    assert insights.calls == ["headlines 25"]


async def test_a_list_that_stays_unreadable_is_announced_like_an_environment_that_cannot_be_watched() -> None:
    stage, insights = await _stage()
    insights.broken = {"measures": InsightsUnavailable()}
    await stage.poll(full=True)
    for _ in range(30):
        await stage.poll()
        stage.wait(minutes=1)
    assert types_of(await stage.logged()) == ["environment.unreachable"]
    assert stage.state.polled_at == at(0)


async def test_days_of_measures_that_could_not_be_read_are_made_up_for() -> None:
    """However often the segments were read meanwhile."""
    stage, insights = await _stage()
    insights.broken = {"measures": InsightsUnavailable()}
    for _ in range(8):
        stage.wait(minutes=12 * 60)
        await stage.poll()
    insights.broken = {}
    insights.asked_days.clear()
    await stage.poll()
    assert min(insights.asked_days) >= 5
