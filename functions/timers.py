"""Timers: the tick that starts polls, the drain of poison queues, the hourly count and the daily sweep."""

import logging

import azure.functions as func

from shared.bootstrap import house
from shared.services.count_subscriptions import count_subscriptions
from shared.services.drain_poison import drain_poison
from shared.services.start_polls import start_polls
from shared.services.sweep import sweep

timers = func.Blueprint()
_log = logging.getLogger(__name__)


@timers.timer_trigger(arg_name="timer", schedule="%POLL_SCHEDULE%", use_monitor=True, run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:
    """Ask for a poll of every watched environment."""
    here = house()
    count = await start_polls(here.ports, here.settings.environments)
    _log.info("Asked for polls of %d environments", count, extra={"action": "tick", "environments": count})


@timers.timer_trigger(arg_name="timer", schedule="0 */5 * * * *", use_monitor=True, run_on_startup=False)
async def drain(timer: func.TimerRequest) -> None:
    """Keep the messages that the host gave up: their queues forget them after seven days."""
    count = await drain_poison(house().ports)
    if count:
        _log.error("%d messages failed too often and were put aside", count, extra={"action": "drain", "count": count})


@timers.timer_trigger(arg_name="timer", schedule="0 23 * * * *", use_monitor=True, run_on_startup=False)
async def take_stock(timer: func.TimerRequest) -> None:
    """Count the subscriptions by state."""
    counts = await count_subscriptions(house().ports)
    text = ", ".join(f"{count} {state}" for state, count in counts.items())
    _log.info("Subscriptions: %s", text, extra={"action": "stock", **counts})


@timers.timer_trigger(arg_name="timer", schedule="0 17 3 * * *", use_monitor=True, run_on_startup=False)
async def sweep_daily(timer: func.TimerRequest) -> None:
    """Remove what is no longer of use."""
    here = house()
    counts = await sweep(here.ports, suspended_days=here.settings.suspended_days)
    text = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "nothing"
    _log.info("Swept: %s", text, extra={"action": "sweep", **{f"swept_{name}": n for name, n in counts.items()}})
