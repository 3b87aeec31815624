"""How did the deliveries of one change go, end to end? A fresh app, everything changes at once, all flows get it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.app import IDLE_SECONDS, Sink, Size, order, running_app
from local.errors import BrokenRunError
from shared.domain.subscriptions import Trigger

SETTLE_SECONDS = 0.5  # for what is noted after the last call, and for a call made twice

END_TO_END, FIRST_TO_LAST, FIRST = "end to end", "from first to last call", "first call after"
APP_CPU, STORAGE_CPU, TWICE = "CPU of the app", "CPU of the storage emulator", "called twice"
UNITS = {
    END_TO_END: "deliveries/s",
    FIRST: "s",
    FIRST_TO_LAST: "deliveries/s",
    APP_CPU: "ms/delivery",
    STORAGE_CPU: "ms/delivery",
    TWICE: "calls",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """So many events, each for so many flows."""

    events: int
    flows: int

    @property
    def name(self) -> str:
        """As figures are named."""
        return f"{self.events:,} x {self.flows}"

    @property
    def deliveries(self) -> int:
        """How many calls that makes."""
        return self.events * self.flows


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one run came to. `began_at`: when a poll first looked at what had changed."""

    deliveries: int
    began_at: float
    first_at: float
    last_at: float
    calls: int
    most_at_once: int
    app_cpu: float
    storage_cpu: float

    def values(self) -> Mapping[str, float]:
        """The figures, in the order and the units of UNITS."""
        return {
            END_TO_END: self.deliveries / (self.last_at - self.began_at),
            FIRST: self.first_at - self.began_at,
            FIRST_TO_LAST: self.deliveries / (self.last_at - self.first_at),
            APP_CPU: self.app_cpu * 1000 / self.deliveries,
            STORAGE_CPU: self.storage_cpu * 1000 / self.deliveries,
            TWICE: self.calls - self.deliveries,
        }


def deliver(folder: Path, shape: Shape, sink: Sink, idle_seconds: float = IDLE_SECONDS, hosts: int = 1) -> Delivered:
    """Have all of it delivered by a fresh app. Raises BrokenRunError when it is not all that arrives."""
    flows = [order(number, Trigger.PROCESS_ENDED, sink.url) for number in range(shape.flows)]
    with running_app(folder, Size(processes=shape.events), flows, sink, idle_seconds, hosts) as app:
        sink.take()
        before = app.cpu_seconds()
        app.grow()
        app.poll()
        app.wait(shape.deliveries)
        began_at = app.looked_at()
        time.sleep(SETTLE_SECONDS)
        used = {what: seconds - before[what] for what, seconds in app.cpu_seconds().items()}
    told = sink.take()
    if told["distinct"] != shape.deliveries:
        raise BrokenRunError(f"{told['distinct']} deliveries came, not {shape.deliveries}")
    return Delivered(
        deliveries=shape.deliveries,
        began_at=began_at,
        first_at=told["first_at"],
        last_at=told["last_at"],
        calls=told["calls"],
        most_at_once=told["most_at_once"],
        app_cpu=used["app"],
        storage_cpu=used["storage"],
    )
