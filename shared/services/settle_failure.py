"""An attempt failed: note it with the subscription, and say what becomes of its events."""

import logging
from dataclasses import replace
from datetime import datetime

from shared.domain.deliveries import DeliveryBatch, Pair, Verdict
from shared.domain.health import Failure, after_failure, after_success
from shared.domain.retries import delay_before
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.ports import Ports
from shared.services.attempt_delivery import Attempt
from shared.services.put_off import give_up, send_at, send_later

_log = logging.getLogger(__name__)


async def settle_failure(
    ports: Ports,
    batch: DeliveryBatch,
    subscription: Subscription,
    rest: Pair,
    attempt: Attempt,
    *,
    tried: int,
    delivered: int,
) -> tuple[Subscription, bool]:
    """The subscription as it is now, and whether the next call has its turn.

    `rest` begins with the `tried` events of the attempt; `delivered` were delivered in the same turn before.
    """
    _tell(subscription, rest, attempt)
    now = await note(ports, subscription, delivered=delivered, failed=attempt)
    if now.state is SubscriptionState.REPLACED and attempt.verdict is not Verdict.REFUSED:
        await send_later(ports, batch, replace(rest, has_slot=False))  # its successor gets them
        return now, False
    if attempt.verdict is Verdict.GONE:
        await give_up(ports, batch, rest, "flow_gone", attempts=rest.attempt, tried=tried)
        return now, False
    if attempt.verdict is not Verdict.REFUSED:
        delay = _delay(ports, now, rest, attempt)
        if delay is not None:
            await send_later(ports, batch, replace(rest, attempt=rest.attempt + 1, has_slot=False), seconds=delay)
            return now, False
    first = replace(rest, events=rest.events[:tried])
    await give_up(ports, batch, first, attempt.reason, attempts=rest.attempt, tried=tried)
    until, behind = now.health.open_until, rest.rest_from(tried)
    if until is None or not behind.events:
        return now, until is None
    await send_at(ports, batch, replace(behind, has_slot=False), until)
    return now, False


async def note(
    ports: Ports, subscription: Subscription, *, delivered: int = 0, run_id: str = "", failed: Attempt | None = None
) -> Subscription:
    """Keep how the flow took its calls. It is not worth a second call of the flow: what cannot be kept is logged."""
    moment = ports.clock()

    def change(current: Subscription) -> Subscription:
        well = after_success(current, moment, delivered=delivered, run_id=run_id) if delivered else current
        return after_attempt(well, moment, failed) if failed else well

    try:
        noted = await ports.subscriptions.change(subscription.id, change)
    except Exception:
        fields = {"action": "health_unnoted", "subscription_id": subscription.id}
        _log.exception("How subscription %s took its calls could not be kept", subscription.id, extra=fields)
        noted = None
    now = noted or change(subscription)
    return replace(now, callback_url=subscription.callback_url, signing_secrets=subscription.signing_secrets)


def after_attempt(subscription: Subscription, now: datetime, attempt: Attempt) -> Subscription:
    """The subscription after an attempt that failed."""
    failure = Failure(attempt.verdict, attempt.reason, attempt.refused_token, attempt.retry_after_seconds)
    return after_failure(subscription, now, failure)


def _delay(ports: Ports, subscription: Subscription, rest: Pair, attempt: Attempt) -> float | None:
    """Seconds to the next attempt; None when there is none left. Not before the flow may be called again."""
    step = rest.attempt + 1
    own = delay_before(step, retry_after_seconds=attempt.retry_after_seconds, jitter=ports.jitter())
    until = subscription.health.open_until
    left = (until - ports.clock()).total_seconds() if until else 0
    if subscription.state is SubscriptionState.SUSPENDED:
        return max(left, own or 0)  # it ends by age, not by number: attempts are far between
    return None if own is None else max(own, left)


def _tell(subscription: Subscription, rest: Pair, attempt: Attempt) -> None:
    """What an operator has to know to find the flow."""
    fields = {
        "action": "delivery_failed",
        "subscription_id": subscription.id,
        "label": subscription.label,
        "verdict": str(attempt.verdict),
        "reason": attempt.reason,
        "attempt": rest.attempt,
    }
    told = (
        subscription.label or str(subscription.trigger),
        attempt.reason,
        attempt.verdict,
        rest.attempt,
        subscription.id,
    )
    _log.warning("Flow %r: %s (%s, attempt %d, subscription %s)", *told, extra=fields)
