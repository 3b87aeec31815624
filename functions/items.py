"""Entities and their items: listed, read, written. Rows go through as Customer Insights writes them."""

import azure.functions as func
import msgspec

from functions.access import guarded
from functions.answers import items_answer, json_answer, list_answer, object_body, raw_answer
from functions.requests import query_of
from shared.bootstrap import house
from shared.domain.asking import column, environment, equals, item_id, item_query, name, write_options
from shared.domain.callers import Caller
from shared.domain.entity_schemas import Use
from shared.domain.shown import shown_entity
from shared.services.act import act
from shared.services.entity_schema import entity_schema
from shared.services.read_items import read_item, read_items

items = func.Blueprint()
ODATA = ("$filter", "$select", "$orderby", "$top", "$skip", "$search", "$expand")
_KEYS = {"UnifiedActivity": "ActivityId"}


@items.route(route="environments/{environmentId}/entities", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_entities(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Get entities."""
    query_of(req, ())
    place = environment(req.route_params)
    found = await act(house().ports, caller, place).entities(place)
    return list_answer([shown_entity(entity) for entity in found])


@items.route(
    route="environments/{environmentId}/entities/{entityName}/schema",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_entity_schema(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The columns of an entity as a JSON schema: the dynamic schema of Get, Create and Update item."""
    use = query_of(req, ("use",)).get("use", Use.READ)
    place, entity = environment(req.route_params), name(req.route_params, "entityName")
    schema = await entity_schema(act(house().ports, caller, place), place, entity, use)
    return json_answer(200, {"schema": schema})


@items.route(
    route="environments/{environmentId}/entities/{entityName}/items",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_items(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Get items from an entity."""
    query = query_of(req, ODATA)
    place, entity = environment(req.route_params), name(req.route_params, "entityName")
    page = await read_items(act(house().ports, caller, place), place, entity, item_query(query))
    return items_answer(page, f"environments/{place}/entities/{entity}/items", query)


@items.route(
    route="environments/{environmentId}/entities/{entityName}/items/{itemId}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_item(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Get item: the one whose key column has the id."""
    query = query_of(req, ("keyColumn", "$select", "$expand"))
    place, entity = environment(req.route_params), name(req.route_params, "entityName")
    key = column(query, "keyColumn", _KEYS.get(entity, "CustomerId"))
    asked = item_query({**query, "$filter": equals(key, item_id(req.route_params, "itemId"))})
    return raw_answer(200, await read_item(act(house().ports, caller, place), place, entity, asked))


@items.route(
    route="environments/{environmentId}/entities/{entityName}/items",
    methods=["POST"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def create_item(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Create item."""
    options = write_options(query_of(req, ("validUntil", "caller")))
    place, entity, item = environment(req.route_params), name(req.route_params, "entityName"), object_body(req)
    made = await act(house().ports, caller, place).create_item(place, entity, item, options)
    told = {"entityName": entity, "status": "created" if made.done else "accepted"}
    shown = {} if made.item is None else {"item": msgspec.Raw(made.item)}
    return json_answer(201 if made.done else 202, {**told, **shown})


@items.route(
    route="environments/{environmentId}/entities/{entityName}/items/{itemId}",
    methods=["PATCH"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def update_item(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Update item."""
    options = write_options(query_of(req, ("validUntil", "caller")))
    place, entity = environment(req.route_params), name(req.route_params, "entityName")
    wanted, item = item_id(req.route_params, "itemId"), object_body(req)
    await act(house().ports, caller, place).update_item(place, entity, wanted, item, options)
    return json_answer(200, {"entityName": entity, "itemId": wanted, "status": "updated"})
