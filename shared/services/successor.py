"""Which subscription stands where one stood?"""

from shared.domain.subscriptions import Subscription
from shared.ports import Ports

_MOST_STEPS = 20


async def live_successor(ports: Ports, subscription: Subscription) -> Subscription | None:
    """The subscription itself when it is live, else the live one that took its place, however often; None: nobody."""
    found: Subscription | None = subscription
    for _ in range(_MOST_STEPS):
        if found is None or found.is_live:
            return found
        found = await ports.subscriptions.show(found.replaced_by) if found.replaced_by else None
    return None
