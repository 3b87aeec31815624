"""Refreshes and other jobs: started, waited for, listed, cancelled."""

import azure.functions as func

from functions.access import guarded
from functions.answers import json_answer, list_answer
from functions.requests import link, query_of
from shared.bootstrap import house
from shared.domain.asking import environment, name, whole_number
from shared.domain.callers import Caller
from shared.domain.outcomes import outcome_of
from shared.domain.snapshot import Job
from shared.errors import InsightsOutcomeUnknown, RequestInvalid
from shared.services.act import act
from shared.services.start_refresh import Work, start_refresh

jobs = func.Blueprint()
LOOK_AGAIN_SECONDS = 20


@jobs.route(route="environments/{environmentId}/jobs", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def list_jobs(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The newest jobs."""
    top = whole_number(query_of(req, ("top",)), "top", default=25, most=200)
    place = environment(req.route_params)
    found = await act(house().ports, caller, place).jobs(place, top=top)
    return list_answer([outcome_of(job, with_tasks=False) for job in found.jobs])


@jobs.route(route="environments/{environmentId}/jobs/{jobId}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_job(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """One job with its tasks."""
    query_of(req, ())
    place, job = environment(req.route_params), name(req.route_params, "jobId")
    return json_answer(200, outcome_of(await act(house().ports, caller, place).job(place, job)))


@jobs.route(
    route="environments/{environmentId}/jobs/{jobId}/outcome", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@guarded
async def get_job_outcome(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Where a waiting flow looks: 202 until the job has ended, then how it went."""
    query_of(req, ())
    place, job = environment(req.route_params), name(req.route_params, "jobId")
    return _awaited(place, await act(house().ports, caller, place).job(place, job))


@jobs.route(
    route="environments/{environmentId}/jobs/{jobId}/cancel", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@guarded
async def cancel_job(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """End a job."""
    query_of(req, ())
    place, job = environment(req.route_params), name(req.route_params, "jobId")
    return json_answer(200, outcome_of(await act(house().ports, caller, place).cancel_job(place, job)))


@jobs.route(
    route="environments/{environmentId}/datasources/{dataSourceId}/refresh",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def refresh_data_source(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Refresh a data source."""
    return _started(*await _start(req, caller, Work.DATA_SOURCE, "dataSourceId"))


@jobs.route(
    route="environments/{environmentId}/datasources/{dataSourceId}/refresh-and-wait",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def refresh_data_source_and_wait(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Refresh a data source; the Location says when it has ended."""
    return _awaited(*await _start(req, caller, Work.DATA_SOURCE, "dataSourceId"))


@jobs.route(
    route="environments/{environmentId}/segments/{segmentName}/refresh",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def refresh_segment(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Evaluate a segment anew."""
    return _started(*await _start(req, caller, Work.SEGMENT, "segmentName"))


@jobs.route(
    route="environments/{environmentId}/segments/{segmentName}/refresh-and-wait",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def refresh_segment_and_wait(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Evaluate a segment anew; the Location says when that has ended."""
    return _awaited(*await _start(req, caller, Work.SEGMENT, "segmentName"))


@jobs.route(
    route="environments/{environmentId}/measures/{measureName}/refresh",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def refresh_measure(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Evaluate a measure anew."""
    return _started(*await _start(req, caller, Work.MEASURE, "measureName"))


@jobs.route(
    route="environments/{environmentId}/measures/{measureName}/refresh-and-wait",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def refresh_measure_and_wait(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Evaluate a measure anew; the Location says when that has ended."""
    return _awaited(*await _start(req, caller, Work.MEASURE, "measureName"))


@jobs.route(route="environments/{environmentId}/unification/run", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def run_unification(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Unify the customers: map, match and merge."""
    return _started(*await _start(req, caller, Work.UNIFICATION))


@jobs.route(
    route="environments/{environmentId}/unification/run-and-wait",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def run_unification_and_wait(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Unify the customers; the Location says when that has ended."""
    return _awaited(*await _start(req, caller, Work.UNIFICATION))


@jobs.route(route="environments/{environmentId}/refresh", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def run_full_refresh(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Refresh everything."""
    return _started(*await _start(req, caller, Work.EVERYTHING))


@jobs.route(
    route="environments/{environmentId}/refresh-and-wait", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@guarded
async def run_full_refresh_and_wait(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Refresh everything; the Location says when that has ended."""
    return _awaited(*await _start(req, caller, Work.EVERYTHING))


async def _start(req: func.HttpRequest, caller: Caller, work: Work, parameter: str = "") -> tuple[str, Job]:
    query_of(req, ())
    place = environment(req.route_params)
    identifier = name(req.route_params, parameter) if parameter else ""
    ports = house().ports
    return place, await start_refresh(act(ports, caller, place), ports.clock, place, work, identifier)


def _started(place: str, job: Job) -> func.HttpResponse:
    return json_answer(201, outcome_of(job), {"Location": _address(place, job)})


def _awaited(place: str, job: Job) -> func.HttpResponse:
    """The platform's asynchronous pattern."""
    outcome = outcome_of(job)
    if outcome.ended:
        return json_answer(200, outcome)
    headers = {"Location": f"{_address(place, job)}/outcome", "Retry-After": str(LOOK_AGAIN_SECONDS)}
    return json_answer(202, outcome, headers)


def _address(place: str, job: Job) -> str:
    """Where a job is asked for; an id that is none leads nowhere."""
    try:
        return link(f"environments/{place}/jobs/{name({'jobId': job.job_id}, 'jobId')}")
    except RequestInvalid:
        raise InsightsOutcomeUnknown("Customer Insights gave the job an id that cannot be used.") from None
