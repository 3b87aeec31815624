"""List subscriptions: one's own, or for administrators everybody's."""

from collections.abc import Sequence

from shared.domain.callers import Caller
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import RequestInvalid
from shared.ports import Ports

_CURRENT = (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED, SubscriptionState.ENDED)


async def list_subscriptions(
    ports: Ports, caller: Caller, *, environment_id: str | None, state: str, after: str, top: int
) -> Sequence[Subscription]:
    """Subscriptions with an id behind `after`, `top` at most.

    Those in a state; without one, neither the replaced nor the unsubscribed. Raises RequestInvalid.
    """
    if state and state not in list(SubscriptionState):
        raise RequestInvalid("state", f"must be one of {', '.join(SubscriptionState)}")
    states = (SubscriptionState(state),) if state else _CURRENT
    owner = None if caller.is_administrator else caller.owner
    return await ports.subscriptions.page(
        owner=owner, environment_id=environment_id, after=after, limit=top, states=states
    )
