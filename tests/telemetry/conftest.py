"""What telemetry tests begin with: OpenTelemetry in memory, and a stage that tells it everything."""

import logging
from collections.abc import Iterator

import pytest

from tests.services.stage import Stage
from tests.telemetry.told import Told


@pytest.fixture(autouse=True)
def nobody_is_quiet() -> Iterator[None]:
    """A house quiets the SDKs' loggers for its whole process, and tests share one."""
    there = logging.Logger.manager.loggerDict.values()
    levels = {one: one.level for one in there if isinstance(one, logging.Logger) and one.level}
    for one in levels:
        one.setLevel(logging.NOTSET)
    yield
    for one, level in levels.items():
        one.setLevel(level)


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.close()


@pytest.fixture
def stage() -> Stage:
    return Stage()
