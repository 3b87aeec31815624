"""Which callback URLs may be called. A callback URL is a secret: its `sig` starts the flow."""

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit

from shared.errors import CallbackRejected

MAX_LENGTH = 2048
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PLAIN = re.compile(r"[\x21-\x7e]+")
LOOPBACK = ("127.0.0.1", "localhost")
# Under these a host belongs to one Power Platform environment; hosts under .logic.azure.com are shared by strangers.
ENVIRONMENT_HOSTS = (
    ".environment.api.powerplatform.com",
    ".environment.api.gov.powerplatform.microsoft.us",
    ".environment.api.high.powerplatform.microsoft.us",
    ".environment.api.appsplatform.us",
    ".environment.api.powerplatform.partner.microsoftonline.cn",
)


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A callback URL that passed. Neither its repr nor its text shows it; `secret` does."""

    secret: str = field(repr=False)
    host: str

    @property
    def fingerprint(self) -> str:
        """What may be shown instead of the URL."""
        return self.digest[-8:]

    @property
    def digest(self) -> str:
        """What the URL can be found by."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def is_signed(self) -> bool:
        """Whether the URL alone lets in; a flow without a signature in it asks for an Entra ID token."""
        return "sig" in (name.lower() for name, _ in parse_qsl(urlsplit(self.secret).query))

    def __str__(self) -> str:
        return f"{self.host} (...{self.fingerprint})"


def parse_callback_url(text: str, *, allowed_suffixes: Sequence[str], allow_loopback: bool = False) -> CallbackUrl:
    """Take a callback URL: https, port 443, a host under an allowed suffix such as ".logic.azure.com".

    `allow_loopback` also takes http to this machine, for local runs. Raises CallbackRejected with a reason code.
    """
    if len(text) > MAX_LENGTH:
        raise _rejected("too_long", f"is longer than {MAX_LENGTH} characters")
    if not _PLAIN.fullmatch(text) or "\\" in text:
        raise _rejected("characters", "has characters that a URL cannot have")
    split = _split(text)
    if split is None:
        raise _rejected("unreadable", "is not a URL")
    parts, port = split
    host = parts.netloc.rpartition("@")[2].partition(":")[0].lower()
    if "@" in parts.netloc:
        raise _rejected("userinfo", "has a user name in it; leave it away")
    if parts.fragment or text.endswith("#"):
        raise _rejected("fragment", "has a fragment; leave it away")
    if allow_loopback and parts.scheme in ("http", "https") and host in LOOPBACK:
        return CallbackUrl(text, host)
    if parts.scheme != "https":
        raise _rejected("scheme", "must start with https://")
    if port not in (None, 443):
        raise _rejected("port", "must use port 443")
    _check_host(host, allowed_suffixes)
    return CallbackUrl(text, host)


def _split(text: str) -> tuple[SplitResult, int | None] | None:
    """The parts and the port, or None. The error would quote the URL, so it must not become another one's context."""
    try:
        parts = urlsplit(text)
        return parts, parts.port
    except ValueError:
        return None


def _check_host(host: str, allowed_suffixes: Sequence[str]) -> None:
    if _is_address(host) or not all(_LABEL.fullmatch(label) for label in host.split(".")) or len(host) > 253:
        raise _rejected("host", "must name a host of Power Automate or Logic Apps")
    if not any(host.endswith(suffix) and len(host) > len(suffix) for suffix in allowed_suffixes):
        raise _rejected("host_not_allowed", "must be on a host that this app may call (CALLBACK_ALLOWED_HOSTS)")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _rejected(reason: str, problem: str) -> CallbackRejected:
    return CallbackRejected(problem, reason=reason)
