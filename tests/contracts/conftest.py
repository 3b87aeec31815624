"""Each contract test runs twice: on the fakes in memory and on Azure storage's emulator."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.contracts.kits import Kit, memory_kit, storage_kit


@pytest.fixture(params=["memory", "azurite"])
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    if request.param == "memory":
        yield memory_kit()
        return
    async with storage_kit(request.getfixturevalue("azurite")) as made:
        yield made


@pytest.fixture
def environment_id() -> str:
    """An environment that no other test uses."""
    return str(uuid4())
