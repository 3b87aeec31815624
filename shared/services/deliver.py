"""Call the flows of a batch, side by side."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.metrics import DEAD, DELIVERIES
from shared.domain.retries import delay_before
from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.services.admit_pair import Pace
from shared.services.put_off import give_up, send_later
from shared.services.serve_subscription import Served, serve_subscription
from shared.stores import Change, one_after_the_other
from shared.telemetry import SpanName, Telemetry

_log = logging.getLogger(__name__)


async def deliver(ports: Ports, batch: DeliveryBatch, pace: Pace) -> Counter[str]:
    """Make the attempts of a batch; answers how many events came to which end.

    A fault of ours at one subscription is tried again for that one alone, from where it came to. Only when not even
    that can be noted is it raised, once every subscription had its turn, so that the host tries the message again.
    """
    told: dict[str, str | int] = {"environment": batch.environment_id, "pairs": len(batch.pairs)}
    with ports.telemetry.span(SpanName.DELIVER, batch.traceparent, **told):
        return await _deliver(ports, batch, pace)


async def _deliver(ports: Ports, batch: DeliveryBatch, pace: Pace) -> Counter[str]:
    found = await _find(ports, batch)
    turns = (_turn(ports, batch, pair, found.get(pair.subscription_id), pace) for pair in batch.pairs)
    results = await asyncio.gather(*turns, return_exceptions=True)
    served = [(pair, result) for pair, result in zip(batch.pairs, results, strict=True) if isinstance(result, Served)]
    await _note(ports, served)
    counts = sum((one.counts for _, one in served), Counter[str]())
    _count(ports.telemetry, counts)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return counts


def _count(telemetry: Telemetry, counts: Counter[str]) -> None:
    """The dead are counted where they are kept: most of them died of an attempt that came to something else."""
    for outcome, count in counts.items():
        if outcome != DEAD and count:
            telemetry.record(DELIVERIES, count, outcome=str(outcome))


async def _find(ports: Ports, batch: DeliveryBatch) -> dict[str, Subscription]:
    """The subscriptions of a batch; one that is missing here is looked for once more, where its fault is its own."""
    try:
        return await ports.subscriptions.find_all({pair.subscription_id for pair in batch.pairs})
    except Exception:
        _log.exception("Subscriptions could not be read", extra={"action": "subscriptions_unread"})
        return {}


async def _turn(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription | None, pace: Pace
) -> Served:
    served = Served()
    try:
        if subscription is None:  # it is gone, or cannot be read: the latter is raised here
            subscription = await ports.subscriptions.find(pair.subscription_id)
        await serve_subscription(ports, batch, pair, subscription, pace, served)
        return served
    except Exception:
        fields = {"action": "delivery_fault", "subscription_id": pair.subscription_id, "attempt": pair.attempt}
        _log.exception("A fault at subscription %s", pair.subscription_id, extra=fields)
    await _try_again(ports, batch, pair.rest_from(served.settled), served)
    return served


async def _try_again(ports: Ports, batch: DeliveryBatch, rest: Pair, served: Served) -> None:
    delay = delay_before(rest.attempt + 1, retry_after_seconds=None, jitter=ports.jitter())
    if delay is None:
        await give_up(ports, batch, rest, "fault", attempts=rest.attempt)
        served.counts["dead"] += len(rest.events)
        return
    await send_later(ports, batch, replace(rest, attempt=rest.attempt + 1, slot_at=None), seconds=delay)
    served.counts["fault"] += len(rest.events)


async def _note(ports: Ports, served: list[tuple[Pair, Served]]) -> None:
    """Keep what was delivered. It is not worth delivering again: what cannot be kept is logged."""
    changes: dict[str, list[Change]] = {}
    for pair, one in served:
        if one.delivered:
            changes.setdefault(pair.subscription_id, []).append(one.noted)
    try:
        if changes:
            await ports.subscriptions.change_all({one: one_after_the_other(noted) for one, noted in changes.items()})
    except Exception:
        _log.exception("Deliveries could not be noted", extra={"action": "health_unnoted"})
