"""A report is made of several calls at once; none of them goes on when the report has failed."""

import asyncio
from dataclasses import dataclass, field

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.catalog import DataSource, EnvironmentInfo, MeasureInfo, SegmentInfo
from shared.domain.reports import ReportType
from shared.domain.snapshot import Job, JobList
from shared.errors import (
    ClaimsNeeded,
    Forbidden,
    IdentityUnavailable,
    InsightsForbidden,
    InsightsUnavailable,
    SettingsInvalid,
    StateInvalid,
)
from shared.services.status_report import status_report
from tests.factories import ENVIRONMENT, START, job, task
from tests.services.named import named


@dataclass(slots=True)
class Slow(MemoryActions):
    """Wants the user to sign in before it tells measures, and takes its time with what is named."""

    slow: str = ""
    ended: list[str] = field(default_factory=list)

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        raise ClaimsNeeded

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        await self._wait("segments")
        return ()

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        await self._wait("environments")
        return ()

    async def _wait(self, name: str) -> None:
        if name != self.slow:
            return
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):  # an end takes its time too
                await asyncio.sleep(0)
            self.ended.append(name)


@pytest.mark.parametrize("slow", ["segments", "environments"])
async def test_what_was_begun_is_ended_when_the_caller_has_to_sign_in(slow: str) -> None:
    actions = Slow(info=EnvironmentInfo(ENVIRONMENT, "Shop"), slow=slow)
    with pytest.raises(ClaimsNeeded):
        await status_report(actions, ENVIRONMENT, ReportType.ENVIRONMENT, START)
    assert actions.ended == [slow]


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


class Unnamed(MemoryActions):
    """Whose environments cannot be listed, for the reason that is given."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
        self._reason = reason

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        raise self._reason


@pytest.mark.parametrize(
    "reason",
    [InsightsUnavailable(), IdentityUnavailable(), ClaimsNeeded(), Forbidden()],
    ids=lambda one: type(one).__name__,
)
async def test_a_name_that_others_will_not_tell_is_left_out(reason: Exception) -> None:
    report = await status_report(Unnamed(reason), ENVIRONMENT, ReportType.SEGMENTS, START)
    assert report.title.startswith("Customer Insights: ")


@pytest.mark.parametrize(
    "reason", [StateInvalid(), SettingsInvalid(), KeyError("name")], ids=lambda one: type(one).__name__
)
async def test_a_fault_of_ours_is_no_missing_name(reason: Exception) -> None:
    with pytest.raises(type(reason)):
        await status_report(Unnamed(reason), ENVIRONMENT, ReportType.SEGMENTS, START)


async def test_a_report_of_which_nothing_can_be_read_is_none() -> None:
    actions = WithoutMeasures(info=EnvironmentInfo(ENVIRONMENT, "Shop"))
    with pytest.raises(InsightsForbidden):
        await status_report(actions, ENVIRONMENT, ReportType.MEASURES, START)


class Shop(MemoryActions):
    """One of each, and jobs of which the list tells no tasks; notes what it was asked."""

    asked: tuple[object, ...] = ()
    listed: tuple[Job, ...] = (
        job("running", "running"),
        job("export", "failed", operation="export"),
        job("merge", "successful", task("", operation="merge"), operation="merge"),
        job("full", "successful", task("", operation="map")),
    )

    async def environments(self) -> tuple[EnvironmentInfo, ...]:
        return EnvironmentInfo("other", "Other"), EnvironmentInfo(ENVIRONMENT, "Shop")

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        self.asked += (top,)
        return JobList(self.listed, START, len(self.listed))

    async def job(self, environment_id: str, job_id: str) -> Job:
        self.asked += (job_id,)
        return next(one for one in self.listed if one.job_id == job_id)

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        self.asked += (history_days,)
        return (SegmentInfo("S", "Loyal"),)

    async def measures(self, environment_id: str) -> tuple[MeasureInfo, ...]:
        return (MeasureInfo("M", "Sales"),)

    async def data_sources(self, environment_id: str) -> tuple[DataSource, ...]:
        return (DataSource("D", "Orders"),)


FULL = ("Full refreshes", ["Full refresh under way", "Last full refresh"])
TOLD = {
    ReportType.ENVIRONMENT: [
        ("Data sources", ["Orders"]),
        FULL,
        ("Unification stages", ["Merge"]),
        ("Segments", ["Loyal"]),
        ("Measures", ["Sales"]),
    ],
    ReportType.REFRESH: [("Data sources", ["Orders"]), FULL],
    ReportType.UNIFICATION: [("Unification stages", ["Merge"])],
    ReportType.SEGMENTS: [("Segments", ["Loyal"])],
    ReportType.MEASURES: [("Measures", ["Sales"])],
}
ASKED = {
    ReportType.ENVIRONMENT: {50, "merge", 10},
    ReportType.REFRESH: {50},
    ReportType.UNIFICATION: {50, "merge"},
    ReportType.SEGMENTS: {10},
    ReportType.MEASURES: set(),
}


@pytest.mark.parametrize("kind", ReportType)
async def test_a_report_has_the_sections_of_its_kind_and_no_call_beside_theirs(kind: ReportType) -> None:
    """Unification is that of the newest job that ended and unifies."""
    actions = Shop()
    report = await status_report(named(actions), ENVIRONMENT, kind, START)
    assert [(one.title, [row.name for row in one.rows]) for one in report.sections] == TOLD[kind]
    assert set(actions.asked) == ASKED[kind]
    assert (report.environment_id, report.report_type, report.generated_at) == (ENVIRONMENT, kind, START)


async def test_without_a_unification_there_are_no_stages() -> None:
    actions = Shop()
    actions.listed = actions.listed[:2]
    report = await status_report(actions, ENVIRONMENT, ReportType.UNIFICATION, START)
    assert [(one.title, one.rows) for one in report.sections] == [("Unification stages", ())]
    assert actions.asked == (50,)


class Unread(Shop):
    """Tells nothing but measures."""

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        raise InsightsUnavailable("No jobs.")

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        raise InsightsUnavailable("No segments.")

    async def data_sources(self, environment_id: str) -> tuple[DataSource, ...]:
        raise InsightsUnavailable("No sources.")


async def test_what_could_not_be_read_is_told_with_the_reason() -> None:
    report = await status_report(Unread(), ENVIRONMENT, ReportType.ENVIRONMENT, START)
    assert [(one.title, row.name, row.detail) for one in report.sections for row in one.unwell] == [
        ("Data sources", "Data sources", "No sources."),
        ("Jobs", "Jobs", "No jobs."),
        ("Segments", "Segments", "No segments."),
    ]
