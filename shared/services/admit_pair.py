"""May this subscription's flow be called now? The breaker and the rate limit decide, over all workers."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.health import PROBE_LOOK, admission, begin_probe, next_slot, reserved
from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.services.put_off import send_at, send_later

LONGEST_SLEEP = timedelta(seconds=10)
_SHORTEST_SLEEP = timedelta(seconds=1)  # what sleeps holds a place of the worker


@dataclass(frozen=True, slots=True)
class Pace:
    """How a queue's deliveries go: `rate` calls a second to one flow (0: no limit), `patient` with slow flows or not.

    First attempts are not patient: whoever is slow, or has many events, goes on with the retries.
    """

    rate: int = 0
    patient: bool = False


async def admit_pair(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription, pace: Pace, *, calls: int
) -> datetime | None:
    """When the first of a pair's calls may go out, in a moment; None: the pair was put off."""
    now = ports.clock()
    admitted = admission(subscription, now)
    if admitted.wait_until is not None:
        await send_at(ports, batch, replace(pair, slot_at=None), admitted.wait_until)
        return None
    if admitted.probe:
        if await _claim_probe(ports, subscription):
            return now  # one call after a rest is within any rate
        await send_at(ports, batch, replace(pair, slot_at=None), now + PROBE_LOOK)
        return None
    if not pace.rate or _has_slot(pair, now):
        return now
    busy = next_slot(subscription.health, now) > now
    if not busy and ports.windows.of(subscription.id).takes(calls, pace.rate, now):
        return now
    return await _with_slots(ports, batch, pair, subscription, pace, calls=calls)


def _has_slot(pair: Pair, now: datetime) -> bool:
    """A slot that was taken long ago is nobody's any more."""
    return pair.slot_at is not None and abs(now - pair.slot_at) <= LONGEST_SLEEP


async def _with_slots(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription, pace: Pace, *, calls: int
) -> datetime | None:
    """Take slots. First attempts take theirs however far ahead, unless they are many; the others come back when it is
    nearly their time, so that a new event never waits behind a thousand old ones.
    """
    if not pace.patient and calls > pace.rate:
        await send_later(ports, batch, pair)
        return None
    starts_at, taken = await _reserve(ports, subscription, calls, pace)
    now = ports.clock()
    if not taken:
        await send_at(ports, batch, replace(pair, slot_at=None), starts_at)
        return None
    if starts_at - now > _SHORTEST_SLEEP:
        await send_later(ports, batch, replace(pair, slot_at=starts_at), seconds=(starts_at - now).total_seconds())
        return None
    return starts_at


async def _claim_probe(ports: Ports, subscription: Subscription) -> bool:
    """Whether this worker is the one that tries; whoever reads the subscription from now on waits."""
    claimed = False

    def claim(current: Subscription) -> Subscription:
        nonlocal claimed
        now = ports.clock()
        claimed = admission(current, now).wait_until is None  # also when it is well by now
        return begin_probe(current, now) if claimed and current.health.open_until else current

    await ports.subscriptions.change(subscription.id, claim)
    return claimed


async def _reserve(ports: Ports, subscription: Subscription, calls: int, pace: Pace) -> tuple[datetime, bool]:
    """When the next slots are, and whether they were taken."""
    starts_at, taken = ports.clock(), False

    def reserve(current: Subscription) -> Subscription:
        nonlocal starts_at, taken
        now = ports.clock()
        starts_at = next_slot(current.health, now)
        taken = not pace.patient or starts_at - now <= LONGEST_SLEEP
        return replace(current, health=reserved(current.health, now, calls, pace.rate)) if taken else current

    await ports.subscriptions.change(subscription.id, reserve)
    return starts_at, taken
