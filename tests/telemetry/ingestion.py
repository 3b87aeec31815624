"""A stand-in for the ingestion endpoint of Azure Monitor, with TLS or without, and what it was sent."""

import gzip
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


@dataclass(slots=True)
class Ingestion:
    """Its address, the status that it answers, and what it took. Until `held` is set it answers nothing."""

    url: str = ""
    status: int = 200
    held: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def connection_string(self) -> str:
        """As the portal shows it."""
        return f"InstrumentationKey={KEY};IngestionEndpoint={self.url}/"

    @property
    def items(self) -> list[dict[str, Any]]:
        """What it was sent, item by item."""
        return [item for _, _, body in self.requests for item in json.loads(body)]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of the items of a kind, such as MetricData."""
        return [item["data"]["baseData"] for item in self.items if item["data"]["baseType"] == kind]


@contextmanager
def taking(folder: Path | None = None) -> Iterator[Ingestion]:
    """A running stand-in. With a folder it has TLS, and its certificate is the folder's `ca.pem`."""
    made = Ingestion()
    made.held.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    scheme = "http"
    if folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*_certificate(folder))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    made.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.held.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(made: Ingestion) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Takes what comes."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            whole = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            made.requests.append((self.path, dict(self.headers), whole))
            count = len(json.loads(whole))
            made.held.wait()
            answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
            with suppress(ConnectionError):  # nobody may wait for it any more
                self.send_response(made.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing goes to the terminal."""

    return Handler


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(host, critical=False)
    made = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "ca.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return folder / "ca.pem", folder / "key.pem"
