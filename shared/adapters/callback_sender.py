"""Calls flows over HTTP. A callback URL is a secret: no error, log line or repr here holds it."""

import asyncio
from collections.abc import Sequence

import aiohttp
import msgspec

from shared.adapters.messages import encode_event
from shared.domain.callback_url import parse_callback_url
from shared.domain.deliveries import Answer
from shared.domain.events import Event
from shared.errors import DeliveryFailed

TIMEOUT_SECONDS = 20
CONNECT_SECONDS = 5
MAX_ANSWER_BYTES = 64 * 1024
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "customer-insights-signals"}


class _Fault(msgspec.Struct):
    code: str = ""


class _FaultBody(msgspec.Struct):
    error: _Fault = msgspec.field(default_factory=_Fault)


class CallbackSender:
    """One connection pool for the life of the worker; no redirects, no proxy from the environment."""

    def __init__(self, *, allowed_suffixes: Sequence[str], allow_loopback: bool = False) -> None:
        self._allowed_suffixes = tuple(allowed_suffixes)
        self._allow_loopback = allow_loopback
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, callback_url: str, event: Event) -> Answer:
        """POST the event as JSON. Raises DeliveryFailed and CallbackRejected with a reason code."""
        url = parse_callback_url(
            callback_url, allowed_suffixes=self._allowed_suffixes, allow_loopback=self._allow_loopback
        )
        try:
            return await self._post(url.secret, encode_event(event))
        except TimeoutError:
            raise _failed(url.host, "timeout") from None
        except aiohttp.ClientConnectorDNSError:
            raise _failed(url.host, "dns") from None
        except aiohttp.ClientSSLError:
            raise _failed(url.host, "tls") from None
        except aiohttp.ClientConnectionError:
            raise _failed(url.host, "connection") from None
        except aiohttp.ClientError:
            raise _failed(url.host, "protocol") from None

    async def _post(self, url: str, body: bytes) -> Answer:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            async with self._open().post(url, data=body, headers=_HEADERS, allow_redirects=False) as response:
                start = await response.content.read(MAX_ANSWER_BYTES)
                return Answer(
                    response.status,
                    _code(start) if response.status >= 400 else "",
                    _seconds(response.headers.get("Retry-After", "")),
                    response.headers.get("x-ms-workflow-run-id"),
                )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, sock_connect=CONNECT_SECONDS)
            connector = aiohttp.TCPConnector(limit=64, limit_per_host=0)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False)
        return self._session


def _failed(host: str, reason: str) -> DeliveryFailed:
    return DeliveryFailed(f"No answer from {host} ({reason}).", reason=reason)


def _code(body: bytes) -> str:
    """The code of a Logic Apps error body: {"error": {"code": ...}}."""
    try:
        return msgspec.json.decode(body, type=_FaultBody).error.code[:100]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _seconds(text: str) -> float | None:
    return float(text) if text.strip().isdigit() else None
