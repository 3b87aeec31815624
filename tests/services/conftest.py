"""A house in memory for each test."""

import pytest

from tests.services.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """Memory ports and a clock that stands still until it is moved."""
    return Stage()
