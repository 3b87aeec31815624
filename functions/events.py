"""The events queues: fan each event out to its subscriptions. A queue a family, so that none waits for another."""

import logging

import azure.functions as func

from shared.bootstrap import house
from shared.services.fan_out import fan_out

events = func.Blueprint()
_log = logging.getLogger(__name__)


@events.queue_trigger(arg_name="message", queue_name="refresh-events", connection="AzureWebJobsStorage")
async def fan_out_refresh_events(message: func.QueueMessage) -> None:
    """Data source refreshes and full refreshes."""
    await _fan_out(message)


@events.queue_trigger(arg_name="message", queue_name="unification-events", connection="AzureWebJobsStorage")
async def fan_out_unification_events(message: func.QueueMessage) -> None:
    """Unifications."""
    await _fan_out(message)


@events.queue_trigger(arg_name="message", queue_name="threshold-events", connection="AzureWebJobsStorage")
async def fan_out_threshold_events(message: func.QueueMessage) -> None:
    """Segments and measures that crossed a threshold."""
    await _fan_out(message)


@events.queue_trigger(arg_name="message", queue_name="operational-events", connection="AzureWebJobsStorage")
async def fan_out_operational_events(message: func.QueueMessage) -> None:
    """Ended processes, overdue data sources, environments that cannot be watched."""
    await _fan_out(message)


async def _fan_out(message: func.QueueMessage) -> None:
    ports = house().ports
    batch = await ports.queues.read_events(message.get_body())
    pairs = await fan_out(ports, batch)
    fields = {"action": "fan_out", "events": len(batch.events), "pairs": pairs}
    _log.info("%d events for %d deliveries", len(batch.events), pairs, extra=fields)
