"""Which addresses a callback may never reach: this machine, its network, Azure's own services, and what hides them.

The tables are ours because Python's own verdicts differ between versions, and call 168.63.129.16 (Azure's platform
address) global. IPv6 is closed but for global unicast, and there for the ranges that carry other addresses inside.
Sources: the IANA special-purpose address registries, RFC 6890, and Microsoft's page on 168.63.129.16.
"""

import ipaddress

_CLOSED_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure: DNS, health probes, WireServer
        "169.254.0.0/16",  # link-local: instance metadata, and the identity endpoint of App Service
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def is_forbidden(address: str) -> bool:
    """Whether a numeric address must not be dialled. What is no address must not be either."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True
    if isinstance(found, ipaddress.IPv4Address):
        return any(found in network for network in _CLOSED_4)
    return found.scope_id is not None or found not in _OPEN_6 or any(found in network for network in _CLOSED_6)
