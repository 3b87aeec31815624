"""What becomes of events that cannot be delivered now: they wait on the retry queue, or are kept as dead."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.deliveries import DeadDelivery, DeliveryBatch, Pair
from shared.domain.metrics import DEAD, DELIVERIES
from shared.domain.retries import MAX_DELAY_SECONDS
from shared.ports import Ports

STEP_SECONDS = 15 * 60
_SPREAD = 0.1


async def send_later(ports: Ports, batch: DeliveryBatch, pair: Pair, *, seconds: float = 0) -> None:
    """Have a pair tried again after a time. A long wait is made in steps: its flow may subscribe again meanwhile."""
    now = ports.clock()
    whole = min(max(0, math.ceil(seconds)), MAX_DELAY_SECONDS)
    due = now + timedelta(seconds=whole) if whole > STEP_SECONDS else None
    waiting = replace(pair, since=pair.since or now, not_before=due)
    await ports.queues.send_redeliveries(replace(batch, pairs=(waiting,)), delay_seconds=min(whole, STEP_SECONDS))


async def send_at(ports: Ports, batch: DeliveryBatch, pair: Pair, moment: datetime) -> None:
    """Have a pair tried again when its flow may be called again, or in a while, for that may be sooner.

    What waits for one flow is spread out a little.
    """
    left = max(timedelta(seconds=1), moment - ports.clock()).total_seconds()
    await send_later(ports, batch, pair, seconds=min(left * (1 + _SPREAD * ports.jitter()), STEP_SECONDS))


async def give_up(
    ports: Ports, batch: DeliveryBatch, pair: Pair, reason: str, *, attempts: int, tried: int = 1
) -> None:
    """Keep events as dead. The attempts were made with the first `tried` of them; those behind had no turn."""
    for place, index in enumerate(pair.events):
        made = attempts if place < tried else 0
        event, now = batch.events[index], ports.clock()
        await ports.dead.save(DeadDelivery(batch.environment_id, pair.subscription_id, event, reason, made, now))
        ports.telemetry.record(DELIVERIES, outcome=DEAD)
