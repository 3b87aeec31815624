"""Ports for tests that start whole runs."""

from local.children import free_ports
from local.errors import LocalError
from local.stage import Addresses


def free_base() -> int:
    """The first of seven ports in a row that nothing uses at the moment."""
    for base in free_ports(20):
        try:
            Addresses(base).require_free()
        except LocalError:
            continue
        return base
    raise AssertionError("no seven free ports in a row")
