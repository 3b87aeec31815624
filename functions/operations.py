"""For operators: is the app up, is an environment watched, what happened, are the secrets under the newest key."""

import azure.functions as func

from functions.access import guarded
from functions.answers import events_answer, json_answer
from functions.requests import link, query_of
from shared.bootstrap import house
from shared.domain.asking import moment, whole_number
from shared.domain.callers import Caller
from shared.domain.cursors import read_cursor
from shared.domain.events import EventType
from shared.domain.subscribing import environment_id
from shared.errors import RequestInvalid
from shared.services.environment_status import environment_status
from shared.services.list_events import list_events
from shared.stores import EventQuery

operations = func.Blueprint()


@operations.route(route="health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def live(req: func.HttpRequest) -> func.HttpResponse:
    """The worker answers; nothing else is asked."""
    return json_answer(200, {"status": "live"})


@operations.route(route="environments/{environmentId}/status", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_environment_status(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Heartbeat, health and counts of an environment."""
    status = await environment_status(house().ports, caller, environment_id(req.route_params))
    return json_answer(200, status)


@operations.route(route="events", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def get_events(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The events of an environment, oldest first: since a time, or behind an earlier list."""
    query = query_of(req, ("environmentId", "since", "until", "type", "subject", "after", "top"))
    environment = environment_id(query)
    top = whole_number(query, "top", default=100, most=1000)
    cursor, kind = query.get("after", ""), query.get("type", "")
    if kind and kind not in list(EventType):
        raise RequestInvalid("type", f"must be one of {', '.join(EventType)}")
    since, until = moment(query, "since"), moment(query, "until")
    if since is not None and until is not None and since > until:
        raise RequestInvalid("until", "must not be before since")
    after = read_cursor(cursor, environment, field="after") if cursor else 0
    types = (kind,) if kind else ()
    wanted = EventQuery(after, since, until, types, query.get("subject", ""))
    found = await list_events(house().ports, caller, environment, wanted, top=top)
    more = {"nextLink": link("events", {**query, "after": found.next_cursor})} if found.next_cursor else {}
    return events_answer(200, found.events, more)


@operations.route(route="operations/reencrypt", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@guarded
async def reencrypt_secrets(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Encrypt every subscription with the newest key, so that older ones can be taken out of the settings."""
    return json_answer(200, await house().ports.subscriptions.reencrypt())
