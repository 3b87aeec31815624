"""Take a snapshot with as few calls as will do: the jobs, and what the jobs that ended can have changed.

Without the jobs there is no snapshot. Lists that cannot be read do not hold up the rest: they are owed.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from shared.domain.checkpoint import Checkpoint, EnvironmentState
from shared.domain.detection.progress import is_gapless, is_settled, may_be_settled, unlisted_open_jobs
from shared.domain.detection.thresholds import judged_until
from shared.domain.looks import EVERYTHING, history_days, look_after
from shared.domain.snapshot import Job, JobList, Look, Measure, Node, Segment, Snapshot
from shared.domain.subscriptions import watches_of
from shared.domain.watches import Watches
from shared.errors import InsightsError, InsightsNotFound
from shared.ports import Ports
from shared.services.read_measures import read_measures, unread

Part = TypeVar("Part", tuple[Node, ...], tuple[Segment, ...], tuple[Measure, ...])

_TOPS = (25, 200, 1000)
_MAX_SINGLE_JOBS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """A snapshot, the rules to judge it by, whether it shows everything, what could not be read and why."""

    snapshot: Snapshot
    watches: Watches
    full: bool
    owed: Look = Look()
    failure: InsightsError | None = None


@dataclass(slots=True)
class _Attempts:
    """Reads of lists that may fail one by one."""

    failures: dict[str, InsightsError] = field(default_factory=dict)

    async def read(self, name: str, wanted: bool, call: Callable[[], Awaitable[Part]]) -> Part | None:
        if not wanted:
            return None
        try:
            return await call()
        except InsightsError as failure:
            self.failures[name] = failure
            return None


async def look_at_environment(ports: Ports, environment_id: str, before: EnvironmentState, *, full: bool) -> Sight:
    """See what is new. Costs one call when no job began or ended. Raises InsightsError when the jobs cannot be read."""
    checkpoint = before.checkpoint
    headlines_will_do = not (full or before.owed.anything)
    listed, gapless = await _list_jobs(ports, environment_id, checkpoint, headlines_will_do=headlines_will_do)
    jobs = listed.jobs + await _unlisted(ports, environment_id, checkpoint, listed.jobs)
    look = EVERYTHING if full or checkpoint is None else look_after(checkpoint, jobs) | before.owed
    if checkpoint is not None and not look.anything:
        snapshot = Snapshot(environment_id, listed.served_at, jobs, gapless=gapless)
        return Sight(snapshot, Watches(freshness=checkpoint.freshness), full=False)
    insights, attempts = ports.insights, _Attempts()
    looked_at = checkpoint.looked_at if checkpoint else None
    evaluated_at = checkpoint.measures_evaluated_at() if checkpoint else {}
    days = history_days(looked_at, listed.served_at)

    def days_of(measure: str) -> int:
        return history_days(evaluated_at.get(measure, looked_at), listed.served_at)

    judged = partial(judged_until, checkpoint.series) if checkpoint else None
    nodes = await attempts.read("nodes", look.nodes, lambda: insights.nodes(environment_id))
    segments = await attempts.read(
        "segments", look.segments, lambda: insights.segments(environment_id, history_days=days, judged=judged)
    )
    # The rules are read after what they judge: a rule that came in between would never judge it.
    watches = await _watches(ports, environment_id)
    read = partial(read_measures, insights, environment_id, watches, days_of)
    measures = await attempts.read("measures", look.measures, read)
    if measures is not None:
        early, watches = watches, await _watches(ports, environment_id)
        late = set(watches.measure_names) - set(early.measure_names)
        measures = tuple(unread(measure) if measure.name in late else measure for measure in measures)
    snapshot = Snapshot(environment_id, listed.served_at, jobs, nodes, segments, measures, gapless)
    failures = attempts.failures
    owed = Look("nodes" in failures, "segments" in failures, "measures" in failures)
    return Sight(snapshot, watches, look == EVERYTHING, owed, next(iter(failures.values()), None))


async def _watches(ports: Ports, environment_id: str) -> Watches:
    return watches_of(await ports.subscriptions.of_environment(environment_id))


async def _list_jobs(
    ports: Ports, environment_id: str, checkpoint: Checkpoint | None, *, headlines_will_do: bool
) -> tuple[JobList, bool]:
    """The newest jobs, further back while the list does not reach what is known.

    Where nothing went on at the last look, and nothing does now, their headlines are all there is to see.
    """
    if checkpoint is not None and headlines_will_do and may_be_settled(checkpoint):
        listed = await ports.insights.headlines(environment_id, top=_TOPS[0])
        if is_settled(checkpoint, listed.jobs) and len(listed.jobs) == listed.listed:
            return listed, True
    for top in _TOPS:
        listed = await ports.insights.jobs(environment_id, top=top)
        if checkpoint is None or is_gapless(checkpoint, listed.jobs, listed=listed.listed, asked_for=top):
            return listed, True
    return listed, False


async def _unlisted(
    ports: Ports, environment_id: str, checkpoint: Checkpoint | None, jobs: Sequence[Job]
) -> tuple[Job, ...]:
    missing = unlisted_open_jobs(checkpoint, jobs) if checkpoint else []
    found = [await _one_job(ports, environment_id, job_id) for job_id in missing[:_MAX_SINGLE_JOBS]]
    return tuple(job for job in found if job is not None)


async def _one_job(ports: Ports, environment_id: str, job_id: str) -> Job | None:
    """A job that the source will not tell about stays open and holds up nothing."""
    try:
        return await ports.insights.job(environment_id, job_id)
    except InsightsNotFound:
        return Job(job_id, "", "deleted")
    except InsightsError as failure:
        fields = {"action": "job_unreadable", "environment_id": environment_id, "job_id": job_id}
        _log.warning("Job %s cannot be read: %s", job_id, failure, extra=fields)
        return None
