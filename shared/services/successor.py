"""Which subscription stands where one stood?"""

from shared.domain.subscriptions import Subscription
from shared.ports import Ports


async def live_successor(ports: Ports, subscription: Subscription) -> Subscription | None:
    """The subscription itself when it is live, else the live one that took its place, however often; None: nobody."""
    found: Subscription | None = subscription
    seen: set[str] = set()
    while found is not None and not found.is_live and found.id not in seen:
        seen.add(found.id)
        found = await ports.subscriptions.show(found.replaced_by) if found.replaced_by else None
    return found if found is not None and found.is_live else None
