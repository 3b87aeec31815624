"""Hand committed events on: to the event log, then to the queues, then clear the outbox.

In this order a crash anywhere repeats work and loses none: the log is written by number, and an event keeps its id.
"""

from dataclasses import replace

from shared.ports import EventBatch, Ports
from shared.stores import StoredState
from shared.telemetry import SpanName


async def relay_outbox(ports: Ports, environment_id: str, stored: StoredState) -> StoredState:
    """Relay what the outbox holds. Raises CheckpointConflict when another poller took the outbox over."""
    state = stored.state
    with ports.telemetry.span(SpanName.RELAY, environment=environment_id, events=len(state.outbox)):
        await ports.log.append(environment_id, state.outbox)
        events = tuple(numbered.event for numbered in state.outbox)
        await ports.queues.send_events(EventBatch(environment_id, events, ports.telemetry.traceparent()))
        cleared = replace(state, outbox=())
        return StoredState(cleared, await ports.checkpoints.write(environment_id, cleared, stored.etag))
