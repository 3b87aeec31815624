"""The app that end-to-end tests in this process call."""

from tests.functions.conftest import functions

__all__ = ["functions"]
