"""How do numbers and spans become OpenTelemetry's?

Loaded only when there is somewhere to send them. No exception is recorded with a span: its text may hold a secret.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from shared.domain.metrics import METRICS, Kind, Metric
from shared.telemetry import SpanName

_KINDS: Mapping[SpanName, SpanKind] = {  # none is a consumer: Azure Monitor would count it as a run of a function
    SpanName.FLOW_CALL: SpanKind.CLIENT,
    SpanName.API_CALL: SpanKind.CLIENT,
}
_METHOD, _STATUS = "http.request.method", "http.response.status_code"
_CALLED: Mapping[SpanName, Mapping[str, str]] = {  # who, and never at which address
    SpanName.FLOW_CALL: {"peer.service": "flow", _METHOD: "POST"},
    SpanName.API_CALL: {"peer.service": "Customer Insights"},
}
_NAMES: Mapping[str, str] = {"method": _METHOD}  # what the conventions call it
_TRACEPARENT = "traceparent"
_FAILED_FROM = 400
_TEXTS = 4096
_trace_context = TraceContextTextMapPropagator()


class _Span:
    """A step that is being made."""

    def __init__(self, span: trace.Span, clean: Callable[[str], str]) -> None:
        self._span = span
        self._clean = clean

    def answered(self, status: int) -> None:
        """Note the status of the answer."""
        self._span.set_attribute(_STATUS, status)
        if status >= _FAILED_FROM:
            self.fail(f"http_{status}")

    def fail(self, reason: str) -> None:
        """Note a failure."""
        self._span.set_attribute("error.type", self._clean(reason))
        self._span.set_status(Status(StatusCode.ERROR))


class OpenTelemetry:
    """The port over a tracer and a meter. `clean` takes secrets out of a text."""

    def __init__(self, tracer: Tracer, meter: Meter, clean: Callable[[str], str]) -> None:
        self._tracer = tracer
        self._clean = lru_cache(_TEXTS)(clean)
        self._instruments = {metric.name: _instrument(meter, metric) for metric in METRICS}

    def record(self, metric: Metric, amount: float = 1, **attributes: str) -> None:
        """Take a number."""
        self._instruments[metric.name](amount, {name: self._clean(value) for name, value in attributes.items()})

    @contextmanager
    def span(self, name: SpanName, parent: str = "", **attributes: str | int) -> Iterator[_Span]:
        """A step. One that a message brought goes on with its sender's trace."""
        with self._tracer.start_as_current_span(
            name.value,
            context=_context_of(parent),
            kind=_KINDS.get(name, SpanKind.INTERNAL),
            attributes=self._attributes(name, attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            told = _Span(span, self._clean)
            try:
                yield told
            except BaseException as error:
                told.fail(type(error).__name__)
                raise

    def traceparent(self) -> str:
        """The step that is being made."""
        carrier: dict[str, str] = {}
        _trace_context.inject(carrier)
        return carrier.get(_TRACEPARENT, "")

    def _attributes(self, name: SpanName, given: Mapping[str, str | int]) -> dict[str, AttributeValue]:
        cleaned = {
            _NAMES.get(key, f"signals.{key}"): self._clean(value) if isinstance(value, str) else value
            for key, value in given.items()
        }
        return {**_CALLED.get(name, {}), **cleaned}


def _context_of(traceparent: str) -> Context | None:
    """The step that a message brought; None when it brought none."""
    if not traceparent:
        return None
    found = _trace_context.extract({_TRACEPARENT: traceparent}, context=Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None


def _instrument(meter: Meter, metric: Metric) -> Callable[[float, Mapping[str, str]], None]:
    told = metric.name, metric.unit, metric.description
    match metric.kind:
        case Kind.COUNTER:
            return meter.create_counter(*told).add
        case Kind.GAUGE:
            return meter.create_gauge(*told).set
        case Kind.HISTOGRAM:
            return meter.create_histogram(*told).record
