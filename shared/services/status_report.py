"""Report how an environment is, as far as the caller can see it."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any

from shared.acting import InsightsActions
from shared.domain.reports import (
    STAGES,
    Report,
    ReportType,
    Section,
    measures_section,
    refreshes_section,
    report_of,
    segments_section,
    sources_section,
    unification_section,
)
from shared.domain.snapshot import Job
from shared.errors import RequestInvalid

_NEWEST_JOBS = 50
_UNIFYING = (*STAGES, "all")


async def status_report(actions: InsightsActions, environment_id: str, kind_name: str, now: datetime) -> Report:
    """The report of a type. Raises RequestInvalid and InsightsError."""
    if kind_name not in list(ReportType):
        raise RequestInvalid("reportType", f"must be one of {', '.join(ReportType)}")
    kind = ReportType(kind_name)
    return report_of(environment_id, kind, await _sections(actions, environment_id, kind), now)


async def _sections(actions: InsightsActions, environment_id: str, kind: ReportType) -> list[Section]:
    everything = kind is ReportType.ENVIRONMENT
    parts = []
    if everything or kind is ReportType.REFRESH:
        parts += [_sources(actions, environment_id), _refreshes(actions, environment_id)]
    if everything or kind is ReportType.UNIFICATION:
        parts.append(_unification(actions, environment_id))
    if everything or kind is ReportType.SEGMENTS:
        parts.append(_segments(actions, environment_id))
    if everything or kind is ReportType.MEASURES:
        parts.append(_measures(actions, environment_id))
    return await _together(parts)


async def _together(parts: Sequence[Coroutine[Any, Any, Section]]) -> list[Section]:
    """All of them at once; when one fails, the others do not go on behind the answer's back."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _sources(actions: InsightsActions, environment_id: str) -> Section:
    return sources_section(await actions.data_sources(environment_id))


async def _refreshes(actions: InsightsActions, environment_id: str) -> Section:
    return refreshes_section((await actions.jobs(environment_id, top=_NEWEST_JOBS)).jobs)


async def _unification(actions: InsightsActions, environment_id: str) -> Section:
    jobs = (await actions.jobs(environment_id, top=_NEWEST_JOBS)).jobs
    newest: Job | None = next((job for job in jobs if job.operation_type in _UNIFYING), None)
    return unification_section(await actions.job(environment_id, newest.job_id) if newest else None)


async def _segments(actions: InsightsActions, environment_id: str) -> Section:
    return segments_section(await actions.segments(environment_id, history_days=10))


async def _measures(actions: InsightsActions, environment_id: str) -> Section:
    return measures_section(await actions.measures(environment_id))
