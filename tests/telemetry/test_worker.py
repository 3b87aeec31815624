"""Do traces go on from the invocations that Microsoft's own worker library announces?"""

import asyncio
from types import SimpleNamespace

import pytest

from shared.telemetry import SpanName
from tests.telemetry.told import Told, trace_of

otel = pytest.importorskip("azure_functions_runtime.otel", reason="published for Python 3.13 and newer")


async def test_a_step_is_below_the_invocation_that_the_worker_announced(told: Told) -> None:
    """In the task of the invocation, and in no other; what a message brought comes first."""
    otel.otel_manager.set_otel_libs_available(True)
    otel.update_opentelemetry_status()
    carried: list[str] = []

    async def invocation(number: int, name: SpanName) -> None:
        traceparent = f"00-{number:032x}-{number:016x}-01"
        otel.configure_opentelemetry(
            SimpleNamespace(trace_context=SimpleNamespace(trace_parent=traceparent, trace_state=""))
        )
        with told.telemetry.span(name, carried[0] if carried else ""):
            carried.append(told.telemetry.traceparent())

    for number, name in enumerate((SpanName.POLL, SpanName.FAN_OUT), start=1):
        await asyncio.create_task(invocation(number, name))
    assert told.telemetry.traceparent() == ""
    assert [trace_of(span) for span in told.finished] == [1, 1]
    assert [[link.context.trace_id for link in span.links] for span in told.finished] == [[], [2]]
