"""End a subscription. An unknown one is no error: the platform repeats its calls."""

from shared.ports import Ports


async def unsubscribe(ports: Ports, subscription_id: str) -> None:
    """Take the subscription away; after this nothing but an attempt already under way goes to it."""
    await ports.subscriptions.remove(subscription_id)
