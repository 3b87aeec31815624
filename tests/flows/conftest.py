"""A site that polls and delivers, on a storage of its own: nobody else's subscriptions are in it."""

from collections.abc import AsyncIterator, Sequence

import azure.functions as func
import pytest
import pytest_asyncio

from local.azurite import running_azurite
from tests.actions.conftest import entra
from tests.actions.site import Site, running_site
from tests.entra import Entra
from tests.functions.conftest import functions

__all__ = ["entra", "functions"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def delivering(
    functions: Sequence[func.Function], entra: Entra, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    with running_azurite(tmp_path_factory.mktemp("flows")) as storage:
        async with running_site(functions, entra, storage=storage.connection_string) as found:
            yield found
