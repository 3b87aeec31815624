"""End subscriptions. An unknown one is no error, and neither is somebody else's: the platform repeats its calls."""

from collections.abc import Callable

from shared.domain.callback_url import CallbackUrl
from shared.domain.callers import Caller, callback_key
from shared.domain.subscriptions import SubscriptionState
from shared.errors import CallbackRejected
from shared.ports import Ports


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
    """Take away what calls this URL, for callers that do not keep the id (Logic Apps' HttpWebhook)."""
    try:
        key = callback_key(parse_callback(url).digest)
    except CallbackRejected:
        return
    for kept in await ports.subscriptions.with_key(key):
        await unsubscribe(ports, kept.id, caller)
