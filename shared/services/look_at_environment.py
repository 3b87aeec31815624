"""Take a snapshot with as few calls as will do: the jobs, and what the jobs that ended can have changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection.progress import is_gapless, unlisted_open_jobs
from shared.domain.looks import EVERYTHING, Look, history_days, look_after
from shared.domain.snapshot import Job, Measure, Snapshot
from shared.domain.subscriptions import watches_of
from shared.domain.watches import Watches
from shared.errors import InsightsNotFound
from shared.ports import JobList, Ports

_TOPS = (25, 200, 1000)
_MAX_SINGLE_JOBS = 20
_MEASURES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Sight:
    """A snapshot, the rules to judge it by, and whether it shows everything."""

    snapshot: Snapshot
    watches: Watches
    full: bool


async def look_at_environment(ports: Ports, environment_id: str, checkpoint: Checkpoint | None, *, full: bool) -> Sight:
    """See what is new. Costs one call when no job ended. Raises InsightsError."""
    listed, gapless = await _list_jobs(ports, environment_id, checkpoint)
    jobs = listed.jobs + await _unlisted(ports, environment_id, checkpoint, listed.jobs)
    look = EVERYTHING if full or checkpoint is None else look_after(checkpoint, jobs)
    if checkpoint is not None and not look.anything:
        snapshot = Snapshot(environment_id, listed.served_at, jobs, gapless=gapless)
        return Sight(snapshot, Watches(freshness=checkpoint.freshness), full=False)
    watches = watches_of(await ports.subscriptions.of_environment(environment_id))
    days = history_days(checkpoint.looked_at if checkpoint else None, listed.served_at)
    snapshot = Snapshot(
        environment_id,
        listed.served_at,
        jobs,
        nodes=await ports.insights.nodes(environment_id) if look.nodes else None,
        segments=await ports.insights.segments(environment_id, history_days=days) if look.segments else None,
        measures=await _measures(ports, environment_id, look, watches, days),
        gapless=gapless,
    )
    return Sight(snapshot, watches, full=look == EVERYTHING)


async def _list_jobs(ports: Ports, environment_id: str, checkpoint: Checkpoint | None) -> tuple[JobList, bool]:
    """The newest jobs, further back while the list does not reach what is known."""
    for top in _TOPS:
        listed = await ports.insights.jobs(environment_id, top=top)
        if checkpoint is None or is_gapless(checkpoint, listed.jobs, top):
            return listed, True
    return listed, False


async def _unlisted(
    ports: Ports, environment_id: str, checkpoint: Checkpoint | None, jobs: Sequence[Job]
) -> tuple[Job, ...]:
    missing = unlisted_open_jobs(checkpoint, jobs) if checkpoint else []
    return tuple([await _one_job(ports, environment_id, job_id) for job_id in missing[:_MAX_SINGLE_JOBS]])


async def _one_job(ports: Ports, environment_id: str, job_id: str) -> Job:
    try:
        return await ports.insights.job(environment_id, job_id)
    except InsightsNotFound:
        return Job(job_id, "", "deleted")


async def _measures(
    ports: Ports, environment_id: str, look: Look, watches: Watches, days: int
) -> tuple[Measure, ...] | None:
    """All measures; the history of a measure comes one by one, so only for those that are watched."""
    if not look.measures:
        return None
    listed = {measure.name: measure for measure in await ports.insights.measures(environment_id)}
    at_once = asyncio.Semaphore(_MEASURES_AT_ONCE)

    async def detail(name: str) -> Measure:
        async with at_once:
            return await ports.insights.measure(environment_id, name, history_days=days)

    watched = [name for name in watches.measure_names if name in listed]
    detailed = await asyncio.gather(*(detail(name) for name in watched))
    return tuple({**listed, **{measure.name: measure for measure in detailed}}.values())
