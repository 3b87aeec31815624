"""End subscriptions. An unknown one is no error, and neither is somebody else's: the platform repeats its calls."""

from collections.abc import Callable

from shared.domain.callback_url import CallbackUrl
from shared.domain.callers import Caller, callback_key, flow_key
from shared.domain.subscriptions import SubscriptionState
from shared.errors import CallbackRejected, RequestInvalid
from shared.ports import Ports
from shared.services.admission import require_trigger


async def unsubscribe(ports: Ports, subscription_id: str, caller: Caller) -> None:
    """Take a subscription away; after this nothing but an attempt already under way goes to it.

    One that was replaced stays for some days, so that its last events find their way to its successor.
    """
    kept = await ports.subscriptions.show(subscription_id)
    if kept is not None and caller.may_touch(kept) and kept.state is not SubscriptionState.REPLACED:
        await ports.subscriptions.remove(subscription_id)


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
        raise RequestInvalid("callbackUrl", "is missing, and no x-ms-workflow-name header says which flow this is")
    for kept in await ports.subscriptions.with_key(flow_key(caller, trigger, {})):
        await unsubscribe(ports, kept.id, caller)
