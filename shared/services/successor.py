"""Which subscription stands where one stood?"""

from shared.domain.subscriptions import Subscription
from shared.ports import Ports


async def last_in_line(ports: Ports, subscription: Subscription) -> Subscription:
    """The subscription itself when it is live, else the one that took its place in the end, live or not."""
    found = subscription
    seen: set[str] = set()
    while not found.is_live and found.replaced_by and found.id not in seen:
        seen.add(found.id)
        following = await ports.subscriptions.show(found.replaced_by)
        if following is None:
            break
        found = following
    return found


async def live_successor(ports: Ports, subscription: Subscription) -> Subscription | None:
    """The live one that stands where it stood; None: nobody."""
    last = await last_in_line(ports, subscription)
    return last if last.is_live else None
