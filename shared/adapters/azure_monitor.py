"""How does telemetry come to Azure Monitor: by which exporters, and how does it end?

They send what the app tells, and nothing about themselves to anybody else.
"""

import os
import platform
import threading
from collections.abc import Callable
from typing import Any

from azure.core.credentials import TokenCredential
from azure.monitor.opentelemetry.exporter import (
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
    AzureMonitorTraceExporter,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider, _Gauge
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from shared.adapters.telemetry import OpenTelemetry
from shared.adapters.telemetry_logs import LogExport

_SCOPE = "customer-insights-signals"
_SWITCHED_OFF = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",  # tells its vendor how the exporter fares
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",  # the same, as metrics that the customer pays for
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",  # asks its vendor how to behave
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",  # a row of nothing new with every batch of spans
)
_METRICS_MILLISECONDS = 15_000  # so much is lost with an instance that goes away at once
_SENDING_SECONDS = 5
_RETRIES = 2
_CLOSING_SECONDS = 10.0


class _MetricExporter(AzureMonitorMetricExporter):
    """Sends the number of a gauge once. Else an instance says it for as long as it lives, whatever others say since."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._preferred_temporality = {**(self._preferred_temporality or {}), _Gauge: AggregationTemporality.DELTA}


class AzureMonitor:
    """One for a process: threads that send in batches, and the handler that the root logger is given.

    `role` and `instance` say where it comes from. Without a credential the instrumentation key has to do.
    """

    def __init__(
        self,
        connection_string: str,
        credential: TokenCredential | None,
        *,
        role: str,
        instance: str,
        clean: Callable[[str], str],
    ) -> None:
        for name in _SWITCHED_OFF:
            os.environ.setdefault(name, "true")
        options: dict[str, Any] = {
            "connection_string": connection_string,
            "credential": credential,
            "disable_offline_storage": True,
            "timeout": _SENDING_SECONDS,
            "read_timeout": _SENDING_SECONDS,
            "retry_total": _RETRIES,
        }
        self._credential = credential
        self._exporters = (
            AzureMonitorTraceExporter(**options),
            AzureMonitorLogExporter(**options),
            _MetricExporter(**options),
        )
        traces, logs, metrics = self._exporters
        resource = Resource({SERVICE_NAME: role, SERVICE_INSTANCE_ID: instance or platform.node()})
        self._tracing = TracerProvider(resource=resource)
        self._tracing.add_span_processor(BatchSpanProcessor(traces))
        self._logging = LoggerProvider(resource=resource)
        self._logging.add_log_record_processor(BatchLogRecordProcessor(logs))
        reader = PeriodicExportingMetricReader(metrics, _METRICS_MILLISECONDS)
        self._metering = MeterProvider([reader], resource=resource)
        self.telemetry = OpenTelemetry(self._tracing.get_tracer(_SCOPE), self._metering.get_meter(_SCOPE), clean)
        self.handler = LogExport(self._logging, clean)

    def close(self, seconds: float = _CLOSING_SECONDS) -> None:
        """Send what is left, and end; what cannot be sent in time is lost."""
        ending = threading.Thread(target=self._end, name="telemetry-ending", daemon=True)
        ending.start()
        ending.join(seconds)

    def _end(self) -> None:
        for provider in (self._metering, self._tracing, self._logging):  # alerts ask for numbers
            provider.shutdown()
        for exporter in self._exporters:
            exporter.client.close()
        if self._credential is not None and hasattr(self._credential, "close"):
            self._credential.close()
