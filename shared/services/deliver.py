"""Call the flows of a batch, side by side."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from functools import partial

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.health import after_success
from shared.domain.retries import delay_before
from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.services.admit_pair import Pace
from shared.services.put_off import give_up
from shared.services.serve_subscription import Served, serve_subscription
from shared.stores import Change

_log = logging.getLogger(__name__)


async def deliver(ports: Ports, batch: DeliveryBatch, pace: Pace) -> Counter[str]:
    """Make the attempts of a batch; answers how many events came to which end.

    A fault of ours at one subscription is tried again for that one alone. Only when not even that can be noted is it
    raised, once every subscription had its turn, so that the host tries the message again.
    """
    found = await ports.subscriptions.find_all({pair.subscription_id for pair in batch.pairs})
    turns = (_turn(ports, batch, pair, found.get(pair.subscription_id), pace) for pair in batch.pairs)
    results = await asyncio.gather(*turns, return_exceptions=True)
    served: dict[str, Change] = {}
    counts: Counter[str] = Counter()
    fault: BaseException | None = None
    for pair, result in zip(batch.pairs, results, strict=True):
        if isinstance(result, BaseException):
            fault = result
            continue
        counts += result.counts
        if result.delivered:
            served[pair.subscription_id] = _noting(ports, result, served.get(pair.subscription_id))
    await _note(ports, served)
    if fault is not None:
        raise fault
    return counts


async def _turn(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription | None, pace: Pace
) -> Served:
    try:
        if subscription is None:  # it is gone, or cannot be read: the latter is raised here
            subscription = await ports.subscriptions.find(pair.subscription_id)
        return await serve_subscription(ports, batch, pair, subscription, pace)
    except Exception:
        fields = {"action": "delivery_fault", "subscription_id": pair.subscription_id, "attempt": pair.attempt}
        _log.exception("A fault at subscription %s", pair.subscription_id, extra=fields)
    delay = delay_before(pair.attempt + 1, retry_after_seconds=None, jitter=ports.jitter())
    if delay is None:
        await give_up(ports, batch, pair, "fault", attempts=pair.attempt)
        return Served(Counter(dead=len(pair.events)))
    again = replace(batch, pairs=(replace(pair, attempt=pair.attempt + 1),))
    await ports.queues.send_redeliveries(again, delay_seconds=delay)
    return Served(Counter(fault=len(pair.events)))


def _noting(ports: Ports, served: Served, before: Change | None) -> Change:
    moment = served.delivered_at or ports.clock()
    note = partial(after_success, now=moment, delivered=served.delivered, run_id=served.run_id)
    return note if before is None else lambda one: note(before(one))


async def _note(ports: Ports, served: dict[str, Change]) -> None:
    """Keep what was delivered. It is not worth delivering again: what cannot be kept is logged."""
    if not served:
        return
    try:
        await ports.subscriptions.change_all(served)
    except Exception:
        _log.exception("Deliveries could not be noted", extra={"action": "health_unnoted"})
