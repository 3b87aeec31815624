"""Partitions: the files that hold an entity's data."""

import azure.functions as func

from functions.access import guarded
from functions.answers import json_answer, list_answer
from functions.requests import link, query_of
from shared.bootstrap import house
from shared.domain.asking import environment, file_name, name, version, whole_number
from shared.domain.callers import Caller
from shared.domain.shown import shown_fields, shown_partition
from shared.services.act import act
from shared.services.read_partition import read_partition

partitions = func.Blueprint()
_PIECE_BYTES = 256 * 1024
_LARGEST_PIECE_BYTES = 1024 * 1024


@partitions.route(
    route="environments/{environmentId}/entities/{entityName}/partitions",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def retrieve_partitions(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Retrieve partitions for an entity."""
    query_of(req, ())
    place, entity = environment(req.route_params), name(req.route_params, "entityName")
    found = await act(house().ports, caller, place).entity(place, entity)
    return list_answer([shown_partition(one) for one in found.partitions])


@partitions.route(
    route="v2/environments/{environmentId}/entities/{entityName}/partitions",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def retrieve_partitions_v2(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The same, with the entity's size and columns."""
    query_of(req, ())
    place, entity = environment(req.route_params), name(req.route_params, "entityName")
    actions = act(house().ports, caller, place)
    found, size = await actions.entity(place, entity), await actions.entity_size(place, entity)
    refreshed = {"refreshedAt": found.refreshed_at} if found.refreshed_at else {}
    columns = [attribute.name for attribute in found.attributes]
    value = [shown_partition(one) for one in found.partitions]
    told = {"entityName": found.name, **shown_fields(size), **refreshed}
    return json_answer(200, {**told, "columns": columns, "value": value})


@partitions.route(
    route="environments/{environmentId}/entities/{entityName}/partitions/{partitionName}/data",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def retrieve_partition_data(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Retrieve data from a partition: a piece of it, and where the next one is."""
    query, route = query_of(req, ("start", "length", "version")), req.route_params
    start = whole_number(query, "start", default=0, least=0, most=10**12)
    length = whole_number(query, "length", default=_PIECE_BYTES, least=1024, most=_LARGEST_PIECE_BYTES)
    place = (environment(route), name(route, "entityName"), file_name(route, "partitionName"))
    ports, asked = house().ports, version(query)
    actions = act(ports, caller, place[0])
    piece = await read_partition(ports, caller, actions, place, start=start, length=length, version=asked)
    path = f"environments/{place[0]}/entities/{place[1]}/partitions/{place[2]}/data"
    more = {"start": str(piece.next_start), **({"version": piece.version} if piece.version else {})}
    rest = {"nextLink": link(path, {**query, **more})} if piece.next_start else {}
    return json_answer(200, {**shown_fields(piece), "content": piece.content, **rest})
