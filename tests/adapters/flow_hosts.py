"""The hosts of flows, played on loopback: names, a certificate for them, a flow behind it, and a trap beside it."""

import asyncio
import socket
import ssl
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.adapters.callback_sender import CallbackSender
from shared.adapters.checked_resolver import CheckedResolver
from shared.domain.addresses import is_forbidden
from tests.adapters.loopback import Loopback

CLASSIC = "prod-01.westeurope.logic.azure.com"
NEW = "0123456789abcdef.01.environment.api.powerplatform.com"
OTHER = "hooks.example.com"
NEAR = (f"x.{NEW}", "0123456789abcdef.02.environment.api.powerplatform.com")  # nearly NEW, but somebody else's
ALLOWED = (".logic.azure.com", ".environment.api.powerplatform.com", ".example.com")
PUBLIC = "20.50.2.10"  # an address of the public cloud; nothing is ever sent there


@dataclass(slots=True)
class Names(AbstractResolver):
    """DNS that gives these addresses, in turn; the last ones are given again and again."""

    answers: deque[tuple[str, ...]] = field(default_factory=lambda: deque([(PUBLIC,)]))
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if not addresses:
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        return [_found(host, address, port) for address in addresses]

    async def close(self) -> None:
        self.closed = True


class Network(CheckedResolver):
    """Checks as the app does; what passed, the network then carries: PUBLIC to the flow, all else to the trap."""

    def __init__(self, names: Names, *, flow: int, trap: int, forbidden: Callable[[str], bool] = is_forbidden) -> None:
        super().__init__(inner=names, forbidden=forbidden)
        self._flow = flow
        self._trap = trap

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        passed = await super().resolve(host, port, family)
        return [_found(host, "127.0.0.1", self._flow if one["host"] == PUBLIC else self._trap) for one in passed]


def _found(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=int(socket.AI_NUMERICHOST)
    )


@dataclass(slots=True)
class Trap:
    """A listener where nobody should ever come."""

    port: int = 0
    connections: int = 0

    async def spring(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@dataclass(slots=True)
class FlowHosts:
    """A sender whose every name leads to `flow`, as long as `names` says so."""

    flow: Loopback
    names: Names
    trap: Trap
    network: Network
    sender: CallbackSender


@asynccontextmanager
async def trap() -> AsyncIterator[Trap]:
    """A trap that is set."""
    made = Trap()
    async with await asyncio.start_server(made.spring, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@asynccontextmanager
async def flow_hosts(
    *, token: Callable[[], Awaitable[str]] | None = None, forbidden: Callable[[str], bool] = is_forbidden
) -> AsyncIterator[FlowHosts]:
    """A flow on TLS that takes everything, and the app's sender on its way to it."""
    flow, names = Loopback(), Names()
    flow.answer(202, b"")
    server = TestServer(flow.app)
    await server.start_server(ssl=_server_tls())
    async with trap() as set_trap:
        network = Network(names, flow=server.port or 0, trap=set_trap.port, forbidden=forbidden)
        sender = CallbackSender(
            allowed_suffixes=ALLOWED, token=token, token_hosts=[NEW], resolver=network, tls=_client_tls()
        )
        try:
            yield FlowHosts(flow, names, set_trap, network, sender)
        finally:
            await sender.close()
            await server.close()


def certificates(names: Iterable[str]) -> tuple[bytes, bytes]:
    """The PEM of a certificate authority of a day, and of a key and a certificate for these names that it signed."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Test root", authority.public_key(), "Test root", authority, authority=True)
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    leaf = _certificate("Test flow", key.public_key(), "Test root", authority, alternative)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return root.public_bytes(serialization.Encoding.PEM), private + leaf.public_bytes(serialization.Encoding.PEM)


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *more: x509.ExtensionType,
    authority: bool = False,
) -> x509.Certificate:
    """Complete enough for Python 3.13, which checks strictly."""
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    builder = (
        x509.CertificateBuilder(_named(issuer), _named(name), key, x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(not authority, key_cert_sign=authority, crl_sign=authority, decipher_only=False, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@cache
def _of_the_flow_hosts() -> tuple[bytes, bytes]:
    return certificates((CLASSIC, NEW, *NEAR, OTHER, "*.logic.azure.com"))


def _client_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=_of_the_flow_hosts()[0].decode())


def _server_tls() -> ssl.SSLContext:
    return server_tls(_of_the_flow_hosts()[1])


def server_tls(pem: bytes) -> ssl.SSLContext:
    """What a server speaks TLS with: the ssl module reads keys from files only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flow.pem"
        file.write_bytes(pem)
        context.load_cert_chain(file)
    return context
