"""What telemetry tests begin with: OpenTelemetry in memory, and a stage that tells it everything."""

from collections.abc import Iterator

import pytest

from tests.services.stage import Stage
from tests.telemetry.told import Told


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.close()


@pytest.fixture
def stage() -> Stage:
    return Stage()
