"""Once an hour: how many subscriptions are there in which state?"""

from collections import Counter

from shared.domain.metrics import SUBSCRIPTIONS
from shared.domain.subscriptions import SubscriptionState
from shared.ports import Ports

_PAGE = 1_000


async def count_subscriptions(ports: Ports) -> Counter[str]:
    """Answers and records the count of every state, also of those that no subscription is in."""
    counts = Counter(dict.fromkeys(map(str, SubscriptionState), 0))
    after = ""
    while page := await ports.subscriptions.page(owner=None, environment_id=None, after=after, limit=_PAGE):
        counts.update(str(subscription.state) for subscription in page)
        after = page[-1].id
    for state, count in counts.items():
        ports.telemetry.record(SUBSCRIPTIONS, count, state=state)
    return counts
