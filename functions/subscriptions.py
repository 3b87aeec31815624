"""Subscribing and unsubscribing."""

import azure.functions as func

from functions.answers import answering, json_answer, json_body
from shared.bootstrap import house
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe

subscriptions = func.Blueprint()


@subscriptions.route(route="triggers/{trigger}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering
async def subscribe_to_trigger(req: func.HttpRequest) -> func.HttpResponse:
    """Keep a flow's callback URL and filters; the answer's Location ends the subscription."""
    here = house()
    listed = here.settings.environments
    made = await subscribe(here.ports, req.route_params["trigger"], json_body(req), here.parse_callback, listed)
    location = f"{here.settings.public_base_url}/api/subscriptions/{made.id}"
    return json_answer(201, {"id": made.id}, {"Location": location})


@subscriptions.route(route="subscriptions/{id}", methods=["DELETE"], auth_level=func.AuthLevel.FUNCTION)
@answering
async def unsubscribe_from_trigger(req: func.HttpRequest) -> func.HttpResponse:
    """End a subscription; also when it is already gone."""
    await unsubscribe(house().ports, req.route_params["id"])
    return func.HttpResponse(status_code=204)
