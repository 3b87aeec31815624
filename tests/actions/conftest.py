"""One site for all tests of a module, in order again for each of them."""

from collections.abc import AsyncIterator, Iterator, Sequence

import azure.functions as func
import pytest
import pytest_asyncio

from tests.actions.site import Site, running_site
from tests.entra import Entra, running_entra
from tests.functions.conftest import functions

__all__ = ["functions"]


@pytest.fixture(scope="session")
def entra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    """The stand-in for Entra ID over TLS, which what msal sends trusts."""
    with running_entra(tmp_path_factory.mktemp("entra")) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(found.certificate.bundle))
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(functions: Sequence[func.Function], entra: Entra) -> AsyncIterator[Site]:
    async with running_site(functions, entra) as found:
        yield found


@pytest.fixture
def site(running: Site) -> Site:
    running.reset()
    return running
