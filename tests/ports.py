"""Ports for tests that start whole runs."""

from local.children import free_ports
from local.errors import LocalError
from local.stage import Addresses


def free_base(hosts: int = 1) -> int:
    """The first of the ports in a row that a run needs, none of which is in use at the moment."""
    for base in free_ports(20):
        try:
            Addresses(base, hosts).require_free()
        except LocalError:
            continue
        return base
    raise AssertionError("no free ports in a row")
