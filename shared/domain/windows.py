"""How many calls a flow may have at once, learnt from its answers: one worker's memory, no more.

A flow begins with one call at a time. Every quick answer doubles the number; a slow or failed one brings it back to
one. So a thousand events for a quick flow go out side by side, and a flow that hangs holds up one call, not all.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.health import LONGEST_OPEN, is_ahead

SLOW = timedelta(seconds=1)
_MOST_CALLS = 64
_STILL = timedelta(seconds=0.5)
_MOST_FLOWS = 10_000
_REST = timedelta(seconds=10)  # until the calls without slots may be spent again


@dataclass(slots=True)
class Window:
    """One flow's."""

    limit: int = 1
    calls: int = 0
    is_slow: bool = False
    closed_until: datetime | None = None
    moved_at: datetime | None = None
    spent_until: datetime | None = None

    def try_enter(self, now: datetime) -> bool:
        """Begin a call, if the flow may have one more."""
        if self.calls >= self.limit or self.is_closed(now):
            return False
        self.calls += 1
        self.moved_at = now
        return True

    def is_closed(self, now: datetime) -> bool:
        """Whether the flow asked to be left alone at this time."""
        return is_ahead(self.closed_until, now, LONGEST_OPEN)

    def stands_still(self, now: datetime) -> bool:
        """Whether it is not worth waiting for a call to end: the flow is slow, or has not answered for a while."""
        return self.is_slow or (self.moved_at is not None and now - self.moved_at > _STILL)

    def leave(self, now: datetime, took: timedelta, *, well: bool) -> None:
        """End a call."""
        self.calls -= 1
        self.moved_at = now
        self.is_slow = took >= SLOW
        self.limit = min(2 * self.limit, _MOST_CALLS) if well and not self.is_slow else 1

    def takes(self, calls: int, rate: float, now: datetime) -> bool:
        """Whether so many calls need no slots: a second's worth now and then, which all workers can afford."""
        spent_until = self.spent_until if is_ahead(self.spent_until, now, 2 * _REST) else None
        until = max(now, spent_until or now) + calls * _REST / max(1, rate)
        if until - now > _REST:
            return False
        self.spent_until = until
        return True

    def rest_until(self, moment: datetime | None, now: datetime) -> None:
        """The flow is left alone until then. A shorter rest than it has already changes nothing."""
        current = self.closed_until if self.is_closed(now) else None
        self.closed_until = max(filter(None, (current, moment)), default=None)


class Windows:
    """The windows of the flows that were called lately."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, Window] = OrderedDict()

    def of(self, subscription_id: str) -> Window:
        """The window of a subscription; the one that was used longest ago makes room."""
        window = self._of.setdefault(subscription_id, Window())
        self._of.move_to_end(subscription_id)
        if len(self._of) > _MOST_FLOWS:
            oldest = next(iter(self._of))
            if not self._of[oldest].calls:
                del self._of[oldest]
        return window
