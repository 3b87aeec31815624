"""Call a flow once: what it said, and how long it took."""

from shared.domain.deliveries import Answer, Attempt, FlowCall, Verdict, judge
from shared.domain.events import Event
from shared.domain.signatures import valid
from shared.domain.subscriptions import Subscription
from shared.errors import CallbackRejected, DeliveryFailed
from shared.ports import Ports
from shared.telemetry import SpanName

_REFUSALS = (401, 403)
_TOO_MANY = 429
_REST_SECONDS = 30  # after a 429 that does not say how long


async def attempt_delivery(ports: Ports, subscription: Subscription, events: tuple[Event, ...]) -> Attempt:
    """POST events to the subscription's flow: one, or a list to a flow that takes lists."""
    began_at = ports.clock()
    secrets = valid(subscription.signing_secrets, began_at)
    call = FlowCall(subscription.callback_url, events, subscription.batch, secrets)
    with ports.telemetry.span(SpanName.FLOW_CALL, subscription=subscription.id, events=len(events)) as span:
        try:
            answer = await ports.flows.call(call)
        except DeliveryFailed as failure:
            span.fail(failure.reason)
            return Attempt(Verdict.RETRY, failure.reason, ports.clock() - began_at)
        except CallbackRejected as rejection:
            span.fail(rejection.reason)
            return Attempt(Verdict.REFUSED, rejection.reason, ports.clock() - began_at)
        span.answered(answer.status)
    return Attempt(
        judge(answer),
        answer.code or f"http_{answer.status}",
        ports.clock() - began_at,
        _asked_for(answer),
        answer.status in _REFUSALS,
        answer.run_id or "",
    )


def _asked_for(answer: Answer) -> float | None:
    if answer.status == _TOO_MANY and answer.retry_after_seconds is None:
        return _REST_SECONDS
    return answer.retry_after_seconds
