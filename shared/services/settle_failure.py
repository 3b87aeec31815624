"""An attempt failed and was noted: what becomes of its events?"""

import logging
from dataclasses import replace

from shared.domain.deliveries import Attempt, DeliveryBatch, Pair, Verdict
from shared.domain.retries import delay_before
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.ports import Ports
from shared.services.put_off import give_up, send_at, send_later

_log = logging.getLogger(__name__)


async def settle_failure(
    ports: Ports, batch: DeliveryBatch, subscription: Subscription, rest: Pair, attempt: Attempt, *, tried: int
) -> bool:
    """Whether the next call has its turn. `rest` begins with the `tried` events of the attempt.

    The subscription is as it is after the attempt.
    """
    _tell(subscription, rest, attempt)
    if subscription.state in (SubscriptionState.REPLACED, SubscriptionState.UNSUBSCRIBED):
        # Its successor gets them, if there is one; the old URL's word counts no more.
        await send_later(ports, batch, replace(rest, attempt=rest.attempt + 1, slot_at=None))
    elif attempt.verdict is Verdict.REFUSED:
        return await _settle_refused(ports, batch, subscription, rest, attempt, tried=tried)
    elif attempt.verdict is Verdict.GONE:
        _tell_ended(subscription)
        await give_up(ports, batch, rest, "flow_gone", attempts=rest.attempt, tried=tried)
    elif subscription.state is SubscriptionState.SUSPENDED:
        # It ends by age: an attempt now and then must not use up those that are for when the flow is on.
        await send_at(ports, batch, replace(rest, slot_at=None), subscription.health.open_until or ports.clock())
    else:
        return await _try_again(ports, batch, subscription, rest, attempt, tried=tried)
    return False


async def _try_again(
    ports: Ports, batch: DeliveryBatch, subscription: Subscription, rest: Pair, attempt: Attempt, *, tried: int
) -> bool:
    """On the retry schedule, and not before the flow may be called again."""
    step = rest.attempt + 1
    delay = delay_before(step, retry_after_seconds=attempt.retry_after_seconds, jitter=ports.jitter())
    if delay is None:
        return await _give_up_first(ports, batch, subscription, rest, attempt, tried=tried)
    again = replace(rest, attempt=step, slot_at=None)
    await send_later(ports, batch, again, seconds=max(delay, _left(ports, subscription)))
    return False


async def _settle_refused(
    ports: Ports, batch: DeliveryBatch, subscription: Subscription, rest: Pair, attempt: Attempt, *, tried: int
) -> bool:
    """A flow that refuses a list may refuse one event of it: it gets the halves."""
    if tried == 1:
        return await _give_up_first(ports, batch, subscription, rest, attempt, tried=1)
    middle = tried // 2
    for part in (rest.events[:middle], rest.events[middle:tried]):
        await send_later(ports, batch, replace(rest, events=part, slot_at=None))
    return True


async def _give_up_first(
    ports: Ports, batch: DeliveryBatch, subscription: Subscription, rest: Pair, attempt: Attempt, *, tried: int
) -> bool:
    """Keep the events of the attempt as dead. Those behind them wait while the flow is left alone."""
    first = replace(rest, events=rest.events[:tried])
    await give_up(ports, batch, first, attempt.reason, attempts=rest.attempt, tried=tried)
    behind = rest.rest_from(tried)
    if not _left(ports, subscription):
        return True
    if behind.events and subscription.health.open_until is not None:
        await send_at(ports, batch, behind, subscription.health.open_until)
    return False


def _left(ports: Ports, subscription: Subscription) -> float:
    """Seconds until the flow may be called again."""
    until = subscription.health.open_until
    return max(0.0, (until - ports.clock()).total_seconds()) if until else 0.0


def _tell_ended(subscription: Subscription) -> None:
    fields = {"action": "subscription_ended", "subscription_id": subscription.id, "label": subscription.label}
    _log.warning("Subscription %s is ended: its flow is gone", subscription.id, extra=fields)


def _tell(subscription: Subscription, rest: Pair, attempt: Attempt) -> None:
    """What an operator has to know to find the flow."""
    fields = {
        "action": "delivery_failed",
        "subscription_id": subscription.id,
        "label": subscription.label,
        "verdict": str(attempt.verdict),
        "reason": attempt.reason,
        "attempt": rest.attempt,
    }
    name = subscription.label or str(subscription.trigger)
    told = (name, attempt.reason, attempt.verdict, rest.attempt, subscription.id)
    _log.warning("Flow %r: %s (%s, attempt %d, subscription %s)", *told, extra=fields)
