"""What did the app tell? Telemetry in memory: it remembers all, and takes nothing that the metrics do not allow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.domain.metrics import Metric
from shared.telemetry import SpanName


@dataclass(slots=True)
class MemorySpan:
    """A step as it was told."""

    name: SpanName
    parent: str
    attributes: dict[str, str | int]
    status: int | None = None
    reason: str = ""

    def answered(self, status: int) -> None:
        """Note a status."""
        self.status = status

    def fail(self, reason: str) -> None:
        """Note a failure."""
        self.reason = reason


@dataclass(slots=True)
class MemoryTelemetry:
    """Numbers and spans in the order in which they were told; set `here` to have messages carry it."""

    numbers: list[tuple[str, float, dict[str, str]]] = field(default_factory=list)
    spans: list[MemorySpan] = field(default_factory=list)
    here: str = ""

    def record(self, metric: Metric, amount: float = 1, **attributes: str) -> None:
        """Take a number. Raises ValueError when its attributes are not those of the metric."""
        if attributes.keys() != metric.attributes.keys():
            raise ValueError(f"{metric.name} has {sorted(metric.attributes)}, not {sorted(attributes)}.")
        for name, value in attributes.items():
            if metric.attributes[name] and value not in metric.attributes[name]:
                raise ValueError(f"{metric.name}: {value!r} is no {name}.")
        self.numbers.append((metric.name, amount, attributes))

    @contextmanager
    def span(self, name: SpanName, parent: str = "", **attributes: str | int) -> Iterator[MemorySpan]:
        """Take a step."""
        self.spans.append(MemorySpan(name, parent, attributes))
        yield self.spans[-1]

    def traceparent(self) -> str:
        """What a test set."""
        return self.here

    def amounts(self, metric: Metric, **attributes: str) -> list[float]:
        """The numbers of a metric that have these attributes, among others."""
        return [
            amount for name, amount, told in self.numbers if name == metric.name and attributes.items() <= told.items()
        ]

    def total(self, metric: Metric, **attributes: str) -> float:
        """Their sum."""
        return sum(self.amounts(metric, **attributes))
