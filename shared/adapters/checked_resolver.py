"""Resolves the hosts of callbacks, and lets no name lead to an address that must not be called.

The addresses that are checked are those that are dialled: a name that answers differently the next time gains nothing.
"""

import socket
from collections.abc import Callable

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from shared.domain.addresses import is_forbidden
from shared.domain.callback_url import LOOPBACK
from shared.errors import DeliveryFailed


class CheckedResolver(AbstractResolver):
    """A resolver that refuses a name when any of its addresses is forbidden.

    `allow_loopback` is for one's own machine: its name, and no other, may then lead to it. `inner` and `forbidden` are
    for tests.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        inner: AbstractResolver | None = None,
        forbidden: Callable[[str], bool] = is_forbidden,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._inner = inner
        self._forbidden = forbidden

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises OSError when there are none, DeliveryFailed when one is forbidden."""
        if self._inner is None:
            self._inner = ThreadedResolver()  # needs the running loop
        found = await self._inner.resolve(host, port, family)
        if self._allow_loopback and host.lower() in LOOPBACK:
            return found
        if any(self._forbidden(one["host"]) for one in found):
            raise DeliveryFailed(f"{host} leads to an address that is never called.", reason="address_forbidden")
        return found

    async def close(self) -> None:
        """Release what the resolver holds."""
        if self._inner is not None:
            await self._inner.close()
