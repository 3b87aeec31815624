"""Customers: searched, read, with their activities, by segment."""

import azure.functions as func

from functions.access import guarded
from functions.answers import items_answer, raw_answer
from functions.requests import query_of
from shared.bootstrap import house
from shared.domain.asking import environment, equals, item_id, item_query, name, phrase, printable
from shared.domain.callers import Caller
from shared.errors import RequestInvalid
from shared.services.act import act
from shared.services.read_items import read_item, read_items

customers = func.Blueprint()
_PAGED = ("$select", "$orderby", "$top", "$skip")


@customers.route(route="environments/{environmentId}/customers", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def search_customers(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Customers whose searchable fields hold a text."""
    query = query_of(req, ("text", "$filter", *_PAGED))
    if "text" not in query:
        raise RequestInvalid("text", "is missing: what to search for")
    place, search = environment(req.route_params), phrase(printable(query, "text"))
    asked = item_query({**query, "$search": search})
    page = await read_items(act(house().ports, caller, place), place, "Customer", asked)
    return items_answer(page, f"environments/{place}/customers", query)


@customers.route(
    route="environments/{environmentId}/customers/{customerId}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@guarded
async def get_customer(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """One customer."""
    query = query_of(req, ("$select",))
    place, customer = environment(req.route_params), item_id(req.route_params, "customerId")
    asked = item_query({**query, "$filter": equals("CustomerId", customer)})
    return raw_answer(200, await read_item(act(house().ports, caller, place), place, "Customer", asked))


@customers.route(
    route="environments/{environmentId}/customers/{customerId}/activities",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_customer_activities(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """What a customer did."""
    query = query_of(req, _PAGED)
    place, customer = environment(req.route_params), item_id(req.route_params, "customerId")
    asked = item_query({**query, "$filter": equals("CustomerId", customer)})
    page = await read_items(act(house().ports, caller, place), place, "UnifiedActivity", asked)
    return items_answer(page, f"environments/{place}/customers/{customer}/activities", query)


@customers.route(
    route="environments/{environmentId}/segments/{segmentName}/members",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def get_segment_members(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The customers of a segment (the documentation's odata-examples name the function)."""
    query = query_of(req, _PAGED)
    place, segment = environment(req.route_params), name(req.route_params, "segmentName")
    asked = item_query({**query, "$filter": f"IsMemberOfSegment('{segment}')"})
    page = await read_items(act(house().ports, caller, place), place, "Customer", asked)
    return items_answer(page, f"environments/{place}/segments/{segment}/members", query)
