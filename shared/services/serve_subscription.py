"""Give one subscription its events, in order: an event that has to wait holds back those behind it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from shared.domain.deliveries import EVENTS_IN_A_CALL, LONGEST_WAIT, Attempt, DeliveryBatch, Pair, Verdict
from shared.domain.health import admission, after_failure, after_success, is_ahead
from shared.domain.metrics import DELIVERY_LAG
from shared.domain.subscriptions import Subscription
from shared.domain.windows import SLOW, Window
from shared.ports import Ports
from shared.services.admit_pair import LONGEST_SLEEP, Pace, admit_pair
from shared.services.attempt_delivery import attempt_delivery
from shared.services.leave_subscription import leave_subscription
from shared.services.note_health import note_health
from shared.services.put_off import give_up, send_at, send_later
from shared.services.settle_failure import settle_failure
from shared.stores import Change

PATIENT_TURN = timedelta(seconds=60)  # a slow flow then gives its place back; the rest follows
IMPATIENT_TURN = timedelta(seconds=10)
_LOOK_AGAIN = timedelta(seconds=5)
_NO_TIME = timedelta(0)
_BUSY_SECONDS = 1
_SLOW_SECONDS = 10
_LOOKS = 50
_LOOK_SECONDS = 0.01


@dataclass(slots=True)
class Served:
    """How far a turn came: how many events came to which end, and the deliveries that nobody noted yet.

    `settled`: so many events of the pair, from its first on, need nothing more.
    """

    counts: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    delivered: int = 0
    delivered_at: datetime | None = None
    run_id: str = ""

    def noted(self, subscription: Subscription) -> Subscription:
        """The subscription with what was delivered."""
        if not self.delivered or self.delivered_at is None:
            return subscription
        return after_success(subscription, self.delivered_at, delivered=self.delivered, run_id=self.run_id)


async def serve_subscription(
    ports: Ports, batch: DeliveryBatch, pair: Pair, subscription: Subscription | None, pace: Pace, served: Served
) -> None:
    """Make the attempts of a pair; `served` tells how far they came, also when this raises."""
    now = ports.clock()
    if subscription is None or not subscription.is_live:
        await leave_subscription(ports, batch, pair, subscription, served.counts)
    elif pair.is_too_old(now):
        reason = subscription.health.last_reason or "waited_too_long"
        await give_up(ports, batch, pair, reason, attempts=pair.attempt - 1)
        served.counts["dead"] += len(pair.events)
    elif pair.not_before is not None and is_ahead(pair.not_before, now, LONGEST_WAIT):
        await send_later(ports, batch, pair, seconds=(pair.not_before - now).total_seconds())
        served.counts["postponed"] += len(pair.events)
    else:
        size = EVENTS_IN_A_CALL if subscription.batch else 1
        calls = -(-len(pair.events) // size)
        starts_at = await admit_pair(ports, batch, pair, subscription, pace, calls=calls)
        if starts_at is None:
            served.counts["postponed"] += len(pair.events)
        else:
            await _Turn(ports, batch, subscription, pace, size, served).serve(pair, starts_at)


@dataclass(slots=True)
class _Turn:
    """One subscription's turn."""

    ports: Ports
    batch: DeliveryBatch
    subscription: Subscription
    pace: Pace
    size: int
    served: Served
    looked_at: datetime | None = None

    async def serve(self, pair: Pair, starts_at: datetime) -> None:
        """Call by call, until all are made or the rest has to wait."""
        turn = PATIENT_TURN if self.pace.patient else IMPATIENT_TURN
        began_at = self.looked_at = self.ports.clock()
        window = self.ports.windows.of(self.subscription.id)
        for number, place in enumerate(range(0, len(pair.events), self.size)):
            if self.pace.rate:
                await self._until(starts_at + timedelta(seconds=number / self.pace.rate))
            now = self.ports.clock()
            is_over = not _NO_TIME <= now - began_at <= turn  # or the clock was set back
            if is_over or not await self._is_still_wanted(now):
                await self._postpone(pair.rest_from(place), 0)
                return
            if not await _entered(window, self.ports):
                await self._wait_for(window, pair.rest_from(place))
                return
            places = pair.events[place : place + self.size]
            attempt = await self._attempt(window, places)
            if attempt.verdict is Verdict.DELIVERED:
                await self._delivered(places, attempt)
            elif not await self._failed(pair.rest_from(place), attempt, len(places)):
                return
            self.served.settled = behind = place + len(places)
            if behind < len(pair.events) and attempt.took > SLOW and not self.pace.patient:
                await self._postpone(pair.rest_from(behind), 0)
                return

    async def _is_still_wanted(self, now: datetime) -> bool:
        """Every few seconds: whether another worker has not ended the subscription, or heard that it wants a rest."""
        if self.looked_at is not None and now - self.looked_at < _LOOK_AGAIN:
            return True
        self.looked_at = now
        current = await self.ports.subscriptions.show(self.subscription.id)
        return current is not None and current.is_live and admission(current, now).wait_until is None

    async def _attempt(self, window: Window, places: tuple[int, ...]) -> Attempt:
        events = tuple(self.batch.events[place] for place in places)
        attempt = None
        try:
            attempt = await attempt_delivery(self.ports, self.subscription, events)
            return attempt
        finally:
            well = attempt is not None and attempt.verdict is Verdict.DELIVERED
            if attempt is not None and not well:  # before anybody else enters; storage hears of it next
                now = self.ports.clock()
                window.rest_until(after_failure(self.subscription, now, attempt).health.open_until, now)
            window.leave(self.ports.clock(), attempt.took if attempt else _NO_TIME, well=well)

    async def _failed(self, rest: Pair, attempt: Attempt, events: int) -> bool:
        """Whether the next call has its turn."""
        self.served.counts[attempt.verdict] += events
        await self._note(partial(after_failure, now=self.ports.clock(), attempt=attempt))
        return await settle_failure(self.ports, self.batch, self.subscription, rest, attempt, tried=events)

    async def _delivered(self, places: tuple[int, ...], attempt: Attempt) -> None:
        now = self.ports.clock()
        self._note_lag(places, now)
        self.served.counts[attempt.verdict] += len(places)
        self.served.delivered += len(places)
        self.served.delivered_at = now
        self.served.run_id = attempt.run_id or self.served.run_id
        if self.subscription.health.failures or self.subscription.health.open_until:
            await self._note(lambda one: one)  # at once: others wait for this

    def _note_lag(self, places: tuple[int, ...], now: datetime) -> None:
        if self.batch.replayed:  # late because it was asked for late
            return
        for event in (self.batch.events[place] for place in places):
            lag = max(0.0, (now - event.time).total_seconds())
            self.ports.telemetry.record(DELIVERY_LAG, lag, type=event.type)

    async def _note(self, change: Change) -> None:
        """Keep what was delivered until now, and then the change."""
        served = replace(self.served)
        self.served.delivered = 0
        self.subscription = await note_health(self.ports, self.subscription, lambda one: change(served.noted(one)))
        now = self.ports.clock()
        self.ports.windows.of(self.subscription.id).rest_until(self.subscription.health.open_until, now)

    async def _until(self, moment: datetime) -> None:
        left = moment - self.ports.clock()
        if timedelta(0) < left <= LONGEST_SLEEP:  # farther off only when the clock was set back
            await asyncio.sleep(left.total_seconds())

    async def _wait_for(self, window: Window, rest: Pair) -> None:
        now = self.ports.clock()
        if window.closed_until is not None and window.is_closed(now):
            self.served.counts["postponed"] += len(rest.events)
            await send_at(self.ports, self.batch, replace(rest, slot_at=None), window.closed_until)
            return
        seconds = _SLOW_SECONDS if window.stands_still(now) else _BUSY_SECONDS
        await self._postpone(rest, seconds * (1 + self.ports.jitter()))

    async def _postpone(self, rest: Pair, seconds: float) -> None:
        self.served.counts["postponed"] += len(rest.events)
        await send_later(self.ports, self.batch, replace(rest, slot_at=None), seconds=seconds)


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
