"""The app as the Functions host sees it, over ports in memory."""

from tests.functions.conftest import call, functions, stage

__all__ = ["call", "functions", "stage"]
