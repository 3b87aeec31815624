"""OpenTelemetry in memory: what was told, and invocations as the Functions worker announces them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from opentelemetry import context
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.adapters.telemetry import OpenTelemetry
from shared.adapters.telemetry_logs import LogExport
from shared.observability import redact

_numbers = count(1)
Point = tuple[dict[str, Any], float, int]


@dataclass(slots=True)
class Told:
    """What was told, by spans, numbers and records."""

    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    logs: InMemoryLogRecordExporter = field(default_factory=InMemoryLogRecordExporter)
    tracing: TracerProvider = field(init=False)
    metering: MeterProvider = field(init=False)
    logging: LoggerProvider = field(init=False)
    telemetry: OpenTelemetry = field(init=False)
    handler: LogExport = field(init=False)

    def __post_init__(self) -> None:
        self.tracing = TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self.spans))
        self.metering = MeterProvider([self.reader])
        self.logging = LoggerProvider()
        self.logging.add_log_record_processor(SimpleLogRecordProcessor(self.logs))
        self.telemetry = OpenTelemetry(self.tracing.get_tracer("test"), self.metering.get_meter("test"), redact)
        self.handler = LogExport(self.logging, redact)

    def close(self) -> None:
        """End the providers."""
        for provider in (self.tracing, self.metering, self.logging):
            provider.shutdown()

    @property
    def finished(self) -> list[ReadableSpan]:
        """The steps that were made, in the order in which they began."""
        return sorted(self.spans.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of a name."""
        return [span for span in self.finished if span.name == name]

    def points(self) -> dict[str, list[Point]]:
        """By metric: attributes, the number (or the sum), and how many numbers it is made of."""
        data = self.reader.get_metrics_data()
        scopes = [scope for one in data.resource_metrics for scope in one.scope_metrics] if data else []
        return {
            metric.name: [_point(point) for point in metric.data.data_points]
            for scope in scopes
            for metric in scope.metrics
        }


def _point(point: Any) -> Point:
    if isinstance(point, HistogramDataPoint):
        return dict(point.attributes or {}), point.sum, point.count
    assert isinstance(point, NumberDataPoint)
    return dict(point.attributes or {}), point.value, 1


def id_of(span: ReadableSpan) -> int:
    """The id of a step."""
    assert span.context is not None
    return int(span.context.span_id)


def trace_of(span: ReadableSpan) -> int:
    """The trace of a step."""
    assert span.context is not None
    return int(span.context.trace_id)


@contextmanager
def invoked() -> Iterator[str]:
    """An invocation of a function, whose trace context the worker attached: a trace that the host began."""
    number = next(_numbers)
    traceparent = f"00-{number:032x}-{number:016x}-01"
    attached = TraceContextTextMapPropagator().extract({"traceparent": traceparent}, context=context.Context())
    token = context.attach(attached)
    try:
        yield traceparent
    finally:
        context.detach(token)


def told_of(told: Told) -> str:
    """Everything that was told, as one text."""
    spans = [span.to_json() for span in told.finished]
    records = [one.to_json() for one in told.logs.get_finished_logs()]
    return "\n".join([*spans, *records, str(told.points())])
