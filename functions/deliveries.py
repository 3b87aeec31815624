"""deliveries and redeliveries: call the flows. Retries have a queue of their own and never hold up a new event."""

import logging

import azure.functions as func

from shared.bootstrap import house
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver

deliveries = func.Blueprint()
_log = logging.getLogger(__name__)


@deliveries.queue_trigger(arg_name="message", queue_name="deliveries", connection="AzureWebJobsStorage")
async def deliver_first(message: func.QueueMessage) -> None:
    """First attempts."""
    await _deliver(message, patient=False)


@deliveries.queue_trigger(arg_name="message", queue_name="redeliveries", connection="AzureWebJobsStorage")
async def deliver_again(message: func.QueueMessage) -> None:
    """Later attempts, and whatever had to wait."""
    await _deliver(message, patient=True)


async def _deliver(message: func.QueueMessage, *, patient: bool) -> None:
    here = house()
    pace = Pace(here.settings.delivery_rate_per_second, patient)
    counts = await deliver(here.ports, await here.ports.queues.read_deliveries(message.get_body()), pace)
    text = ", ".join(f"{count} {end}" for end, count in sorted(counts.items()))
    _log.info("Deliveries: %s", text, extra={"action": "deliver", **counts})
