"""Once a day: remove what is no longer of use, and end what has been off for too long."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from shared.domain.subscriptions import Subscription, SubscriptionState, age, replaced
from shared.ports import Ports

RETENTION = timedelta(days=30)  # of events, and of the dead
CLAIM_RETENTION = timedelta(days=40)  # longer than whatever names a claim
ENDED_RETENTION = timedelta(days=7)  # longer than a delivery can be on its way
POLLED_WITHIN = timedelta(days=30)
_PAGE = 1_000
_log = logging.getLogger(__name__)


async def sweep(ports: Ports, *, suspended_days: int) -> Counter[str]:
    """Answers how much of what was removed, and how many subscriptions were ended. What fails is left to tomorrow."""
    now = ports.clock()
    counts: Counter[str] = Counter()
    steps: dict[str, Callable[[], Awaitable[int | Counter[str]]]] = {
        "events": lambda: ports.log.forget(now - RETENTION),
        "dead": lambda: ports.dead.forget(now - RETENTION),
        "claims": lambda: ports.claims.forget(now - CLAIM_RETENTION),
        "subscriptions": lambda: _sweep_subscriptions(ports, now, timedelta(days=suspended_days)),
        "unused": lambda: ports.subscriptions.forget_unused(now - timedelta(hours=1)),
        "reencrypted": lambda: _reencrypt(ports),
    }
    for name, step in steps.items():
        try:
            done = await step()
        except Exception:
            _log.exception("The daily sweep of %s failed", name, extra={"action": "sweep_failed", "what": name})
        else:
            counts += done if isinstance(done, Counter) else Counter({name: done})
    return counts


async def _reencrypt(ports: Ports) -> int:
    return (await ports.subscriptions.reencrypt()).rewritten


async def _sweep_subscriptions(ports: Ports, now: datetime, suspended: timedelta) -> Counter[str]:
    """One by one; of a flow that has two live ones, left by a crash, the older gives way."""
    counts: Counter[str] = Counter()
    newest: dict[str, Subscription] = {}
    after = ""
    while page := await ports.subscriptions.page(owner=None, environment_id=None, after=after, limit=_PAGE):
        for subscription in page:
            counts[await _sweep_one(ports, subscription, now, suspended)] += 1
            if subscription.is_live and subscription.flow_key:
                counts["doubles"] += await _settle_double(ports, subscription, newest, now)
        after = page[-1].id
    del counts["kept"]
    return counts


async def _settle_double(
    ports: Ports, subscription: Subscription, newest: dict[str, Subscription], now: datetime
) -> bool:
    other = newest.setdefault(subscription.flow_key, subscription)
    if other.id == subscription.id:
        return False
    older, newer = sorted((other, subscription), key=age)
    newest[subscription.flow_key] = newer
    await ports.subscriptions.change(older.id, partial(replaced, by=newer.id, now=now))
    return True


async def _sweep_one(ports: Ports, subscription: Subscription, now: datetime, suspended: timedelta) -> str:
    age = now - (subscription.state_since or subscription.created_at)
    if subscription.polled_at is not None and now - subscription.polled_at > POLLED_WITHIN:
        await ports.subscriptions.remove(subscription.id)
        return "no_longer_polled"
    if not subscription.is_live and age > ENDED_RETENTION:
        await ports.subscriptions.remove(subscription.id)
        return "removed"
    if subscription.state is SubscriptionState.SUSPENDED and age > suspended:
        await ports.subscriptions.change(subscription.id, lambda one: _ended(one, now))
        fields = {"action": "subscription_ended", "subscription_id": subscription.id, "label": subscription.label}
        _log.warning("Subscription %s was suspended for too long and is ended", subscription.id, extra=fields)
        return "ended"
    return "kept"


def _ended(subscription: Subscription, now: datetime) -> Subscription:
    """Unless it was revived meanwhile."""
    if subscription.state is not SubscriptionState.SUSPENDED:
        return subscription
    return replace(subscription, state=SubscriptionState.ENDED, state_since=now)
