"""A report is made of several calls at once; none of them goes on when the report has failed."""

import asyncio
from dataclasses import dataclass, field

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.catalog import EnvironmentInfo, MeasureInfo, SegmentInfo
from shared.domain.reports import ReportType
from shared.errors import ClaimsNeeded, InsightsForbidden, InsightsUnavailable
from shared.services.status_report import status_report
from tests.factories import ENVIRONMENT, START


@dataclass(slots=True)
class Slow(MemoryActions):
    """Wants the user to sign in before it tells measures, and takes its time with segments."""

    ended: list[str] = field(default_factory=list)

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        raise ClaimsNeeded

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append("segments")
        return ()


async def test_what_was_begun_is_ended_when_the_caller_has_to_sign_in() -> None:
    actions = Slow(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
    with pytest.raises(ClaimsNeeded):
        await status_report(actions, ENVIRONMENT, ReportType.ENVIRONMENT, START)
    assert actions.ended == ["segments"]


async def test_a_report_names_its_environment() -> None:
    actions = MemoryActions(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
    for kind in ReportType:
        assert (await status_report(actions, ENVIRONMENT, kind, START)).title.startswith("Shop: ")


class WithoutMeasures(MemoryActions):
    """Measures are not this caller's to see, and its environments cannot be listed."""

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        raise InsightsUnavailable

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        raise InsightsForbidden


async def test_a_part_that_cannot_be_read_says_so_and_the_others_are_told() -> None:
    actions = WithoutMeasures(info=EnvironmentInfo(ENVIRONMENT, "Shop"), segment_list=(SegmentInfo("A", "All"),))
    report = await status_report(actions, ENVIRONMENT, ReportType.ENVIRONMENT, START)
    assert not report.healthy
    assert report.title.startswith("Customer Insights: ")
    rows = {row.name: row.status for section in report.sections for row in section.rows}
    assert rows["Measures"] == "Could not be read"
    assert "All" in rows


async def test_a_report_of_which_nothing_can_be_read_is_none() -> None:
    actions = WithoutMeasures(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
    with pytest.raises(InsightsForbidden):
        await status_report(actions, ENVIRONMENT, ReportType.MEASURES, START)
