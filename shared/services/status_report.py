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
    unread_section,
)
from shared.errors import InsightsAnswerInvalid, InsightsThrottled, InsightsUnavailable, RequestInvalid

_NEWEST_JOBS = 50
_UNIFYING = (*STAGES, "all")


async def status_report(actions: InsightsActions, environment_id: str, kind_name: str, now: datetime) -> Report:
    """The report of a type. Raises RequestInvalid, and InsightsError when nothing at all can be read."""
    if kind_name not in list(ReportType):
        raise RequestInvalid("reportType", f"must be one of {', '.join(ReportType)}")
    kind = ReportType(kind_name)
    name = await _name(actions, environment_id)
    return report_of(environment_id, name, kind, await _sections(actions, environment_id, kind), now)


async def _name(actions: InsightsActions, environment_id: str) -> str:
    """The environment's name; raises what keeps the caller from reading anything."""
    found = (one.name for one in await actions.environments() if one.id == environment_id)
    return next(found, "Customer Insights")


async def _sections(actions: InsightsActions, environment_id: str, kind: ReportType) -> list[Section]:
    everything = kind is ReportType.ENVIRONMENT
    parts: dict[str, Coroutine[Any, Any, list[Section]]] = {}
    if everything or kind is ReportType.REFRESH:
        parts["Data sources"] = _sources(actions, environment_id)
    if everything or kind in (ReportType.REFRESH, ReportType.UNIFICATION):
        parts["Jobs"] = _jobs(actions, environment_id, kind)
    if everything or kind is ReportType.SEGMENTS:
        parts["Segments"] = _segments(actions, environment_id)
    if everything or kind is ReportType.MEASURES:
        parts["Measures"] = _measures(actions, environment_id)
    found = await _together([_told(title, part, alone=len(parts) == 1) for title, part in parts.items()])
    return [section for sections in found for section in sections]


async def _together(parts: Sequence[Coroutine[Any, Any, list[Section]]]) -> list[list[Section]]:
    """All of them at once; when one fails, the others do not go on behind the answer's back."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _told(title: str, part: Coroutine[Any, Any, list[Section]], *, alone: bool) -> list[Section]:
    """A part of the report; one that cannot be read says so, and the others are told all the same."""
    try:
        return await part
    except (InsightsUnavailable, InsightsThrottled, InsightsAnswerInvalid) as failure:
        if alone:
            raise
        return [unread_section(title, str(failure))]


async def _sources(actions: InsightsActions, environment_id: str) -> list[Section]:
    return [sources_section(await actions.data_sources(environment_id))]


async def _jobs(actions: InsightsActions, environment_id: str, kind: ReportType) -> list[Section]:
    jobs = (await actions.jobs(environment_id, top=_NEWEST_JOBS)).jobs
    refreshes = [] if kind is ReportType.UNIFICATION else [refreshes_section(jobs)]
    if kind is ReportType.REFRESH:
        return refreshes
    newest = next((job for job in jobs if job.operation_type in _UNIFYING and job.ended), None)
    whole = await actions.job(environment_id, newest.job_id) if newest else None
    return [*refreshes, unification_section(whole)]


async def _segments(actions: InsightsActions, environment_id: str) -> list[Section]:
    return [segments_section(await actions.segments(environment_id, history_days=10))]


async def _measures(actions: InsightsActions, environment_id: str) -> list[Section]:
    return [measures_section(await actions.measures(environment_id))]
