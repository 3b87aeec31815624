"""How many calls a flow may have at once, learnt from its answers: one worker's memory, no more.

A flow begins with one call at a time. Every quick answer doubles the number; a slow or failed one brings it back to
one. So a thousand events for a quick flow go out side by side, and a flow that hangs holds up one call, not all.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

SLOW = timedelta(seconds=1)
_MOST_CALLS = 64
_MOST_FLOWS = 10_000


@dataclass(slots=True)
class Window:
    """One flow's."""

    limit: int = 1
    calls: int = 0
    is_slow: bool = False
    closed_until: datetime | None = None

    def try_enter(self, now: datetime) -> bool:
        """Begin a call, if the flow may have one more."""
        if self.calls >= self.limit or (self.closed_until is not None and now < self.closed_until):
            return False
        self.calls += 1
        return True

    def leave(self, took: timedelta, *, well: bool) -> None:
        """End a call."""
        self.calls -= 1
        self.is_slow = took >= SLOW
        self.limit = min(2 * self.limit, _MOST_CALLS) if well and not self.is_slow else 1

    def close_until(self, moment: datetime | None) -> None:
        """The flow asked to be left alone until then; None opens it."""
        self.closed_until = moment


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
