"""What could not be delivered: listed, and sent again."""

import azure.functions as func

from functions.access import guarded
from functions.answers import json_answer, json_body
from functions.requests import link, place, query_of
from shared.bootstrap import house
from shared.domain.asking import whole_number
from shared.domain.callers import Caller
from shared.domain.shown import shown_delivery, shown_message
from shared.domain.subscribing import environment_id, text
from shared.errors import RequestInvalid
from shared.services.list_dead import list_dead
from shared.services.replay_delivery import replay_delivery

dead = func.Blueprint()


@dead.route(route="deliveries/dead", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_dead_deliveries(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Dead deliveries, and for administrators the messages that nobody could handle."""
    query = query_of(req, ("environmentId", "subscriptionId", "top", "after"))
    top = whole_number(query, "top", default=100, most=1000)
    environment = environment_id(query) if "environmentId" in query else None
    wanted, after = query.get("subscriptionId"), place(query, "after")
    found = await list_dead(
        house().ports, caller, environment_id=environment, subscription_id=wanted, after=after, top=top
    )
    more = {"nextLink": link("deliveries/dead", {**query, "after": found.last})} if found.last else {}
    messages = [shown_message(one) for one in found.messages]
    return json_answer(200, {"value": [shown_delivery(one) for one in found.deliveries], "messages": messages, **more})


@dead.route(route="deliveries/{id}/replay", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def replay_dead_delivery(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Send a dead delivery again, to its subscription or to the one that the body names."""
    body = json_body(req) if req.get_body().strip() else {}
    if not isinstance(body, dict) or body.keys() - {"subscriptionId"}:
        raise RequestInvalid("body", "must be empty or a JSON object with a subscriptionId")
    wanted = text(body, "subscriptionId") if "subscriptionId" in body else ""
    await replay_delivery(house().ports, req.route_params["id"], caller, wanted)
    return json_answer(200, {"id": req.route_params["id"]})
