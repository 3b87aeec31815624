"""The triggers: flows subscribe to be called, or ask for events themselves."""

import azure.functions as func

from functions.access import guarded
from functions.answers import events_answer, json_answer, json_body
from functions.requests import link
from shared.bootstrap import house
from shared.domain.asking import whole_number
from shared.domain.callers import Caller
from shared.services.poll_trigger import poll_trigger
from shared.services.subscribe import subscribe

triggers = func.Blueprint()


@triggers.route(route="triggers/{trigger}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def subscribe_to_trigger(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Keep a flow's callback URL and filters; the answer's Location ends the subscription."""
    here = house()
    listed, trigger = here.settings.environments, req.route_params["trigger"]
    made = await subscribe(here.ports, trigger, json_body(req), caller, here.parse_callback, listed)
    location = f"{here.settings.public_base_url}/api/subscriptions/{made.id}"
    return json_answer(201, {"id": made.id}, {"Location": location})


@triggers.route(route="triggers/{trigger}/events", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def poll_trigger_events(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """What is new since the last poll: 200 and the events, or 202; Location is where to poll next."""
    here = house()
    asked = dict(req.params)
    top = whole_number(asked, "top", default=100, most=1000)
    trigger, state, listed = req.route_params["trigger"], asked.get("triggerState", ""), here.settings.environments
    polled = await poll_trigger(here.ports, trigger, asked, caller, state=state, top=top, listed=listed)
    location = link(f"triggers/{trigger}/events", {**asked, "triggerState": polled.state})
    headers = {"Location": location, "Retry-After": str(polled.retry_after_seconds)}
    return events_answer(200 if polled.events else 202, polled.events, headers=headers)
