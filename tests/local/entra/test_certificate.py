"""The certificate: who trusts it, and what of it is secret."""

import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path

import certifi
import pytest
from cryptography import x509

from local.children import ROOT, free_ports
from local.entra.certificate import Certificate, make_certificate, trusted

STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN  # what Python 3.13 turned on by default


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("trust", ["ca", "bundle"])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_it_passes_the_strictest_check(made: Certificate, trust: str, name: str) -> None:
    context = ssl.create_default_context(cafile=getattr(made, trust))
    context.verify_flags |= STRICT
    assert greeted(made, context, name) == "hello"


def test_nobody_else_is_called_by_it(made: Certificate) -> None:
    context = ssl.create_default_context(cafile=made.ca)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greeted(made, context, "login.microsoftonline.com")


def test_without_its_authority_nobody_trusts_it(made: Certificate) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        greeted(made, ssl.create_default_context(cafile=certifi.where()), "127.0.0.1")


def greeted(made: Certificate, context: ssl.SSLContext, name: str) -> str:
    """What a TLS server with the certificate says to a client with that context."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet, args=(listener, made.context()))
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), 10) as plain,
                context.wrap_socket(plain, server_hostname=name) as secured,
            ):
                return secured.recv(100).decode()
        finally:
            thread.join(10)


def greet(listener: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = listener.accept()
    with plain:
        plain.settimeout(10)
        try:
            with context.wrap_socket(plain, server_side=True) as secured:
                secured.sendall(b"hello")
        except OSError:
            return  # the client turned away, which is its test's matter


def test_the_authority_speaks_for_this_machine_only(made: Certificate) -> None:
    """And its key is nowhere."""
    ca = x509.load_pem_x509_certificate(made.ca.read_bytes())
    limits = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert {str(name.value) for name in limits.value.permitted_subtrees or []} == {"localhost", "127.0.0.1/32"}
    assert [file.name for file in made.folder.iterdir() if b"PRIVATE KEY" in file.read_bytes()] == ["server.key"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_key_is_its_owners_only(made: Certificate) -> None:
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600


def test_the_bundle_adds_to_what_is_trusted_already(tmp_path: Path, made: Certificate) -> None:
    """A company's own root stays trusted; each root is there once; what is named and missing is passed over."""
    own = tmp_path / "company.pem"
    own.write_bytes(made.ca.read_bytes())
    roots = list(trusted({"SSL_CERT_FILE": str(own), "REQUESTS_CA_BUNDLE": str(tmp_path / "none.pem")}))
    assert len(roots) == len(set(roots))
    assert made.ca.read_bytes().strip() in roots
    assert len(roots) > 100
    assert ssl.create_default_context(cafile=made.bundle).cert_store_stats()["x509_ca"] > 100


def test_it_is_served_as_a_program_until_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "local.entra", "--port", str(port), "--folder", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout
            assert f"ready on https://127.0.0.1:{port}/" in program.stdout.readline()
            context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
            with (
                socket.create_connection(("127.0.0.1", port), 10) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1"),
            ):
                pass
        finally:
            program.terminate()
        assert program.wait(timeout=15) == 0


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [
            sys.executable,
            "-m",
            "local.entra",
            "--port",
            str(taken.getsockname()[1]),
            "--folder",
            str(tmp_path),
        ]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
