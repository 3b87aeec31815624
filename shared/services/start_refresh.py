"""Start work at Customer Insights, once."""

import logging
from datetime import datetime, timedelta
from enum import StrEnum

from shared.acting import InsightsActions
from shared.domain.snapshot import Job
from shared.errors import InsightsOutcomeUnknown, SignalsError
from shared.ports import Clock

_log = logging.getLogger(__name__)
_SLACK = timedelta(seconds=5)
_NEWEST = 25


class Work(StrEnum):
    """What can be started, by the API's operation type."""

    DATA_SOURCE = "ingestion"
    SEGMENT = "segmentation"
    MEASURE = "measures"
    UNIFICATION = "merge"  # brings map and match with it
    EVERYTHING = "all"


async def start_refresh(
    actions: InsightsActions, clock: Clock, environment_id: str, work: Work, identifier: str = ""
) -> Job:
    """The job that was started.

    A call that got no answer, or none that can be read, is not repeated: the job is looked for among the newest, and is
    the answer if it is there. Raises InsightsOutcomeUnknown if it is not.
    """
    began = clock()
    try:
        return await actions.start_job(environment_id, work, identifier)
    except InsightsOutcomeUnknown as unknown:
        started = await _just_started(actions, clock, environment_id, work, identifier, began)
        if started is None:
            raise InsightsOutcomeUnknown(
                f"{unknown} It is not known whether the job was started: list the jobs before you try again."
            ) from None
        return started


async def _just_started(
    actions: InsightsActions, clock: Clock, environment_id: str, work: Work, identifier: str, began: datetime
) -> Job | None:
    try:
        found = await actions.jobs(environment_id, top=_NEWEST)
    except SignalsError as error:
        fields = {"action": "job_unchecked", "environment_id": environment_id, "reason": error.reason}
        _log.warning("Whether a job was started could not be looked up: %s", error, extra=fields)
        return None
    after = found.served_at - (clock() - began) - _SLACK  # by the source's own clock
    return next((job for job in found.jobs if _is_it(job, work, identifier, after)), None)


def _is_it(job: Job, work: Work, identifier: str, after: datetime) -> bool:
    named = {one.strip("'").lower() for one in job.identifiers}
    return (
        job.operation_type == work
        and job.submission == "onDemand"
        and job.submitted_at is not None
        and job.submitted_at >= after
        and (identifier.lower() in named if identifier else True)
    )
