"""Which parts are measured, in which order? docs/performance.md lists them with the figures of the last whole run."""

from bench import cold, cost, deliveries, detection, growth, lag, memory, ticks
from bench.figures import Part

PARTS: tuple[Part, ...] = (
    deliveries.PART,
    lag.PART,
    detection.PART,
    growth.PART,
    cost.PART,
    cold.PART,
    memory.PART,
    ticks.PART,
)
