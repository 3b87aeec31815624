"""List subscriptions: one's own, or for administrators everybody's."""

from collections.abc import Sequence

from shared.domain.callers import Caller
from shared.domain.subscriptions import Subscription
from shared.ports import Ports


async def list_subscriptions(
    ports: Ports, caller: Caller, *, environment_id: str | None, after: str, top: int
) -> Sequence[Subscription]:
    """Subscriptions with an id behind `after`, `top` at most."""
    owner = None if caller.is_administrator else caller.owner
    return await ports.subscriptions.page(owner=owner, environment_id=environment_id, after=after, limit=top)
