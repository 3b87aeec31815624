"""Report how an environment is, as far as the caller can see it."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
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
from shared.errors import Forbidden, IdentityUnavailable, InsightsError, NotAuthenticated, RequestInvalid

_NEWEST_JOBS = 50
_UNIFYING = (*STAGES, "all")


async def status_report(actions: InsightsActions, environment_id: str, kind_name: str, now: datetime) -> Report:
    """The report of a type. Raises RequestInvalid, and InsightsError when nothing at all can be read."""
    if kind_name not in list(ReportType):
        raise RequestInvalid("reportType", f"must be one of {', '.join(ReportType)}")
    kind = ReportType(kind_name)
    name = asyncio.create_task(_name(actions, environment_id))
    try:
        sections = await _sections(actions, environment_id, kind)
        return report_of(environment_id, await name, kind, sections, now)
    finally:
        name.cancel()
        await asyncio.gather(name, return_exceptions=True)


async def _name(actions: InsightsActions, environment_id: str) -> str:
    """The environment's name, for the title only: what others cannot tell is left out, a fault of ours is not."""
    with suppress(InsightsError, IdentityUnavailable, NotAuthenticated, Forbidden):
        for one in await actions.environments():
            if one.id == environment_id:
                return one.name
    return "Customer Insights"


async def _sections(actions: InsightsActions, environment_id: str, kind: ReportType) -> list[Section]:
    """What can be read; what cannot says so. Raises InsightsError when that is everything."""
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
    found = dict(zip(parts, await _together([_told(part) for part in parts.values()]), strict=True))
    failures = [failure for failure in found.values() if isinstance(failure, InsightsError)]
    if len(failures) == len(found):
        raise failures[0]
    return [section for title, part in found.items() for section in _shown(title, part)]


def _shown(title: str, part: list[Section] | InsightsError) -> list[Section]:
    return [unread_section(title, str(part))] if isinstance(part, InsightsError) else part


async def _together(
    parts: Sequence[Coroutine[Any, Any, list[Section] | InsightsError]],
) -> list[list[Section] | InsightsError]:
    """All of them at once; when one fails, the others do not go on behind the answer's back."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _told(part: Coroutine[Any, Any, list[Section]]) -> list[Section] | InsightsError:
    try:
        return await part
    except InsightsError as failure:
        return failure


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
