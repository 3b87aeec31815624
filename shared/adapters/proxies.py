"""Does this machine reach others through a proxy?"""

from urllib.request import getproxies


def has_proxy() -> bool:
    """Whether one is set. Where none is, aiohttp need not look for ~/.netrc, on a thread, at every request."""
    return bool(getproxies())
