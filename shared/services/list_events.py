"""List the events of an environment: since a time, or from where an earlier list ended."""

from dataclasses import dataclass

from shared.domain.callers import Caller
from shared.domain.cursors import write_cursor
from shared.domain.events import Event
from shared.ports import Ports
from shared.services.act import require_overseer
from shared.stores import EventQuery


@dataclass(frozen=True, slots=True)
class EventList:
    """Events, and the cursor for those behind them; empty when these were the last."""

    events: tuple[Event, ...]
    next_cursor: str


async def list_events(ports: Ports, caller: Caller, environment_id: str, query: EventQuery, *, top: int) -> EventList:
    """The oldest `top` events that the query asks for, for who can read the environment or runs this app."""
    await require_overseer(ports, caller, environment_id)
    found = await ports.log.search(environment_id, query, limit=top)
    last = found[-1].sequence if len(found) == top else None
    cursor = "" if last is None else write_cursor(environment_id, last)
    return EventList(tuple(one.event for one in found), cursor)
