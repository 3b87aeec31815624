"""Give one subscription its events, in order: an event that has to wait holds back those behind it."""

import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.domain.deliveries import DeadDelivery, DeliveryBatch, Pair, Verdict, judge
from shared.domain.events import Event
from shared.domain.retries import delay_before
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import CallbackRejected, DeliveryFailed
from shared.ports import Ports

TIME_PER_TURN = timedelta(seconds=60)  # a slow flow then gives its place back; the rest follows on the retry queue

_log = logging.getLogger(__name__)
_REASONS = {SubscriptionState.ENDED: "flow_gone", SubscriptionState.SUSPENDED: "flow_off"}


@dataclass(frozen=True, slots=True)
class _Attempt:
    verdict: Verdict
    reason: str
    retry_after_seconds: float | None = None


async def serve_subscription(ports: Ports, batch: DeliveryBatch, pair: Pair) -> Counter[str]:
    """Make the attempts of a pair; answers how many events came to which end."""
    subscription = await ports.subscriptions.find(pair.subscription_id)
    if subscription is None:
        return Counter(unsubscribed=len(pair.events))
    if subscription.state is not SubscriptionState.ACTIVE:
        await give_up(ports, batch, pair, _REASONS[subscription.state], attempts=pair.attempt - 1)
        return Counter(dead=len(pair.events))
    turn_ends_at = ports.clock() + TIME_PER_TURN
    counts: Counter[str] = Counter()
    for place, index in enumerate(pair.events):
        rest = pair.rest_from(place)
        if ports.clock() > turn_ends_at:
            await _send_later(ports, batch, rest, delay_seconds=0)
            return counts + Counter(postponed=len(rest.events))
        attempt = await _attempt(ports, subscription, batch.events[index])
        counts[attempt.verdict] += 1
        if not await _settle(ports, batch, subscription, rest, attempt):
            break
    return counts


async def _attempt(ports: Ports, subscription: Subscription, event: Event) -> _Attempt:
    try:
        answer = await ports.flows.call(subscription.callback_url, event)
    except DeliveryFailed as failure:
        return _Attempt(Verdict.RETRY, failure.reason)
    except CallbackRejected as rejection:
        return _Attempt(Verdict.REFUSED, rejection.reason)
    return _Attempt(judge(answer), answer.code or f"http_{answer.status}", answer.retry_after_seconds)


async def _settle(
    ports: Ports, batch: DeliveryBatch, subscription: Subscription, rest: Pair, attempt: _Attempt
) -> bool:
    """Do what the attempt at the first event of `rest` asks for; answers whether the next event has its turn."""
    if attempt.verdict is Verdict.DELIVERED:
        return True
    _tell(subscription, rest, attempt)
    match attempt.verdict:
        case Verdict.GONE | Verdict.OFF:
            await _stop(ports, batch, subscription, rest, gone=attempt.verdict is Verdict.GONE)
            return False
        case Verdict.RETRY:
            wait = attempt.retry_after_seconds
            delay = delay_before(rest.attempt + 1, retry_after_seconds=wait, jitter=ports.jitter())
            if delay is not None:
                await _send_later(ports, batch, replace(rest, attempt=rest.attempt + 1), delay_seconds=delay)
                return False
    await give_up(ports, batch, replace(rest, events=rest.events[:1]), attempt.reason, attempts=rest.attempt)
    return True


def _tell(subscription: Subscription, rest: Pair, attempt: _Attempt) -> None:
    """What an operator has to know to find the flow."""
    fields = {
        "action": "delivery_failed",
        "subscription_id": subscription.id,
        "label": subscription.label,
        "verdict": str(attempt.verdict),
        "reason": attempt.reason,
        "attempt": rest.attempt,
    }
    told = (subscription.label or subscription.trigger, attempt.reason, attempt.verdict, rest.attempt, subscription.id)
    _log.warning("Flow %r: %s (%s, attempt %d, subscription %s)", *told, extra=fields)


async def _stop(ports: Ports, batch: DeliveryBatch, subscription: Subscription, rest: Pair, *, gone: bool) -> None:
    """A flow that is gone ends its subscription; one that is off suspends it. Its events are kept as dead, first:
    after a crash an ended subscription would not be asked about them again.
    """
    state = SubscriptionState.ENDED if gone else SubscriptionState.SUSPENDED
    await give_up(ports, batch, rest, _REASONS[state], attempts=rest.attempt)
    await ports.subscriptions.set_state(subscription.id, state)


async def give_up(ports: Ports, batch: DeliveryBatch, pair: Pair, reason: str, *, attempts: int) -> None:
    """Keep events as dead. The attempts were made with the first; those behind it had no turn."""
    for place, index in enumerate(pair.events):
        made = attempts if place == 0 else 0
        event, now = batch.events[index], ports.clock()
        await ports.dead.save(DeadDelivery(batch.environment_id, pair.subscription_id, event, reason, made, now))


async def _send_later(ports: Ports, batch: DeliveryBatch, pair: Pair, *, delay_seconds: int) -> None:
    await ports.queues.send_redeliveries(replace(batch, pairs=(pair,)), delay_seconds=delay_seconds)
