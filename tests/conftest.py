"""What many tests share: one storage emulator for the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.azurite import running_azurite
from tests.faults.profile import pick
from tests.tally import Tally

# A slow machine is no finding: nothing here is judged by the clock.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=pick(100, 500)
)
settings.load_profile("house")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of a storage emulator; tests keep apart by names of their own."""
    data: Path = tmp_path_factory.mktemp("azurite")
    with running_azurite(data) as storage:
        yield storage.connection_string


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Counts what a test tries, for `./dev faults`."""
    made = Tally()
    yield made
    request.node.user_properties.extend(made.properties)
