"""A subscription is no longer live: what becomes of the events that were on their way to it?"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.subscriptions import Directory, Subscription, SubscriptionState
from shared.ports import Ports
from shared.services.put_off import give_up, send_later
from shared.services.successor import live_successor

_SAVED_WITHIN = timedelta(minutes=2)
_LOOK_SECONDS = 15


async def leave_subscription(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription | None, counts: Counter[str]
) -> None:
    """Its flow's new subscription gets those that it wants.

    A flow that is saved may end the old one first: they wait for the new one for two minutes. Where none comes, those
    that were tried before are kept as dead, and those that never were go: their flow does not want them any more.
    """
    if subscription is not None:
        successor = await live_successor(ports, subscription)
        if successor is not None:
            await _hand_over(ports, batch, pair, successor, counts)
            return
        if _may_be_saved(ports, subscription):
            waiting = replace(batch, pairs=(replace(pair, slot_at=None),))
            await ports.queues.send_redeliveries(waiting, delay_seconds=_LOOK_SECONDS)
            counts["postponed"] += len(pair.events)
            return
    gone = subscription is not None and subscription.state is SubscriptionState.ENDED
    if gone or pair.since is not None:
        await give_up(ports, batch, pair, "flow_gone" if gone else "unsubscribed", attempts=pair.attempt - 1)
        counts["dead"] += len(pair.events)
    else:
        counts["unsubscribed"] += len(pair.events)


def _may_be_saved(ports: Ports, subscription: Subscription) -> bool:
    since = subscription.state_since
    ended_by_its_flow = subscription.state is SubscriptionState.UNSUBSCRIBED
    return ended_by_its_flow and since is not None and abs(ports.clock() - since) < _SAVED_WITHIN


async def _hand_over(
    ports: Ports, batch: DeliveryBatch, pair: Pair, successor: Subscription, counts: Counter[str]
) -> None:
    wanted: tuple[int, ...] = ()
    if successor.environment_id == batch.environment_id:
        directory = Directory([successor])
        wanted = tuple(place for place in pair.events if directory.wanting(batch.events[place]))
    if wanted:
        handed = replace(pair, subscription_id=successor.id, events=wanted, attempt=1, slot_at=None, not_before=None)
        await send_later(ports, batch, handed)
    counts["postponed"] += len(wanted)
    counts["unsubscribed"] += len(pair.events) - len(wanted)
