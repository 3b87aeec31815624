"""Send a subscription what it wanted in a stretch of time again, from the event log."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.callers import Caller
from shared.domain.cursors import write_cursor
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.subscriptions import EVENT_TYPES, Directory
from shared.errors import Conflict
from shared.ports import Ports
from shared.services.admission import require_own
from shared.stores import EventQuery

_READ_AT_ONCE = 500
_MOST_READ = 10_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events were handed to delivery, and the cursor to go on from when there may be more."""

    events: int
    next_cursor: str


async def replay_subscription(
    ports: Ports, subscription_id: str, caller: Caller, *, since: datetime, until: datetime, after: int = 0
) -> Replayed:
    """Hand the events to delivery, oldest first, 10,000 at most. They keep their ids. Raises NotFound and Conflict."""
    subscription = await require_own(ports, subscription_id, caller)
    if not subscription.is_live or subscription.polls:
        raise Conflict("It is not called: it has ended, was replaced, or polls.", reason="not_called")
    directory = Directory([subscription])
    types = tuple(str(one) for one in EVENT_TYPES[subscription.trigger])
    sent = 0
    for _ in range(0, _MOST_READ, _READ_AT_ONCE):
        query = EventQuery(after, since, until, types)
        page = await ports.log.search(subscription.environment_id, query, limit=_READ_AT_ONCE)
        wanted = tuple(one.event for one in page if directory.wanting(one.event))
        if wanted:
            pair = Pair(subscription.id, tuple(range(len(wanted))))
            trace = ports.telemetry.traceparent()
            batch = DeliveryBatch(subscription.environment_id, wanted, (pair,), trace, replayed=True)
            await ports.queues.send_redeliveries(batch, delay_seconds=0)  # new events must not wait for old ones
            sent += len(wanted)
        if len(page) < _READ_AT_ONCE:
            return Replayed(sent, "")
        after = page[-1].sequence
    return Replayed(sent, write_cursor(subscription.environment_id, after))
