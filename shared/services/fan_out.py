"""Find the subscriptions that want each event and hand the pairs to delivery."""

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.subscriptions import Directory, receivers
from shared.ports import EventBatch, Ports
from shared.telemetry import SpanName


async def fan_out(ports: Ports, batch: EventBatch) -> int:
    """Pair events with subscriptions, in order; answers how many pairs there are."""
    told: dict[str, str | int] = {"environment": batch.environment_id, "events": len(batch.events)}
    with ports.telemetry.span(SpanName.FAN_OUT, batch.traceparent, **told):
        return await _fan_out(ports, batch)


async def _fan_out(ports: Ports, batch: EventBatch) -> int:
    subscriptions = await ports.subscriptions.of_environment(batch.environment_id)
    directory = Directory(receivers(subscriptions, ports.clock()))
    wanted: dict[str, list[int]] = {}
    for place, event in enumerate(batch.events):
        for subscription in directory.wanting(event):
            wanted.setdefault(subscription.id, []).append(place)
    if wanted:
        pairs = tuple(Pair(subscription_id, tuple(places)) for subscription_id, places in wanted.items())
        trace = ports.telemetry.traceparent()
        await ports.queues.send_deliveries(DeliveryBatch(batch.environment_id, batch.events, pairs, trace))
    return sum(len(places) for places in wanted.values())
