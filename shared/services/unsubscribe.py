"""End subscriptions. An unknown one is no error, and neither is somebody else's: the platform repeats its calls."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from shared.domain.callback_url import CallbackUrl
from shared.domain.callers import Caller, callback_key, flow_key
from shared.domain.health import LONGEST_OPEN
from shared.domain.subscriptions import Subscription, SubscriptionState, unsubscribed
from shared.errors import CallbackRejected, RequestInvalid
from shared.ports import Ports
from shared.services.admission import require_trigger


async def unsubscribe(ports: Ports, subscription_id: str, caller: Caller) -> None:
    """End a subscription; after this nothing but an attempt already under way goes to it (on another instance, those of
    the next few seconds).

    One that was replaced stays what it is, so that its last events find their way to its successor.
    """
    kept = await ports.subscriptions.show(subscription_id)
    if kept is None or not caller.may_touch(kept):
        return
    if kept.polls:
        await ports.subscriptions.remove(subscription_id)
    elif kept.state not in (SubscriptionState.REPLACED, SubscriptionState.UNSUBSCRIBED):
        await ports.subscriptions.change(subscription_id, partial(_end, now=ports.clock()))
        ports.windows.of(subscription_id).rest_until(ports.clock() + LONGEST_OPEN, ports.clock())
        await ports.subscriptions.forget_environment(kept.environment_id)


def _end(subscription: Subscription, *, now: datetime) -> Subscription:
    """Unless the flow subscribed again meanwhile."""
    return subscription if subscription.state is SubscriptionState.REPLACED else unsubscribed(subscription, now=now)


async def unsubscribe_callback(
    ports: Ports, url: str, caller: Caller, parse_callback: Callable[[str], CallbackUrl]
) -> None:
    """Take away what calls this URL, for callers that do not keep the id."""
    try:
        key = callback_key(parse_callback(url).digest)
    except CallbackRejected:
        return
    for kept in await ports.subscriptions.with_key(key):
        await unsubscribe(ports, kept.id, caller)


async def unsubscribe_flow(ports: Ports, trigger_name: str, caller: Caller) -> None:
    """Take away what the calling flow subscribed to a trigger: Logic Apps' HttpWebhook knows neither id nor URL then.

    Raises NotFound (the trigger), and RequestInvalid when no header names the flow.
    """
    trigger = require_trigger(trigger_name)
    if not caller.flow.name:
        raise RequestInvalid(
            "trigger", "says nothing without an x-ms-workflow-name header; send the callbackUrl instead"
        )
    for kept in await ports.subscriptions.with_key(flow_key(caller, trigger, {})):
        await unsubscribe(ports, kept.id, caller)
