"""Why do clients trust https://127.0.0.1 here? A certificate authority for this run only, and a bundle that has it."""

import ipaddress
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = timedelta(days=90)
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where the files are: the authority, the server's certificate and key, and all roots with the authority."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's certificate; its key is nowhere."""
        return self.folder / "ca.pem"

    @property
    def chain(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The server's key; nobody else may read it."""
        return self.folder / "server.key"

    @property
    def bundle(self) -> Path:
        """For SSL_CERT_FILE and REQUESTS_CA_BUNDLE: what this machine trusts, and the authority."""
        return self.folder / "bundle.pem"

    def context(self) -> ssl.SSLContext:
        """What a server needs."""
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.load_cert_chain(self.chain, self.key)
        return found


def make_certificate(folder: Path, environment: Mapping[str, str] = os.environ) -> Certificate:
    """Make all files anew. The authority's key signs one certificate and is dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Certificate(folder)
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key)
    server = _server(server_key, ca, ca_key)
    _write(found.key, server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(found.chain, server.public_bytes(Encoding.PEM))
    _write(found.bundle, b"\n".join([*trusted(environment), ca.public_bytes(Encoding.PEM)]))
    _write(found.ca, ca.public_bytes(Encoding.PEM))
    return found


def trusted(environment: Mapping[str, str]) -> Iterator[bytes]:
    """The roots that this machine's programs trust already, each once: a proxy's own may be among them."""
    named = [environment.get(name, "") for name in BUNDLE_VARIABLES]
    files = [certifi.where(), ssl.get_default_verify_paths().cafile or "", *named]
    seen: set[bytes] = set()
    for file in files:
        if file and Path(file).is_file():
            for found in _CERTIFICATE.findall(Path(file).read_bytes()):
                if found not in seen:
                    seen.add(found)
                    yield found


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Customer Insights Signals on this machine")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(identifier, critical=False)
    loopback = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_network("127.0.0.1/32"))]
    return builder.add_extension(x509.NameConstraints(loopback, None), critical=True).sign(key, hashes.SHA256())


def _server(
    key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = _builder(name, ca.subject, key).add_extension(x509.BasicConstraints(False, None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(own, critical=False).add_extension(above, critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + VALID_FOR)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(file: Path, content: bytes) -> None:
    """Write the file; it is its owner's only from the first byte on."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
