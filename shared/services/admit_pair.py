"""May this subscription's flow be called now? The breaker and the rate limit decide, over all workers."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.health import PROBE_LOOK, admission, begin_probe, reserved
from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.services.put_off import send_at, send_later

_LONGEST_SLEEP = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a queue's deliveries go: `rate` calls a second to one flow (0: no limit), `patient` with slow flows or not.

    First attempts are not patient: whoever is slow goes on with the retries.
    """

    rate: float = 0
    patient: bool = False

    @property
    def burst(self) -> int:
        """So many calls need no slots: what a flow takes in a second."""
        return max(1, int(self.rate))


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be delivered now: the pair, and when its first call may go out."""

    pair: Pair
    starts_at: datetime


async def admit_pair(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription, pace: Pace, *, calls: int
) -> Admitted | None:
    """What of a pair may go now; the rest of it is put off. None: nothing. `calls` is how many the pair makes."""
    now = ports.clock()
    admitted = admission(subscription, now)
    if admitted.wait_until is not None:
        await send_at(ports, batch, replace(pair, has_slot=False), admitted.wait_until)
        return None
    if admitted.probe and not await _claim_probe(ports, subscription):
        await send_at(ports, batch, replace(pair, has_slot=False), now + PROBE_LOOK)
        return None
    busy_until = subscription.health.next_slot_at or now
    window = ports.windows.of(subscription.id)
    if not pace.rate or pair.has_slot or (busy_until <= now and window.takes(calls, pace.rate, now)):
        return Admitted(pair, now)
    return await _with_slots(ports, batch, pair, subscription, pace, calls=calls)


async def _with_slots(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription, pace: Pace, *, calls: int
) -> Admitted | None:
    """Take slots for all of the pair. What goes out too late to wait for comes back when it is time."""
    starts_at = await _reserve(ports, subscription, calls, pace.rate)
    now = ports.clock()
    slotted = replace(pair, has_slot=True)
    if starts_at - now > (_LONGEST_SLEEP if pace.patient else timedelta(seconds=1)):
        await send_later(ports, batch, slotted, seconds=(starts_at - now).total_seconds())
        return None
    if pace.patient or calls <= pace.burst:
        return Admitted(slotted, starts_at)
    head = len(pair.events) * pace.burst // calls
    rest = replace(slotted.rest_from(head), attempt=1)
    comes_at = starts_at + timedelta(seconds=pace.burst / pace.rate)
    await send_later(ports, batch, rest, seconds=(comes_at - now).total_seconds())
    return Admitted(replace(slotted, events=pair.events[:head]), starts_at)


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


async def _reserve(ports: Ports, subscription: Subscription, calls: int, rate: float) -> datetime:
    starts_at = ports.clock()

    def reserve(current: Subscription) -> Subscription:
        nonlocal starts_at
        health, starts_at = reserved(current.health, ports.clock(), calls, rate)
        return replace(current, health=health)

    await ports.subscriptions.change(subscription.id, reserve)
    return starts_at
