"""A subscription is no longer live: what becomes of the events that were on their way to it?"""

from collections import Counter
from dataclasses import replace

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.subscriptions import Directory, Subscription, SubscriptionState, just_unsubscribed
from shared.ports import Ports
from shared.services.put_off import give_up, send_later
from shared.services.successor import last_in_line

_LOOK_SECONDS = 15


async def leave_subscription(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription | None, counts: Counter[str]
) -> None:
    """Its flow's new subscription gets those that it wants.

    A flow that is saved may end the old one first: they wait for the new one for two minutes. Where none comes, those
    that were tried before are kept as dead, and those that never were go: their flow does not want them any more.
    Where its row is gone too, after the app stood still for a week, nobody knows who wants them: they are kept as dead.
    """
    last = None if subscription is None else await last_in_line(ports, subscription)
    if last is not None and last.is_live and not last.problem:
        await _hand_over(ports, batch, pair, last, counts)
        return
    if last is not None and just_unsubscribed(last, ports.clock()):
        waiting = replace(batch, pairs=(replace(pair, slot_at=None),))
        await ports.queues.send_redeliveries(waiting, delay_seconds=_LOOK_SECONDS)
        counts["postponed"] += len(pair.events)
        return
    gone = last is not None and (last.state is SubscriptionState.ENDED or bool(last.problem))
    if gone or pair.since is not None or subscription is None:
        await give_up(ports, batch, pair, "flow_gone" if gone else "unsubscribed", attempts=pair.attempt - 1)
        counts["dead"] += len(pair.events)
    else:
        counts["unsubscribed"] += len(pair.events)


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
