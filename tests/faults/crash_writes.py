"""Which methods of the ports, and of the adapters behind them, write?"""

import inspect
from typing import get_type_hints

from shared.acting import InsightsActions
from shared.ports import Ports

READS = {
    "checkpoints": {"read"},
    "log": {"read", "last_number", "search"},
    "subscriptions": {"of_environment", "find", "show", "find_all", "with_key", "page", "environments"},
    "dead": {"find", "page", "find_message", "messages"},
    "queues": {"read_polls", "read_events", "read_deliveries", "poison"},
    "acting": {
        *("environments", "my_roles", "data_sources", "data_source", "segments", "measures", "measure", "jobs", "job"),
        *("entities", "entity", "entity_size", "items"),
    },
    "partitions": {"read"},
}
NOTHING_OUTSIDE = {"insights", "clock", "jitter", "windows", "proofs", "telemetry"}  # reads, and a worker's own memory
PROTOCOLS = {
    **{name: hint for name, hint in get_type_hints(Ports).items() if name not in NOTHING_OUTSIDE},
    "acting": InsightsActions,
}
# What is made for all who ask at once is made in a task of its own: who asked is not in the stack of the write.
_MADE_BY = {"TableSubscriptions.change_all": "TableSubscriptions._change_batch"}
_IN_AN_ADAPTER = {"claims": {"get"}}  # of no port: what keeps too big a body elsewhere also reads it


def writes_of(kept: type, port: str) -> set[str]:
    """The methods of a port, or of its adapter, that are no reads."""
    methods = {name for name, _ in inspect.getmembers(kept, inspect.iscoroutinefunction) if not name.startswith("_")}
    assert methods >= READS.get(port, set())
    return methods - READS.get(port, set()) - _IN_AN_ADAPTER.get(port, set())


def makers_of(adapter: type, port: str) -> set[str]:
    """The qualified names of the functions that make the writes of an adapter."""
    names = {getattr(adapter, name).__qualname__ for name in writes_of(adapter, port)}
    return {_MADE_BY.get(name, name) for name in names}


def adapters_of(ports: Ports) -> dict[str, type]:
    """The adapter of each port that has one: its class, without what tests make of it."""
    found = {name: _shipped(type(getattr(ports, name))) for name in PROTOCOLS}
    return {name: one for name, one in found.items() if one is not None}


def _shipped(kept: type) -> type | None:
    names = ((one, one.__module__) for one in kept.__mro__)
    return next((one for one, name in names if name.startswith("shared.adapters.") and ".memory" not in name), None)
