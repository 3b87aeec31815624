"""Who has shown lately that an environment may be read: one worker's memory, no more."""

from collections import OrderedDict
from datetime import datetime, timedelta

FRESH = timedelta(minutes=10)
USABLE = timedelta(hours=24)  # while Customer Insights cannot be asked; a change of roles takes it a quarter of an hour
_REMEMBERED = 10_000


class Proofs:
    """When an owner was last found to have a role at an environment."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def note(self, owner: str, environment_id: str, now: datetime) -> None:
        """It was found now."""
        self._seen[owner, environment_id] = now
        self._seen.move_to_end((owner, environment_id))
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def forget(self, owner: str, environment_id: str) -> None:
        """It was found otherwise."""
        self._seen.pop((owner, environment_id), None)

    def holds(self, owner: str, environment_id: str, now: datetime, within: timedelta) -> bool:
        """Whether it was found within a stretch of time."""
        seen = self._seen.get((owner, environment_id))
        return seen is not None and now - seen <= within
