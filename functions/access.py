"""Who gets through which door: what each route needs, and the check before every one of them.

Entra ID decides, in the app itself: the routes are anonymous to the Functions host, and no header that a proxy could
set (such as Easy Auth's) is read.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import azure.functions as func

from functions.answers import error_answer, status_of
from shared.bootstrap import House, house
from shared.domain.access import Permission, Principal
from shared.domain.callers import Caller, flow_of
from shared.errors import Forbidden, InsightsOutcomeUnknown, InsightsTimeout, NotAuthenticated, SignalsError

Handler = Callable[[func.HttpRequest, Caller], Awaitable[func.HttpResponse]]
Answering = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]  # the worker passes `req` by name
OPEN = frozenset({"live"})
NEEDS: Mapping[str, Permission] = {
    "subscribe_to_trigger": Permission.TRIGGERS,
    "poll_trigger_events": Permission.TRIGGERS,
    "get_subscriptions": Permission.TRIGGERS,
    "get_subscription": Permission.TRIGGERS,
    "unsubscribe_from_trigger": Permission.TRIGGERS,
    "unsubscribe_without_location": Permission.TRIGGERS,
    "replay_to_subscription": Permission.TRIGGERS,
    "renew_signing_secret": Permission.TRIGGERS,
    "get_dead_deliveries": Permission.TRIGGERS,
    "replay_dead_delivery": Permission.TRIGGERS,
    "get_environment_status": Permission.READ,
    "get_events": Permission.READ,
    "reencrypt_secrets": Permission.ADMIN,
    "get_environments": Permission.READ,
    "list_data_sources": Permission.READ,
    "get_data_source": Permission.READ,
    "list_segments": Permission.READ,
    "get_segment": Permission.READ,
    "get_segment_members": Permission.READ,
    "activate_segment": Permission.WRITE,
    "deactivate_segment": Permission.WRITE,
    "list_measures": Permission.READ,
    "get_measure": Permission.READ,
    "list_measure_aliases": Permission.READ,
    "get_measure_dimensions_schema": Permission.READ,
    "list_operation_types": Permission.READ,
    "list_report_types": Permission.READ,
    "list_jobs": Permission.READ,
    "get_job": Permission.READ,
    "get_job_outcome": Permission.WRITE,  # whoever started the job waits for it
    "cancel_job": Permission.WRITE,
    "refresh_data_source": Permission.WRITE,
    "refresh_data_source_and_wait": Permission.WRITE,
    "refresh_segment": Permission.WRITE,
    "refresh_segment_and_wait": Permission.WRITE,
    "refresh_measure": Permission.WRITE,
    "refresh_measure_and_wait": Permission.WRITE,
    "run_unification": Permission.WRITE,
    "run_unification_and_wait": Permission.WRITE,
    "run_full_refresh": Permission.WRITE,
    "run_full_refresh_and_wait": Permission.WRITE,
    "get_entities": Permission.READ,
    "get_entity_schema": Permission.READ,
    "get_items": Permission.READ,
    "get_item": Permission.READ,
    "create_item": Permission.WRITE,
    "update_item": Permission.WRITE,
    "search_customers": Permission.READ,
    "get_customer": Permission.READ,
    "get_customer_activities": Permission.READ,
    "retrieve_partitions": Permission.READ,
    "retrieve_partitions_v2": Permission.READ,
    "retrieve_partition_data": Permission.READ,
    "send_status_report": Permission.READ,
    "send_status_report_v2": Permission.READ,
}
REPEATABLE = frozenset({"subscribe_to_trigger", "unsubscribe_without_location", "reencrypt_secrets"})
ANSWER_SECONDS = 110.0  # the platform gives up at 120
_log = logging.getLogger(__name__)


def guarded(handler: Handler) -> Answering:
    """A function that lets in whom its row in NEEDS lets in, and turns our errors into answers.

    What is no error of ours is our fault: the host makes a 500 of it. A handler without a row fails at import.
    """
    need = NEEDS[handler.__name__]

    async def answer(req: func.HttpRequest) -> func.HttpResponse:
        here, caller = house(), None
        try:
            async with _in_time(writes=req.method not in ("GET", "DELETE") and handler.__name__ not in REPEATABLE):
                caller = await _caller_of(here, req, need)
                return await handler(req, caller)
        except SignalsError as error:
            _tell(handler.__name__, error, caller)
            return error_answer(error, here.settings.entra, has_token="Authorization" in req.headers)

    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(answer, name, getattr(handler, name))
    return answer


@asynccontextmanager
async def _in_time(*, writes: bool) -> AsyncIterator[None]:
    """End what takes longer than anybody waits for."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise (InsightsOutcomeUnknown() if writes else InsightsTimeout()) from None


async def _caller_of(here: House, request: func.HttpRequest, need: Permission) -> Caller:
    """Who calls. Raises NotAuthenticated, Forbidden and IdentityUnavailable."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthenticated(reason="no_token")
    principal = await here.tokens.principal_of(token)
    if not principal.may(need):
        raise Forbidden(reason="permission_missing", named={"need": need, **_named(principal)})
    return Caller(
        principal.owner,
        principal.is_administrator,
        flow_of(dict(request.headers)),
        None if principal.is_user else here.settings.entra.environments_of(principal.client_id),
        principal.tenant_id,
        token if principal.is_user else "",
    )


def _named(principal: Principal) -> Mapping[str, str]:
    return {"tid": principal.tenant_id, "oid": principal.object_id, "client": principal.client_id}


def _tell(function: str, error: SignalsError, caller: Caller | None) -> None:
    """Log why somebody was not let in, which the caller is not told, and what we could not do."""
    if (status_of(error) or 0) >= 500 or isinstance(error, InsightsOutcomeUnknown):
        fields = {"action": "request_failed", "function_name": function, "reason": error.reason}
        _log.error("%s failed (%s): %s", function, error.reason, error, extra=fields)
    if isinstance(error, NotAuthenticated | Forbidden):
        named = error.named or ({"owner": caller.owner} if caller else {})
        fields = {"action": "refused", "function_name": function, "reason": error.reason, **named}
        who = ", ".join(f"{name} {value}" for name, value in named.items())
        _log.warning("Refused %s: %s (%s)", function, error.reason, who or "nothing is known", extra=fields)
