"""What was a process about when the fuse blew? That alone may come again."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType

from shared.domain.deliveries import DeliveryBatch
from shared.ports import EventBatch, PollRequest
from tests.faults.crash_history import History
from tests.services.faults import Fuse

InFlight = Mapping[str, tuple[str, ...]]  # events by whom they are for ("": anybody); no events: any of theirs
Work = PollRequest | EventBatch | DeliveryBatch | InFlight


@dataclass
class StoryFuse(Fuse):
    """Tells that it blows before it does: there may be no time later."""

    tell: Callable[[], None] = lambda: None

    def _blow(self) -> None:
        self.tell()
        super()._blow()


@dataclass
class WatchfulFuse(StoryFuse):
    """Remembers which functions were at each write, by their qualified names."""

    seen: set[str] = field(default_factory=set)

    def before_write(self) -> None:
        super().before_write()
        self.seen |= {frame.f_code.co_qualname for frame in _frames(sys._getframe())}


def in_flight(work: Work, history: History) -> InFlight:
    """By the subscription's id, or by the flow's name where a caller asked: what a piece of work gives to whom."""
    if isinstance(work, PollRequest):
        return {"": tuple(event for one in work.environment_ids for event in history.unfinished.get(one, ()))}
    if isinstance(work, EventBatch):
        return {"": tuple(event.id for event in work.events)}
    if isinstance(work, DeliveryBatch):
        found: dict[str, tuple[str, ...]] = {}
        for pair in work.pairs:
            events = tuple(work.events[place].id for place in pair.events)
            found[pair.subscription_id] = found.get(pair.subscription_id, ()) + events
        return found
    return work


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
