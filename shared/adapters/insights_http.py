"""Calls of the Customer Insights API over HTTP: retries, deadlines, bounds, and what its errors mean.

Nothing here knows what is asked. Every vendor error becomes one of ours, without the request's headers in its text.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import AsyncPipeline, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncHTTPPolicy,
    AsyncRetryPolicy,
    HeadersPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.adapters import insights_models as wire
from shared.adapters.api_calls import ApiCalls, CountingPolicy
from shared.adapters.proxies import has_proxy
from shared.adapters.retry_after import http_date, retry_after_seconds
from shared.adapters.salvage import decode_one
from shared.errors import (
    InsightsAnswerInvalid,
    InsightsError,
    InsightsNotFound,
    InsightsRefused,
    InsightsRejected,
    InsightsThrottled,
    InsightsTimeout,
    InsightsUnavailable,
)

_MAX_RETRY_AFTER_SECONDS = 5.0
_READ_SECONDS = 60
_DEADLINE_SECONDS = 120  # retries and a dripping answer included; a poll must end long before the host gives up
_MAX_BYTES = 256 * 1024 * 1024
_BLOCK_BYTES = 128 * 1024
_RETRIES = 2
_PACKED = ("gzip", "deflate")
_ANY_HEADER = zlib.MAX_WBITS | 32  # gzip's or zlib's
_BOUNDS, _CONTENT = "bounds", "content"
_ELSEWHERE = ApiCalls()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class _Retry(AsyncRetryPolicy[Any, Any]):
    """Retries what passes soon. A long Retry-After is for the caller to respect."""

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Whether to try again now."""
        wait = self.get_retry_after(response)
        return (wait is None or wait <= _MAX_RETRY_AFTER_SECONDS) and super().is_retry(settings, response)

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """The time to wait; a Retry-After that is neither seconds nor a date is none."""
        try:
            return super().get_retry_after(response)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class _Bounds:
    """How much of an answer is read, and whether as it was sent."""

    max_bytes: int
    raw: bool


class _Reading(AsyncHTTPPolicy[Any, Any]):
    """Reads each answer to its end, or closes it, before anybody tries again: no connection is left taken."""

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """The answer; its bytes are in the context."""
        if _BOUNDS not in request.context:
            request.context[_BOUNDS] = request.context.options.pop(_BOUNDS)
        response = await self.next.send(request)
        async with response.http_response:
            request.context[_CONTENT] = await _read(response.http_response, request.context[_BOUNDS])
        return response


class InsightsHttp:
    """A connection to the API: with the app's own identity, or without one, where each call brings its token."""

    def __init__(
        self,
        base_url: str,
        credential: AsyncTokenCredential | None = None,
        scope: str = "",
        calls: ApiCalls | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._calls = calls or ApiCalls()
        policies: list[Any] = [
            UserAgentPolicy(base_user_agent="customer-insights-signals"),
            HeadersPolicy({"Accept": "application/json"}),
            _Retry(retry_total=_RETRIES, retry_backoff_factor=0.5, retry_backoff_max=4),
        ]
        if credential is not None:
            policies.append(AsyncBearerTokenCredentialPolicy(credential, scope))
        transport = AioHttpTransport(connection_data_block_size=_BLOCK_BYTES, use_env_settings=has_proxy())
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            transport, policies=[*policies, CountingPolicy(self._calls, self.base_url), _Reading()]
        )
        # Only the policy that adds the app's token knows this option.
        self._options = {"enforce_https": base_url.startswith("https://")} if credential else {}

    async def close(self) -> None:
        """Close the connections."""
        await self._pipeline.__aexit__()

    def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpRequest:
        """A request for a path below the base URL, whose parts are quoted already; the query is quoted here."""
        quoted = {name: quote(value, safe="") for name, value in query.items()}  # the SDK does not quote them
        sent = {**headers, "Content-Type": "application/json"} if body is not None else dict(headers)
        return HttpRequest(method, f"{self.base_url}{path}", params=quoted, headers=sent, content=body)

    async def send(
        self,
        request: HttpRequest,
        *,
        once: bool = False,
        max_bytes: int = _MAX_BYTES,
        deadline_seconds: float = _DEADLINE_SECONDS,
        raw: bool = False,
    ) -> Reply:
        """The answer, whatever its status; `once`: without trying again, `raw`: as it was sent, compressed or not.

        Raises InsightsError.
        """
        calls = self._calls if request.url.startswith(self.base_url) else _ELSEWHERE
        with calls.step(request.method) as step:
            async with _guarded(deadline_seconds):
                done = await self._run(request, once=once, bounds=_Bounds(max_bytes, raw))
            step.answered(done.http_response.status_code)
        return Reply(done.http_response.status_code, done.http_response.headers, done.context.pop(_CONTENT))

    async def _run(
        self, request: HttpRequest, *, once: bool, bounds: _Bounds
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        return await self._pipeline.run(
            request,
            stream=True,
            connection_timeout=10,
            read_timeout=_READ_SECONDS,
            retry_total=0 if once else _RETRIES,
            **{_BOUNDS: bounds},
            **self._options,
        )


async def _read(response: AsyncHttpResponse, bounds: _Bounds) -> bytes:
    """The SDK would unpack each piece whole, however large it becomes."""
    packed = response.headers.get("Content-Encoding", "").lower() in _PACKED and not bounds.raw
    unpacker = zlib.decompressobj(_ANY_HEADER) if packed else None
    parts, size = [], 0
    async for piece in response.iter_raw():
        part = unpacker.decompress(piece, bounds.max_bytes - size + 1) if unpacker else piece
        size += len(part)
        if size > bounds.max_bytes:
            raise InsightsAnswerInvalid("The API's answer is too large.", reason="answer_too_large")
        parts.append(part)
    if unpacker and parts and not unpacker.eof:
        raise InsightsAnswerInvalid("The API's answer cannot be decompressed.")
    return b"".join(parts)


@asynccontextmanager
async def _guarded(deadline_seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(deadline_seconds):
            yield
    except TimeoutError:
        raise InsightsTimeout(f"The API gave no whole answer within {deadline_seconds:.0f} s.") from None
    except ClientAuthenticationError as error:
        raise InsightsRefused(
            "No token for the Customer Insights API: check the app's identity and its permission.",
            reason="identity_unavailable",
        ) from error
    except zlib.error:
        raise InsightsAnswerInvalid("The API's answer cannot be decompressed.") from None
    except UnicodeError:  # what looks a host up says so of a name that no host has
        raise InsightsUnavailable("The address that the API gives names no host.") from None
    except AzureError as error:
        raise InsightsUnavailable(f"The Customer Insights API cannot be reached ({type(error).__name__}).") from error


def failure_of(reply: Reply) -> InsightsError:
    """What an answer of 400 or more means to the app itself."""
    status, said = reply.status, told(reply)
    wait = retry_after_seconds(reply.headers.get("Retry-After"))
    if status == 429:
        return InsightsThrottled(f"The API asks to slow down{said}.", retry_after_seconds=wait or 30.0)
    if status in (401, 403):
        hint = "check the subscription key and that the app is a user of the environment"
        return InsightsRefused(f"The API refuses the app ({status}{said}): {hint}.", reason=f"insights_{status}")
    if status == 404:
        return InsightsNotFound(f"The API knows no such environment or object{said}.")
    if status == 408 or status >= 500:
        return InsightsUnavailable(f"The API failed ({status}{said}).", retry_after_seconds=wait)
    return InsightsRejected(f"The API rejects the request ({status}{said}).")


def told(reply: Reply) -> str:
    """The vendor's own word on an error, shortened."""
    fault = fault_of(reply)
    word = " ".join((fault.error_code or fault.name or fault.message or "").split())
    return f", {word[:200]}" if word else ""


def fault_of(reply: Reply) -> wire.WireFault:
    """What the vendor says of an error; nothing, if that cannot be read."""
    try:
        return decode_one(reply.content, wire.WireFault)
    except InsightsAnswerInvalid:
        return wire.WireFault()


def served_at(reply: Reply) -> datetime:
    """The source's clock; ours only where the source sends none."""
    return http_date(reply.headers.get("Date", "")) or datetime.now(UTC)
