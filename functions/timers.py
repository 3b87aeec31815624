"""Timers: the tick that starts polls."""

import logging

import azure.functions as func

from shared.bootstrap import house
from shared.services.start_polls import start_polls

timers = func.Blueprint()
_log = logging.getLogger(__name__)


@timers.timer_trigger(arg_name="timer", schedule="%POLL_SCHEDULE%", use_monitor=True, run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:
    """Ask for a poll of every watched environment."""
    here = house()
    count = await start_polls(here.ports, here.settings.environments)
    _log.info("Asked for polls of %d environments", count, extra={"action": "tick", "environments": count})
