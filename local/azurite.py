"""How does Azure Storage come to this machine? Azurite, on disk, for as long as a block runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.children import free_ports, running
from local.entra.certificate import Certificate
from local.errors import LocalError
from local.machine import azurite_command

ACCOUNT = "devstoreaccount1"
# Microsoft's published key of every emulator; it opens nothing else.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ATTEMPTS_AT_FREE_PORTS = 3

Ports = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Azurite:
    """Where a running Azurite is."""

    blob_port: int
    queue_port: int
    table_port: int
    scheme: str = "http"

    @property
    def blob_url(self) -> str:
        """The blob service's address."""
        return f"{self.scheme}://127.0.0.1:{self.blob_port}/{ACCOUNT}"

    @property
    def queue_url(self) -> str:
        """The queue service's address."""
        return f"{self.scheme}://127.0.0.1:{self.queue_port}/{ACCOUNT}"

    @property
    def table_url(self) -> str:
        """The table service's address."""
        return f"{self.scheme}://127.0.0.1:{self.table_port}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """What a client or the functions host needs to use all three."""
        services = f"BlobEndpoint={self.blob_url};QueueEndpoint={self.queue_url};TableEndpoint={self.table_url};"
        return f"DefaultEndpointsProtocol={self.scheme};AccountName={ACCOUNT};AccountKey={KEY};{services}"


@contextmanager
def running_azurite(
    data: Path, *, ports: Ports | None = None, log: Path | None = None, certificate: Certificate | None = None
) -> Iterator[Azurite]:
    """Have Azurite keep its data in that folder, at these ports (blob, queue, table) or at free ones.

    With a certificate it serves over TLS, and takes Entra ID's tokens too (it does not check their signatures).
    """
    data.mkdir(parents=True, exist_ok=True)
    log = log or data.with_name(f"{data.name}.log")
    with ExitStack() as stack:
        yield start_azurite(stack, data, ports, log, certificate)


def start_azurite(
    stack: ExitStack, data: Path, ports: Ports | None, log: Path, certificate: Certificate | None
) -> Azurite:
    """Start it; a free port that another program takes meanwhile is no reason to give up."""
    for _ in range(1 if ports else ATTEMPTS_AT_FREE_PORTS):
        blob, queue, table = ports or free_ports(3)
        azurite = Azurite(blob, queue, table, "https" if certificate else "http")
        try:
            stack.enter_context(listening(azurite, data, log, certificate))
        except LocalError as error:
            problem = error
        else:
            return azurite
    raise problem


@contextmanager
def listening(azurite: Azurite, data: Path, log: Path, certificate: Certificate | None) -> Iterator[None]:
    """Run one Azurite process and go on when all three services listen."""
    # Never --inMemoryPersistence: it hangs. Its API version check lags behind what the client libraries send.
    command = [*azurite_command(), "--skipApiVersionCheck", "--silent", "--disableTelemetry", "--location", str(data)]
    for service in ("blob", "queue", "table"):
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(getattr(azurite, f"{service}_port"))]
    if certificate:
        command += ["--oauth", "basic", "--cert", str(certificate.chain), "--key", str(certificate.key)]
    with running("storage emulator (Azurite)", command, log) as child:
        for port in (azurite.blob_port, azurite.queue_port, azurite.table_port):
            child.wait_until_listening(port)
        yield
