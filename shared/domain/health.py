"""How a flow took its calls, and when it may be called again: the breaker, the rate, and what operators are shown.

All of it is pure: a subscription goes in and comes out with another health.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.deliveries import Attempt, Verdict
from shared.domain.subscriptions import Health, Subscription, SubscriptionState

FAILURES_TO_OPEN = 5
REFUSALS_TO_SUSPEND = 5
LONGEST_OPEN = timedelta(days=1)
_LONGEST_BACKLOG = timedelta(minutes=59)  # an hour with what clocks differ
_SKEW = timedelta(minutes=1)  # between the clocks of two workers
_LATE = timedelta(minutes=5)  # longer than a turn, at whose end its successes are noted
PROBE = timedelta(seconds=60)  # longer than one attempt can take
_OPEN_SECONDS = (30, 120, 600, 3600)
PROBE_LOOK = timedelta(seconds=5)
_SUSPENDED_SECONDS = (600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a flow may be called now: not before `wait_until`; as a `probe` by one caller only."""

    wait_until: datetime | None = None
    probe: bool = False


def admission(subscription: Subscription, now: datetime) -> Admission:
    """What the breaker says."""
    health = subscription.health
    if health.open_until is None:
        return Admission()
    if is_ahead(health.open_until, now, LONGEST_OPEN):
        return Admission(wait_until=health.open_until)
    if is_ahead(health.probe_until, now, PROBE):
        return Admission(wait_until=now + PROBE_LOOK)
    return Admission(probe=True)


def begin_probe(subscription: Subscription, now: datetime) -> Subscription:
    """Keep everybody else away while one event is tried."""
    return replace(subscription, health=replace(subscription.health, probe_until=now + PROBE))


def after_success(subscription: Subscription, now: datetime, *, delivered: int, run_id: str) -> Subscription:
    """A flow that takes events is well, and on. A call that began before the flow asked for a rest says neither."""
    health = subscription.health
    counted = replace(
        health,
        delivered=health.delivered + delivered,
        last_success_at=max(now, health.last_success_at or now),
        last_run_id=run_id or health.last_run_id,
    )
    if _is_open(health, now) or is_ahead(health.last_failure_at, now, _LATE):
        return replace(subscription, health=counted)
    well = replace(counted, failures=0, refusals=0, open_until=None, probe_until=None)
    state = SubscriptionState.ACTIVE if subscription.state is SubscriptionState.SUSPENDED else subscription.state
    return _in_state(replace(subscription, health=well), state, now)


def after_failure(subscription: Subscription, now: datetime, attempt: Attempt) -> Subscription:
    """Count a failed attempt, and leave the flow alone where that is called for.

    Calls that were out together count as one: what fails while the flow is left alone makes its rest no longer.
    """
    health = subscription.health
    counts = not _is_open(health, now)
    failed = replace(
        health,
        failures=health.failures + (counts and attempt.verdict is not Verdict.REFUSED),
        refusals=health.refusals + counts if attempt.refused_token else 0,
        probe_until=None,
        failed=health.failed + 1,
        last_failure_at=now,
        last_reason=attempt.reason,
    )
    state = _state_after(subscription.state, failed, attempt)
    if state is SubscriptionState.SUSPENDED and subscription.state is not state:
        failed = replace(failed, failures=1)  # the slow schedule begins
    changed = replace(subscription, health=replace(failed, open_until=_open_until(failed, state, now, attempt)))
    return _in_state(changed, state, now)


def next_slot(health: Health, now: datetime) -> datetime:
    """When the next call may go out by the rate limit."""
    at = health.next_slot_at
    return at if at is not None and is_ahead(at, now, _LONGEST_BACKLOG) else now


def reserved(health: Health, now: datetime, calls: int, rate: float) -> Health:
    """Take the next free slots for so many calls, at `rate` a second."""
    return replace(health, next_slot_at=next_slot(health, now) + timedelta(seconds=calls / rate))


def is_ahead(moment: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether a moment is still to come. One that is farther off than it can ever have been set is not: the clock was
    set back, and nothing may stand still until it has caught up.
    """
    return moment is not None and now < moment <= now + longest + _SKEW


def _state_after(state: SubscriptionState, health: Health, attempt: Attempt) -> SubscriptionState:
    if state not in (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED):
        return state  # a late answer: nothing brings it back
    if attempt.verdict is Verdict.GONE:
        return SubscriptionState.ENDED
    if attempt.verdict is Verdict.OFF or health.refusals >= REFUSALS_TO_SUSPEND:
        return SubscriptionState.SUSPENDED
    return state


def _open_until(health: Health, state: SubscriptionState, now: datetime, attempt: Attempt) -> datetime | None:
    before = health.open_until if _is_open(health, now) else None
    if attempt.verdict in (Verdict.REFUSED, Verdict.GONE):
        return before  # the flow answers: this one event is at fault; or nothing more is sent
    asked = attempt.retry_after_seconds or 0
    if state is SubscriptionState.SUSPENDED:
        step = _SUSPENDED_SECONDS[min(max(health.failures - 1, 0), len(_SUSPENDED_SECONDS) - 1)]
    elif health.failures >= FAILURES_TO_OPEN:
        step = _OPEN_SECONDS[min(health.failures - FAILURES_TO_OPEN, len(_OPEN_SECONDS) - 1)]
    else:
        step = 0
    wait = timedelta(seconds=min(max(step, asked), LONGEST_OPEN.total_seconds()))
    return max(now + wait, before or now) if wait or before else None


def _is_open(health: Health, now: datetime) -> bool:
    return is_ahead(health.open_until, now, LONGEST_OPEN)


def _in_state(subscription: Subscription, state: SubscriptionState, now: datetime) -> Subscription:
    return subscription if state is subscription.state else replace(subscription, state=state, state_since=now)
