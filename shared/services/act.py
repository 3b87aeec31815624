"""May this caller ask about this environment? What every call for an environment checks before it does anything."""

import asyncio

from shared.acting import InsightsActions
from shared.domain.callers import Caller
from shared.domain.proofs import FRESH, USABLE
from shared.errors import (
    Forbidden,
    IdentityUnavailable,
    InsightsForbidden,
    InsightsNotFound,
    InsightsThrottled,
    InsightsUnavailable,
    NotFound,
)
from shared.ports import Ports

_PATIENCE_SECONDS = 10


def act(ports: Ports, caller: Caller, environment_id: str) -> InsightsActions:
    """Customer Insights as the caller sees it. Raises Forbidden for an application at an environment not its own."""
    if not caller.may_ask_about(environment_id):
        raise Forbidden(
            "This environment is not listed for the calling application; an administrator lists it in the setting "
            "APPLICATION_ENVIRONMENTS__<client id>.",
            reason="environment_not_listed",
        )
    return ports.acting(caller, environment_id)


async def require_reader(ports: Ports, caller: Caller, environment_id: str) -> None:
    """The caller can read the environment. Raises Forbidden, NotFound and InsightsError.

    A user proves it by a role at Customer Insights. Who proved it today is believed while that cannot be asked.
    """
    actions, now = act(ports, caller, environment_id), ports.clock()
    if caller.environments is not None or ports.proofs.holds(caller.owner, environment_id, now, FRESH):
        return
    usable = ports.proofs.holds(caller.owner, environment_id, now, USABLE)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS if usable else None):
            roles = await actions.my_roles(environment_id)
    except (InsightsUnavailable, InsightsThrottled, IdentityUnavailable, TimeoutError):
        if usable:
            return
        raise
    except (InsightsForbidden, InsightsNotFound):
        roles = ()
    if not roles:
        ports.proofs.forget(caller.owner, environment_id)
        raise NotFound("Customer Insights knows no environment of that id, or you have no role there.")
    ports.proofs.note(caller.owner, environment_id, now)


async def require_overseer(ports: Ports, caller: Caller, environment_id: str) -> None:
    """The caller can read the environment, or runs this app. Raises as `require_reader` does."""
    if not caller.is_administrator:
        await require_reader(ports, caller, environment_id)
