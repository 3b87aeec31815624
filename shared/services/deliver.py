"""Call the flows of a batch: each subscription's events in order, the subscriptions side by side."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from shared.domain.deliveries import Answer, DeadDelivery, DeliveryBatch, Pair, Verdict, judge
from shared.domain.events import Event
from shared.domain.retries import delay_before
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import CallbackRejected, DeliveryFailed
from shared.ports import Ports

TIME_PER_PAIR = timedelta(seconds=60)  # a slow flow gives its place back; its later events follow on the retry queue


async def deliver(ports: Ports, batch: DeliveryBatch) -> Counter[str]:
    """Make the attempts of a batch; answers how many events came to which end.

    A fault of ours is raised once every subscription had its turn, so that the host tries the message again.
    """
    results = await asyncio.gather(*(_serve(ports, batch, pair) for pair in batch.pairs), return_exceptions=True)
    counts: Counter[str] = Counter()
    for result in results:
        if isinstance(result, BaseException):
            raise result
        counts += result
    return counts


async def _serve(ports: Ports, batch: DeliveryBatch, pair: Pair) -> Counter[str]:
    subscription = await ports.subscriptions.find(pair.subscription_id)
    if subscription is None or subscription.state is SubscriptionState.ENDED:
        return Counter(unsubscribed=len(pair.events))
    if subscription.state is SubscriptionState.SUSPENDED:
        return await _give_up(ports, batch, pair.subscription_id, pair.events, "flow_off", pair.attempt)
    counts: Counter[str] = Counter()
    started_at = ports.clock()
    attempt = pair.attempt
    for place, index in enumerate(pair.events):
        if ports.clock() - started_at > TIME_PER_PAIR:
            await _later(ports, batch, Pair(pair.subscription_id, pair.events[place:], attempt), delay_seconds=0)
            return counts + Counter(postponed=len(pair.events) - place)
        rest = Pair(pair.subscription_id, pair.events[place:], attempt)
        verdict, reason, wait = await _attempt(ports, subscription, batch.events[index])
        counts[verdict] += 1
        if verdict is Verdict.RETRY:
            delay = delay_before(attempt + 1, retry_after_seconds=wait, jitter=ports.jitter())
            if delay is not None:
                await _later(ports, batch, replace(rest, attempt=attempt + 1), delay_seconds=delay)
                return counts
        if verdict in (Verdict.GONE, Verdict.OFF):
            return counts + await _stop(ports, batch, subscription, verdict, rest)
        if verdict is not Verdict.DELIVERED:
            counts += await _give_up(ports, batch, pair.subscription_id, (index,), reason, attempt)
        attempt = 1
    return counts


async def _attempt(ports: Ports, subscription: Subscription, event: Event) -> tuple[Verdict, str, float | None]:
    """One call: what it means, why, and how long the flow asks to be left alone."""
    try:
        answer: Answer = await ports.flows.call(subscription.callback_url, event)
    except DeliveryFailed as failure:
        return Verdict.RETRY, failure.reason, None
    except CallbackRejected as rejection:
        return Verdict.REFUSED, rejection.reason, None
    return judge(answer), answer.code or f"http_{answer.status}", answer.retry_after_seconds


async def _stop(
    ports: Ports, batch: DeliveryBatch, subscription: Subscription, verdict: Verdict, rest: Pair
) -> Counter[str]:
    """A flow that is gone ends its subscription; one that is off suspends it. Its events are kept as dead."""
    gone = verdict is Verdict.GONE
    state = SubscriptionState.ENDED if gone else SubscriptionState.SUSPENDED
    await ports.subscriptions.save(replace(subscription, state=state))
    reason = "flow_gone" if gone else "flow_off"
    return await _give_up(ports, batch, subscription.id, rest.events, reason, rest.attempt)


async def _give_up(
    ports: Ports, batch: DeliveryBatch, subscription_id: str, places: tuple[int, ...], reason: str, attempts: int
) -> Counter[str]:
    for place in places:
        event = batch.events[place]
        now = ports.clock()
        await ports.dead.save(DeadDelivery(batch.environment_id, subscription_id, event, reason, attempts, now))
    return Counter(dead=len(places))


async def _later(ports: Ports, batch: DeliveryBatch, pair: Pair, *, delay_seconds: int) -> None:
    await ports.queues.send_redeliveries(replace(batch, pairs=(pair,)), delay_seconds=delay_seconds)
