"""Which calls of the Customer Insights API were made, and what came of them: counted, and seen in a trace?"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy

from shared.domain.metrics import API_CALLS, NO_STATUS
from shared.telemetry import Silent, Span, SpanName, Telemetry

_KNOWN = range(100, 600)


@dataclass(frozen=True, slots=True)
class ApiCalls:
    """Who calls (as API_CALLS has it), and who is told of it."""

    caller: str = "poll"
    telemetry: Telemetry = field(default_factory=Silent)

    def count(self, status: int | None) -> None:
        """One attempt, and the status of its answer. What is no status of HTTP is none."""
        self.telemetry.record(API_CALLS, caller=self.caller, status=str(status) if status in _KNOWN else NO_STATUS)

    def step(self, method: str) -> AbstractContextManager[Span]:
        """The call as a trace shows it: neither its address nor its query, which may hold what people typed."""
        return self.telemetry.span(SpanName.API_CALL, caller=self.caller, method=method)


class CountingPolicy(AsyncHTTPPolicy[Any, Any]):
    """Counts every attempt at addresses below the API's; partitions lie elsewhere."""

    def __init__(self, calls: ApiCalls, base_url: str) -> None:
        super().__init__()
        self._calls = calls
        self._base_url = base_url

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """The answer, counted."""
        if not request.http_request.url.startswith(self._base_url):
            return await self.next.send(request)
        status = None
        try:
            response = await self.next.send(request)
            status = response.http_response.status_code
            return response
        finally:
            self._calls.count(status)
