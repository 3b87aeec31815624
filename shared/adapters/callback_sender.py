"""Calls flows over HTTP. A callback URL is a secret: no error, log line or repr here holds it."""

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import lru_cache, partial

import aiohttp
import msgspec
from azure.core.exceptions import AzureError
from yarl import URL

from shared.adapters.checked_resolver import CheckedResolver
from shared.adapters.messages import encode_event, encode_events_list
from shared.adapters.retry_after import retry_after_seconds
from shared.domain.callback_url import CallbackUrl, parse_callback_url
from shared.domain.deliveries import Answer, FlowCall
from shared.domain.signatures import sign
from shared.errors import DeliveryFailed

TIMEOUT_SECONDS = 20
CONNECT_SECONDS = 5
CALLS_AT_ONCE = 256
MAX_ANSWER_BYTES = 64 * 1024
_URLS_KEPT = 256
_HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "customer-insights-signals"}
_CODE = re.compile(r"[\w.-]{1,100}", re.ASCII)  # codes and run ids are kept and shown: no room for a URL in them
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "dns"),
    (aiohttp.ClientSSLError, "tls"),
    (aiohttp.ClientConnectionError, "connection"),
    (aiohttp.ClientError, "protocol"),
)


class _Fault(msgspec.Struct):
    code: str = ""


class _FaultBody(msgspec.Struct):
    error: _Fault = msgspec.field(default_factory=_Fault)


class CallbackSender:
    """One connection pool for the life of the worker; no redirects, no cookies, no proxy from the environment.

    `token` gives the token for flows on `token_hosts` that let nobody in without one. `resolver` and `tls` are for
    tests.
    """

    def __init__(
        self,
        *,
        allowed_suffixes: Sequence[str],
        allow_loopback: bool = False,
        token: Callable[[], Awaitable[str]] | None = None,
        token_hosts: Collection[str] = (),
        resolver: CheckedResolver | None = None,
        tls: ssl.SSLContext | bool = True,
    ) -> None:
        self._allow_loopback = allow_loopback
        taken = partial(parse_callback_url, allowed_suffixes=tuple(allowed_suffixes), allow_loopback=allow_loopback)
        self._parse = lru_cache(_URLS_KEPT)(taken)  # a flow that gets one event gets more
        self._token = token
        self._token_hosts = frozenset(token_hosts)
        self._resolver = resolver
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, call: FlowCall) -> Answer:
        """POST as JSON, signed. Raises DeliveryFailed and CallbackRejected with a reason code."""
        url = self._parse(call.callback_url)
        body = encode_events_list(call.events) if call.as_list else encode_event(call.events[0])
        authorization = await self._authorization(url)
        try:
            async with self._turns:  # waiting for a turn is not the flow's time
                headers = _HEADERS | authorization | _signature(call, body)
                return await self._post(URL(url.secret, encoded=True), body, headers)
        except (TimeoutError, aiohttp.ClientError) as error:
            reason = next(reason for kind, reason in _REASONS if isinstance(error, kind))
        # Not raised in the block above: the vendor's error names the URL and would go along as its context.
        raise DeliveryFailed(f"No answer from {url.host} ({reason}).", reason=reason)

    async def _authorization(self, url: CallbackUrl) -> dict[str, str]:
        """A token, for a flow whose URL is not enough; never for another host."""
        if self._token is None or url.host not in self._token_hosts or url.is_signed:
            return {}
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return {"Authorization": f"Bearer {await self._token()}"}
        except (AzureError, TimeoutError):
            pass
        raise DeliveryFailed(f"The app has no token for {url.host}.", reason="flow_token")

    async def _post(self, url: URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            self._open().post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return Answer(
                response.status,
                _code(await _start_of(response)) if response.status >= 400 else "",
                retry_after_seconds(response.headers.get("Retry-After")),
                _word(response.headers.get("x-ms-workflow-run-id", "")) or None,
            )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)  # the whole has its own
            resolver = self._resolver or CheckedResolver(allow_loopback=self._allow_loopback)
            connector = aiohttp.TCPConnector(limit=0, resolver=resolver, ssl=self._tls)
            self._session = aiohttp.ClientSession(
                timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session


def _signature(call: FlowCall, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0.0. The id is the same for every attempt, the time is the attempt's."""
    now = int(time.time())
    headers = {"webhook-id": call.id, "webhook-timestamp": str(now)}
    return headers | ({"webhook-signature": sign(call.secrets, call.id, now, body)} if call.secrets else {})


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """As much of an answer as is worth reading; it may come in pieces."""
    start = b""
    while len(start) < MAX_ANSWER_BYTES:
        piece = await response.content.read(MAX_ANSWER_BYTES - len(start))
        if not piece:
            break
        start += piece
    return start


def _code(body: bytes) -> str:
    """The code of a Logic Apps error body: {"error": {"code": ...}}."""
    try:
        code = msgspec.json.decode(body, type=_FaultBody).error.code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return _word(code)


def _word(text: str) -> str:
    """What a flow says of itself, if it can be shown."""
    return text if _CODE.fullmatch(text) else ""
