"""Give one subscription its events, in order: an event that has to wait holds back those behind it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.domain.deliveries import EVENTS_IN_A_CALL, DeliveryBatch, Pair, Verdict
from shared.domain.subscriptions import Directory, Subscription, SubscriptionState
from shared.domain.windows import SLOW, Window
from shared.ports import Ports
from shared.services.admit_pair import Pace, admit_pair
from shared.services.attempt_delivery import Attempt, attempt_delivery
from shared.services.put_off import give_up, send_at, send_later
from shared.services.settle_failure import after_attempt, note, settle_failure
from shared.services.successor import live_successor

PATIENT_TURN = timedelta(seconds=60)  # a slow flow then gives its place back; the rest follows
IMPATIENT_TURN = timedelta(seconds=10)
_BUSY_SECONDS = 1
_SLOW_SECONDS = 10
_LOOKS = 50
_LOOK_SECONDS = 0.01


@dataclass(slots=True)
class Served:
    """How many events came to which end, and the deliveries that nobody noted yet."""

    counts: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    delivered_at: datetime | None = None
    run_id: str = ""


async def serve_subscription(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription | None, pace: Pace
) -> Served:
    """Make the attempts of a pair."""
    if subscription is None:
        return Served(Counter(unsubscribed=len(pair.events)))
    if subscription.state is SubscriptionState.REPLACED:
        return await _hand_over(ports, batch, pair, subscription)
    if subscription.state is SubscriptionState.ENDED or pair.is_too_old(ports.clock()):
        gone = subscription.state is SubscriptionState.ENDED
        reason = "flow_gone" if gone else subscription.health.last_reason or "waited_too_long"
        await give_up(ports, batch, pair, reason, attempts=pair.attempt - 1)
        return Served(Counter(dead=len(pair.events)))
    size = EVENTS_IN_A_CALL if subscription.batch else 1
    calls = -(-len(pair.events) // size)
    admitted = await admit_pair(ports, batch, pair, subscription, pace, calls=calls)
    if admitted is None:
        return Served(Counter(postponed=len(pair.events)))
    turn = _Turn(ports, batch, subscription, pace, size)
    await turn.serve(admitted.pair, admitted.starts_at)
    return turn.served


@dataclass(slots=True)
class _Turn:
    """One subscription's turn."""

    ports: Ports
    batch: DeliveryBatch
    subscription: Subscription
    pace: Pace
    size: int
    served: Served = field(default_factory=Served)

    async def serve(self, pair: Pair, starts_at: datetime) -> None:
        """Call by call, until all are made or the rest has to wait."""
        ends_at = self.ports.clock() + (PATIENT_TURN if self.pace.patient else IMPATIENT_TURN)
        window = self.ports.windows.of(self.subscription.id)
        for number, place in enumerate(range(0, len(pair.events), self.size)):
            rest = pair.rest_from(place)
            if self.pace.rate:
                await self._until(starts_at + timedelta(seconds=number / self.pace.rate))
            if self.ports.clock() > ends_at:
                await self._postpone(rest, 0)
                return
            if not await _entered(window, self.ports):
                await self._wait_for(window, rest)
                return
            attempt = await self._attempt(window, rest.events[: self.size])
            if not await self._settle(rest, attempt):
                return
            behind = pair.rest_from(place + self.size)
            if behind.events and attempt.took > SLOW and not self.pace.patient:
                await self._postpone(behind, 0)
                return

    async def _attempt(self, window: Window, places: tuple[int, ...]) -> Attempt:
        events = tuple(self.batch.events[place] for place in places)
        attempt = None
        try:
            attempt = await attempt_delivery(self.ports, self.subscription, events)
            return attempt
        finally:
            well = attempt is not None and attempt.verdict is Verdict.DELIVERED
            if attempt is not None and not well:  # before anybody else enters; storage hears of it next
                window.close_until(after_attempt(self.subscription, self.ports.clock(), attempt).health.open_until)
            window.leave(self.ports.clock(), attempt.took if attempt else timedelta(0), well=well)

    async def _settle(self, rest: Pair, attempt: Attempt) -> bool:
        """Whether the next call has its turn."""
        events = min(len(rest.events), self.size)
        self.served.counts[attempt.verdict] += events
        if attempt.verdict is not Verdict.DELIVERED:
            served = self.served
            delivered, served.delivered = served.delivered, 0
            self.subscription, goes_on = await settle_failure(
                self.ports, self.batch, self.subscription, rest, attempt, tried=events, delivered=delivered
            )
            self.ports.windows.of(self.subscription.id).close_until(self.subscription.health.open_until)
            return goes_on
        self.served.delivered += events
        self.served.delivered_at = self.ports.clock()
        self.served.run_id = attempt.run_id or self.served.run_id
        if self.subscription.health.failures or self.subscription.health.open_until:
            await self._tell_it_is_well()
        return True

    async def _tell_it_is_well(self) -> None:
        """At once: others wait for this."""
        delivered, self.served.delivered = self.served.delivered, 0
        self.subscription = await note(self.ports, self.subscription, delivered=delivered, run_id=self.served.run_id)
        self.ports.windows.of(self.subscription.id).close_until(None)

    async def _until(self, moment: datetime) -> None:
        left = (moment - self.ports.clock()).total_seconds()
        if left > 0:
            await asyncio.sleep(left)

    async def _wait_for(self, window: Window, rest: Pair) -> None:
        now = self.ports.clock()
        if window.closed_until is not None and window.is_closed(now):
            self.served.counts["postponed"] += len(rest.events)
            await send_at(self.ports, self.batch, rest, window.closed_until)
            return
        seconds = _SLOW_SECONDS if window.stands_still(now) else _BUSY_SECONDS
        await self._postpone(rest, seconds * (1 + self.ports.jitter()))

    async def _postpone(self, rest: Pair, seconds: float) -> None:
        self.served.counts["postponed"] += len(rest.events)
        await send_later(self.ports, self.batch, rest, seconds=seconds)


async def _entered(window: Window, ports: Ports) -> bool:
    """Whether the flow has room for a call within half a second."""
    for _ in range(_LOOKS):
        now = ports.clock()
        if window.try_enter(now):
            return True
        if window.stands_still(now) or window.is_closed(now):
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return False


async def _hand_over(ports: Ports, batch: DeliveryBatch, pair: Pair, replaced: Subscription) -> Served:
    """The flow subscribed again while events were on their way: its new subscription gets those that it wants."""
    successor = await live_successor(ports, replaced)
    if successor is None or successor.environment_id != batch.environment_id:
        return Served(Counter(unsubscribed=len(pair.events)))
    directory = Directory([successor])
    wanted = tuple(place for place in pair.events if directory.wanting(batch.events[place]))
    if wanted:
        handed = replace(pair, subscription_id=successor.id, events=wanted, attempt=1, has_slot=False)
        await send_later(ports, batch, handed)
    left = len(pair.events) - len(wanted)
    return Served(Counter(postponed=len(wanted)) + Counter(unsubscribed=left))
