"""Call a flow once: what it said, and how long it took."""

from dataclasses import dataclass
from datetime import timedelta

from shared.domain.deliveries import FlowCall, Verdict, judge
from shared.domain.events import Event
from shared.domain.signatures import valid
from shared.domain.subscriptions import Subscription
from shared.errors import CallbackRejected, DeliveryFailed
from shared.ports import Ports

_REFUSALS = (401, 403)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a call."""

    verdict: Verdict
    reason: str
    took: timedelta
    retry_after_seconds: float | None = None
    refused_token: bool = False
    run_id: str = ""


async def attempt_delivery(ports: Ports, subscription: Subscription, events: tuple[Event, ...]) -> Attempt:
    """POST events to the subscription's flow: one, or a list to a flow that takes lists."""
    began_at = ports.clock()
    secrets = valid(subscription.signing_secrets, began_at)
    call = FlowCall(subscription.callback_url, events, subscription.batch, secrets)
    try:
        answer = await ports.flows.call(call)
    except DeliveryFailed as failure:
        return Attempt(Verdict.RETRY, failure.reason, ports.clock() - began_at)
    except CallbackRejected as rejection:
        return Attempt(Verdict.REFUSED, rejection.reason, ports.clock() - began_at)
    return Attempt(
        judge(answer),
        answer.code or f"http_{answer.status}",
        ports.clock() - began_at,
        answer.retry_after_seconds,
        answer.status in _REFUSALS,
        answer.run_id or "",
    )
