"""Subscriptions: who has which, ending them, sending them events again."""

import azure.functions as func

from functions.access import guarded
from functions.answers import json_answer, json_body, no_content
from functions.requests import link, place, query_of
from shared.bootstrap import house
from shared.domain.asking import moment, whole_number
from shared.domain.callers import Caller
from shared.domain.cursors import read_cursor
from shared.domain.shown import shown_subscription
from shared.domain.subscribing import environment_id, text
from shared.errors import RequestInvalid
from shared.services.admission import require_own
from shared.services.list_subscriptions import list_subscriptions
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.unsubscribe import unsubscribe, unsubscribe_callback, unsubscribe_flow

subscriptions = func.Blueprint()


@subscriptions.route(route="subscriptions", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_subscriptions(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The caller's subscriptions; an administrator's list has everybody's."""
    query = query_of(req, ("environmentId", "state", "top", "after"))
    top = whole_number(query, "top", default=100, most=1000)
    environment = environment_id(query) if "environmentId" in query else None
    state, after = query.get("state", ""), place(query, "after")
    found = await list_subscriptions(
        house().ports, caller, environment_id=environment, state=state, after=after, top=top
    )
    more = {"nextLink": link("subscriptions", {**query, "after": found[-1].id})} if len(found) == top else {}
    return json_answer(200, {"value": [shown_subscription(one) for one in found], **more})


@subscriptions.route(route="subscriptions/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_subscription(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """One subscription."""
    found = await require_own(house().ports, req.route_params["id"], caller)
    return json_answer(200, shown_subscription(found))


@subscriptions.route(route="subscriptions/{id}", methods=["DELETE"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def unsubscribe_from_trigger(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """End a subscription; also when it is already gone."""
    await unsubscribe(house().ports, req.route_params["id"], caller)
    return no_content()


@subscriptions.route(route="unsubscribe", methods=["POST", "DELETE"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def unsubscribe_without_location(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """For callers that keep no Location: end what calls a URL, or the calling flow's subscription to a trigger."""
    here, body = house(), json_body(req)
    if not isinstance(body, dict) or len(body) != 1 or not body.keys() <= {"callbackUrl", "trigger"}:
        raise RequestInvalid("body", "must be a JSON object with either a callbackUrl or a trigger, and nothing else")
    if "trigger" in body:
        await unsubscribe_flow(here.ports, text(body, "trigger"), caller)
    else:
        await unsubscribe_callback(here.ports, text(body, "callbackUrl"), caller, here.parse_callback)
    return no_content()


@subscriptions.route(route="subscriptions/{id}/replay", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def replay_to_subscription(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Send what it wanted in a stretch of time again; `after` goes on where an earlier call ended."""
    ports, subscription_id = house().ports, req.route_params["id"]
    query = query_of(req, ("from", "to", "after"))
    since, until = moment(query, "from"), moment(query, "to") or ports.clock()
    if since is not None and since > until:
        raise RequestInvalid("to", "must not be before from")
    if since is None:
        raise RequestInvalid("from", "is missing: send again what happened from this time on")
    environment, cursor = subscription_id.partition(".")[0], query.get("after", "")
    after = read_cursor(cursor, environment, field="after") if cursor else 0
    done = await replay_subscription(ports, subscription_id, caller, since=since, until=until, after=after)
    more = {"nextLink": link(f"subscriptions/{subscription_id}/replay", {**query, "after": done.next_cursor})}
    return json_answer(200, {"events": done.events, **(more if done.next_cursor else {})})


@subscriptions.route(route="subscriptions/{id}/signing-secret", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def renew_signing_secret(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """A new signing secret, shown this once; the one before signs too for a day."""
    secret = await rotate_secret(house().ports, req.route_params["id"], caller)
    return json_answer(200, {"secret": secret}, {"Cache-Control": "no-store"})
