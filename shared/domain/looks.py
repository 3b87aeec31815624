"""What a poll has to look at beyond the jobs: only what a job that ended can have changed, or everything on a full
look.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from shared.domain.checkpoint import Checkpoint
from shared.domain.detection.progress import Progress, follow_jobs
from shared.domain.snapshot import OPERATION_TYPES, Job, Look

MAX_HISTORY_DAYS = 90
EVERYTHING = Look(nodes=True, segments=True, measures=True)
_SEGMENTS = {"segmentation", "segmentMembership", "all"}
_MEASURES = {"measures", "attributeMeasures", "entityMeasures", "all"}
_NODES = {"ingestion", "all"}


def look_after(checkpoint: Checkpoint, jobs: Sequence[Job]) -> Look:
    """What the tasks and jobs that ended since the checkpoint can have changed."""
    progress, _, _ = follow_jobs(checkpoint, jobs)
    touched = {operation for item in progress for operation in _touched(item)}
    if touched - set(OPERATION_TYPES):
        return EVERYTHING
    return Look(bool(touched & _NODES), bool(touched & _SEGMENTS), bool(touched & _MEASURES))


def history_days(looked_at: datetime | None, now: datetime) -> int:
    """How far back evaluations have to be read so that none since the last look is missed."""
    if looked_at is None:
        return 1
    return max(1, min(MAX_HISTORY_DAYS, ceil((now - looked_at) / timedelta(days=1)) + 1))


def _touched(progress: Progress) -> set[str]:
    """At the end of a job all of its parts are looked at once more: results may be published after their task's end."""
    job = progress.job
    tasks = job.tasks if progress.job_ended else progress.ended_tasks
    operations = {task.operation_type for task in tasks}
    return operations | ({job.operation_type} if progress.job_ended else set())
