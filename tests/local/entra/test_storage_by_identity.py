"""Storage without a key: the app's adapters, Microsoft's libraries, and Azurite over TLS with OAuth."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from local.azurite import Azurite, running_azurite
from local.children import ROOT
from local.entra.directory import IDENTITY, INSIGHTS, STORAGE, Resource
from tests.entra import Entra, running_entra


@pytest.fixture(scope="module")
def entra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    with running_entra(tmp_path_factory.mktemp("entra")) as found:
        yield found


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, entra: Entra) -> Iterator[Azurite]:
    folder: Path = tmp_path_factory.mktemp("azurite-tls")
    with running_azurite(folder / "data", certificate=entra.certificate) as found:
        yield found


def by_identity(entra: Entra, azurite: Azurite) -> subprocess.CompletedProcess[str]:
    """In a process of its own, since aiohttp reads SSL_CERT_FILE when it is imported."""
    urls = {"BLOB_URL": azurite.blob_url, "QUEUE_URL": azurite.queue_url, "TABLE_URL": azurite.table_url}
    variables = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "SSL_CERT_FILE": str(entra.certificate.bundle),
        "AZURE_CLIENT_ID": IDENTITY.id,
        "IDENTITY_ENDPOINT": f"{entra.issuer.authority}/msi/token",
        "IDENTITY_HEADER": "local",
    }
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.local.entra.by_identity"],
        cwd=ROOT,
        env={**variables, **urls},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_blobs_queues_and_tables_are_written_and_read(entra: Entra, secured: Azurite) -> None:
    """No key is anywhere in its environment; one token serves all three services."""
    entra.control.reset()
    ended = by_identity(entra, secured)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["blob 7", "queue environment-polls", "table 1"]
    assert entra.control.requests["msi"] >= 1


@pytest.mark.parametrize(("resource", "status"), [(STORAGE, 200), (INSIGHTS, 403)], ids=["its own", "another's"])
def test_the_emulator_does_look_at_the_audience(
    entra: Entra, secured: Azurite, resource: Resource, status: int
) -> None:
    """So that the test above shows something."""
    headers = {"Authorization": f"Bearer {entra.mint.app(IDENTITY, resource=resource)}", "x-ms-version": "2025-11-05"}
    context = ssl.create_default_context(cafile=entra.certificate.ca)
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        assert pool.request("GET", f"{secured.blob_url}?comp=list", headers=headers).status == status
