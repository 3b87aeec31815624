"""Find the subscriptions that want each event and hand the pairs to delivery."""

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.subscriptions import Directory, receivers
from shared.ports import EventBatch, Ports


async def fan_out(ports: Ports, batch: EventBatch) -> int:
    """Pair events with subscriptions, in order; answers how many pairs there are."""
    subscriptions = await ports.subscriptions.of_environment(batch.environment_id)
    directory = Directory(receivers(subscriptions, ports.clock()))
    wanted: dict[str, list[int]] = {}
    for place, event in enumerate(batch.events):
        for subscription in directory.wanting(event):
            wanted.setdefault(subscription.id, []).append(place)
    if wanted:
        pairs = tuple(Pair(subscription_id, tuple(places)) for subscription_id, places in wanted.items())
        await ports.queues.send_deliveries(DeliveryBatch(batch.environment_id, batch.events, pairs))
    return sum(len(places) for places in wanted.values())
