"""deliveries and redeliveries: call the flows. Retries have a queue of their own and never hold up a new event."""

import logging

import azure.functions as func

from shared.bootstrap import house
from shared.services.deliver import deliver

deliveries = func.Blueprint()
_log = logging.getLogger(__name__)


@deliveries.queue_trigger(arg_name="message", queue_name="deliveries", connection="AzureWebJobsStorage")
async def deliver_first(message: func.QueueMessage) -> None:
    """First attempts."""
    await _deliver(message)


@deliveries.queue_trigger(arg_name="message", queue_name="redeliveries", connection="AzureWebJobsStorage")
async def deliver_again(message: func.QueueMessage) -> None:
    """Later attempts."""
    await _deliver(message)


async def _deliver(message: func.QueueMessage) -> None:
    ports = house().ports
    counts = await deliver(ports, await ports.queues.read_deliveries(message.get_body()))
    text = ", ".join(f"{count} {end}" for end, count in sorted(counts.items()))
    _log.info("Deliveries: %s", text, extra={"action": "deliver", **counts})
