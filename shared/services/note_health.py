"""Keep with a subscription how its flow took its calls."""

import logging
from dataclasses import replace

from shared.domain.subscriptions import Subscription
from shared.ports import Ports
from shared.stores import Change

_log = logging.getLogger(__name__)


async def note_health(ports: Ports, subscription: Subscription, change: Change) -> Subscription:
    """The subscription as it is now. It is not worth a second call of the flow: what cannot be kept is logged."""
    try:
        noted = await ports.subscriptions.change(subscription.id, change)
    except Exception:
        fields = {"action": "health_unnoted", "subscription_id": subscription.id}
        _log.exception("How subscription %s took its calls could not be kept", subscription.id, extra=fields)
        noted = None
    now = noted or change(subscription)
    return replace(now, callback_url=subscription.callback_url, signing_secrets=subscription.signing_secrets)
