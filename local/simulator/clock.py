"""What time is it at the source: a clock that can be sped up, paused and jumped."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Simulated time since an anchor. After the scenario's end it goes on at no more than real pace, so that what is
    started by hand still ends, yet nothing else falls due at once.
    """

    anchor: datetime
    end: datetime
    speed: float
    paused: bool
    monotonic: Callable[[], float] = field(default=time.monotonic)
    since: float = 0.0

    def now(self) -> datetime:
        """The simulated time."""
        if self.paused:
            return self.anchor
        real = self.monotonic() - self.since
        reached = self.anchor + timedelta(seconds=real * self.speed)
        if self.anchor >= self.end or reached <= self.end or self.speed <= 1:
            return reached
        return self.end + (reached - self.end) / self.speed

    def ended(self) -> bool:
        """Whether the scenario's end has been reached."""
        return self.now() >= self.end

    def at(self, moment: datetime) -> "Clock":
        """The clock, jumped to this time."""
        return replace(self, anchor=moment, since=self.monotonic())

    def started(self, speed: float | None = None) -> "Clock":
        """The clock, running from now on at this speed."""
        return replace(self.at(self.now()), paused=False, speed=speed or self.speed)

    def stopped(self) -> "Clock":
        """The clock, standing still."""
        return replace(self.at(self.now()), paused=True)
