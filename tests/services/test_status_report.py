"""A report is made of several calls at once; none of them goes on when the report has failed."""

import asyncio
from dataclasses import dataclass, field

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.catalog import EnvironmentInfo, MeasureInfo, SegmentInfo
from shared.domain.reports import ReportType
from shared.errors import InsightsForbidden
from shared.services.status_report import status_report
from tests.factories import ENVIRONMENT, START


@dataclass(slots=True)
class Slow(MemoryActions):
    """Refuses measures at once, and takes its time with segments."""

    ended: list[str] = field(default_factory=list)

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        raise InsightsForbidden

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append("segments")
        return ()


async def test_what_was_begun_is_ended_when_the_caller_is_refused() -> None:
    actions = Slow(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
    with pytest.raises(InsightsForbidden):
        await status_report(actions, ENVIRONMENT, ReportType.ENVIRONMENT, START)
    assert actions.ended == ["segments"]


async def test_a_report_names_its_environment() -> None:
    actions = MemoryActions(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
    for kind in ReportType:
        assert (await status_report(actions, ENVIRONMENT, kind, START)).title.startswith("Shop: ")
