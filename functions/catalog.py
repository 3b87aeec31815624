"""What is at an environment: data sources, segments, measures; and the lists that a designer's drop-downs show."""

import azure.functions as func

from functions.access import guarded
from functions.answers import json_answer, list_answer
from functions.requests import query_of
from shared.bootstrap import house
from shared.domain.asking import environment, name
from shared.domain.callers import Caller
from shared.domain.entity_schemas import dimensions_schema
from shared.domain.reports import ReportType
from shared.domain.shown import spaced
from shared.domain.snapshot import OPERATION_TYPES
from shared.errors import NotFound
from shared.services.act import act
from shared.services.list_environments import list_environments

catalog = func.Blueprint()


@catalog.route(route="environments", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_environments(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The environments that the caller can use here."""
    query_of(req, ())
    here = house()
    return list_answer(await list_environments(here.ports, caller, here.settings.subscription_key))


@catalog.route(route="environments/{environmentId}/datasources", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def list_data_sources(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """All data sources of an environment."""
    query_of(req, ())
    place = environment(req.route_params)
    return list_answer(await act(house().ports, caller, place).data_sources(place))


@catalog.route(
    route="environments/{environmentId}/datasources/{dataSourceId}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_data_source(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """One data source."""
    query_of(req, ())
    place, source = environment(req.route_params), name(req.route_params, "dataSourceId")
    return json_answer(200, await act(house().ports, caller, place).data_source(place, source))


@catalog.route(route="environments/{environmentId}/segments", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def list_segments(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """All segments of an environment."""
    query_of(req, ())
    place = environment(req.route_params)
    return list_answer(await act(house().ports, caller, place).segments(place))


@catalog.route(
    route="environments/{environmentId}/segments/{segmentName}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_segment(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """One segment; the API has no call for one."""
    query_of(req, ())
    place, wanted = environment(req.route_params), name(req.route_params, "segmentName")
    for segment in await act(house().ports, caller, place).segments(place, history_days=10):
        if segment.name == wanted:
            return json_answer(200, segment)
    raise NotFound("Customer Insights has no segment of that unique name; case counts.", reason="segment_not_found")


@catalog.route(
    route="environments/{environmentId}/segments/{segmentName}/activate",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def activate_segment(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Switch a segment on."""
    return await _set_active(req, caller, active=True)


@catalog.route(
    route="environments/{environmentId}/segments/{segmentName}/deactivate",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def deactivate_segment(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Switch a segment off."""
    return await _set_active(req, caller, active=False)


async def _set_active(req: func.HttpRequest, caller: Caller, *, active: bool) -> func.HttpResponse:
    query_of(req, ())
    place, segment = environment(req.route_params), name(req.route_params, "segmentName")
    await act(house().ports, caller, place).set_segment_active(place, segment, active=active)
    return json_answer(200, {"name": segment, "state": "active" if active else "inactive"})


@catalog.route(route="environments/{environmentId}/measures", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def list_measures(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """All measures of an environment, without their values."""
    query_of(req, ())
    place = environment(req.route_params)
    return list_answer(await act(house().ports, caller, place).measures(place))


@catalog.route(
    route="environments/{environmentId}/measures/{measureName}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_measure(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """One measure with its values."""
    query_of(req, ())
    place, measure = environment(req.route_params), name(req.route_params, "measureName")
    return json_answer(200, await act(house().ports, caller, place).measure(place, measure))


@catalog.route(
    route="environments/{environmentId}/measures/{measureName}/aliases",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def list_measure_aliases(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The names of a measure's calculations."""
    query_of(req, ())
    place, measure = environment(req.route_params), name(req.route_params, "measureName")
    found = await act(house().ports, caller, place).measure(place, measure)
    return json_answer(200, {"value": [{"name": alias} for alias in found.aliases]})


@catalog.route(
    route="environments/{environmentId}/measures/{measureName}/dimensions/schema",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_measure_dimensions_schema(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The dimensions of a measure as a JSON schema: the dynamic schema of the trigger's field."""
    query_of(req, ())
    place, measure = environment(req.route_params), name(req.route_params, "measureName")
    found = await act(house().ports, caller, place).measure(place, measure)
    return json_answer(200, {"schema": dimensions_schema(found.dimensions)})


@catalog.route(route="operation-types", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def list_operation_types(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The operation types of jobs and processes."""
    query_of(req, ())
    return json_answer(
        200, {"value": [{"name": one, "displayName": spaced(one)} for one in OPERATION_TYPES if one != "none"]}
    )


@catalog.route(route="report-types", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def list_report_types(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The types of status reports."""
    query_of(req, ())
    return json_answer(200, {"value": [{"name": str(one), "displayName": one.title()} for one in ReportType]})
