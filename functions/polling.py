"""environment-polls: poll environments."""

import logging

import azure.functions as func

from shared.bootstrap import house
from shared.services.poll_environment import PollOutcome
from shared.services.poll_environments import poll_environments

polling = func.Blueprint()
_log = logging.getLogger(__name__)


@polling.queue_trigger(arg_name="message", queue_name="environment-polls", connection="AzureWebJobsStorage")
async def poll(message: func.QueueMessage) -> None:
    """Poll the environments that the message names."""
    here = house()
    request = await here.ports.queues.read_polls(message.get_body())
    seconds = here.settings.fast_poll_seconds
    for outcome in await poll_environments(here.ports, request, fast_poll_seconds=seconds):
        _tell(outcome)


def _tell(outcome: PollOutcome) -> None:
    """Log what an operator would want to know; an idle poll says nothing."""
    fields = {"action": "poll", "environment_id": outcome.environment_id, "events": outcome.events}
    if outcome.failure is not None:
        fields |= {"action": "poll_failed", "reason": outcome.failure.reason}
        _log.warning("Environment %s: %s", outcome.environment_id, outcome.failure, extra=fields)
    elif outcome.events:
        _log.info("Environment %s: %d events", outcome.environment_id, outcome.events, extra=fields)
    if outcome.not_understood:
        text = ", ".join(f"{reason} {count}" for reason, count in outcome.not_understood.items())
        fields |= {"action": "not_understood", **outcome.not_understood}
        _log.warning("Environment %s: not understood: %s", outcome.environment_id, text, extra=fields)
