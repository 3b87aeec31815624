"""Call the flows of a batch, side by side."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.retries import delay_before
from shared.ports import Ports
from shared.services.serve_subscription import give_up, serve_subscription

_log = logging.getLogger(__name__)


async def deliver(ports: Ports, batch: DeliveryBatch) -> Counter[str]:
    """Make the attempts of a batch; answers how many events came to which end.

    A fault of ours at one subscription is tried again for that one alone. Only when not even that can be noted is it
    raised, once every subscription had its turn, so that the host tries the message again.
    """
    turns = (_turn(ports, batch, pair) for pair in batch.pairs)
    counts: Counter[str] = Counter()
    for result in await asyncio.gather(*turns, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        counts += result
    return counts


async def _turn(ports: Ports, batch: DeliveryBatch, pair: Pair) -> Counter[str]:
    try:
        return await serve_subscription(ports, batch, pair)
    except Exception:
        fields = {"action": "delivery_fault", "subscription_id": pair.subscription_id, "attempt": pair.attempt}
        _log.exception("A fault at subscription %s", pair.subscription_id, extra=fields)
    delay = delay_before(pair.attempt + 1, retry_after_seconds=None, jitter=ports.jitter())
    if delay is None:
        await give_up(ports, batch, pair, "fault", attempts=pair.attempt)
        return Counter(dead=len(pair.events))
    again = replace(batch, pairs=(replace(pair, attempt=pair.attempt + 1),))
    await ports.queues.send_redeliveries(again, delay_seconds=delay)
    return Counter(fault=len(pair.events))
