"""A site that polls and delivers, on a storage of its own: nobody else's subscriptions are in it."""

from collections.abc import AsyncIterator, Sequence

import azure.functions as func
import pytest
import pytest_asyncio

from local.azurite import running_azurite
from local.entra.directory import DAEMON
from tests.actions.conftest import entra
from tests.actions.site import Site, running_site
from tests.entra import Entra
from tests.flows.playing import Platform, running_platform
from tests.functions.conftest import functions

__all__ = ["entra", "functions"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def delivering(
    functions: Sequence[func.Function], entra: Entra, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    with running_azurite(tmp_path_factory.mktemp("flows")) as storage:
        async with running_site(functions, entra, storage=storage.connection_string) as found:
            yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(delivering: Site) -> AsyncIterator[Platform]:
    async with running_platform(delivering) as platform:
        yield platform


@pytest.fixture
def platform(running: Platform) -> Platform:
    """At noon, with nothing called and nothing broken."""
    running.site.reset()
    running.changed.clear()
    running.outside.take()
    running.outside.broken.clear()
    running.outside.secrets = {"cis_ClientSecret": DAEMON.secret}
    return running
