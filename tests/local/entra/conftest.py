"""One stand-in for all tests of a file, in order again for each of them."""

from collections.abc import Iterator

import pytest

from tests.entra import Entra, running_entra


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    with running_entra(tmp_path_factory.mktemp("entra")) as found:
        yield found


@pytest.fixture
def entra(served: Entra, monkeypatch: pytest.MonkeyPatch) -> Entra:
    """It runs, nothing is out of order, and what requests sends trusts it."""
    served.control.reset()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.certificate.bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(served.certificate.bundle))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return served
