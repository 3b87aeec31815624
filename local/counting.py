"""What is asked of storage? Clients whose every request is counted at the transport, the last thing before the wire."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared.adapters.storage import StorageAccount

READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and the status of its answer."""

    service: str
    method: str
    url: str
    status: int
    bytes: int

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of its URL."""
        return parse_qs(urlsplit(self.url).query)

    @property
    def is_write(self) -> bool:
        """Whether it can have changed anything."""
        return self.method not in READS

    @property
    def kind(self) -> str:
        """As a bill has it: read, list (a query of a table too), write or delete."""
        if self.method == "DELETE":
            return "delete"
        lists = self.query.get("comp") == ["list"] or urlsplit(self.url).path.endswith("()")
        return "write" if self.is_write else "list" if lists else "read"


@dataclass(slots=True)
class Ledger:
    """All requests, in order. `before` is called with the method and the URL of each before it goes out."""

    sent: list[Sent] = field(default_factory=list)
    before: Callable[[str, str], Awaitable[None]] | None = None

    def clear(self) -> None:
        """Count from here."""
        self.sent.clear()

    def of(self, service: str, *methods: str) -> list[Sent]:
        """Those to a service, with any method or one of these."""
        return [one for one in self.sent if one.service == service and (not methods or one.method in methods)]

    @property
    def reads(self) -> list[Sent]:
        """Those that changed nothing."""
        return [one for one in self.sent if not one.is_write]

    @property
    def writes(self) -> list[Sent]:
        """The others."""
        return [one for one in self.sent if one.is_write]


class CountingTransport(AioHttpTransport):  # type: ignore[misc]  # it is Any to mypy
    """The SDK's own transport, which also writes down what passes."""

    def __init__(self, service: str, ledger: Ledger) -> None:
        super().__init__()
        self._service = service
        self._ledger = ledger

    async def send(self, request: Any, **options: Any) -> Any:
        """Pass it on and write it down."""
        if self._ledger.before is not None:
            await self._ledger.before(request.method, request.url)
        response = await super().send(request, **options)
        body = request.data
        size = len(body) if isinstance(body, bytes | str) else 0
        self._ledger.sent.append(Sent(self._service, request.method, request.url, response.status_code, size))
        return response


def counted_account(connection_string: str, ledger: Ledger) -> StorageAccount:
    """The account, all of whose requests end up in the ledger."""
    return StorageAccount(
        BlobServiceClient.from_connection_string(connection_string, transport=CountingTransport("blob", ledger)),
        QueueServiceClient.from_connection_string(connection_string, transport=CountingTransport("queue", ledger)),
        TableServiceClient.from_connection_string(connection_string, transport=CountingTransport("table", ledger)),
    )
