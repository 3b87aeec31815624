"""What does a cold start load that has nowhere to send telemetry to?"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.functions.support import VARIABLES

ROOT = Path(__file__).parents[2]
STARTING = """
import asyncio, json, runpy, sys

async def first_call(found):
    from shared.bootstrap import house
    house()

indexed = runpy.run_path("function_app.py")["app"].get_functions()
after_indexing = [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]
asyncio.run(first_call(indexed))
after_call = [name for name in sys.modules if name.split(".")[0] == "opentelemetry"]
print(json.dumps([len(indexed) > 50, after_indexing, after_call]))
"""
AIMED = "InstrumentationKey=0f8fad5b-d9cb-469f-a165-70867728950e;IngestionEndpoint=http://127.0.0.1:1/"


def loaded(variables: Mapping[str, str]) -> tuple[bool, list[str], list[str]]:
    """Whether the app is indexed, and what of OpenTelemetry is loaded then and after the first call."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("APPLICATIONINSIGHTS")}
    done = subprocess.run(
        [sys.executable, "-c", STARTING],
        cwd=ROOT,
        env={**base, **VARIABLES, "FUNCTIONS_WORKER_RUNTIME": "python", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    indexed, first, second = json.loads(done.stdout)
    return indexed, first, second


def test_without_a_connection_string_nothing_of_opentelemetry_is_loaded() -> None:
    assert loaded({}) == (True, [], [])


def test_with_one_it_is_loaded_at_the_first_call_and_not_before() -> None:
    indexed, first, second = loaded({"APPLICATIONINSIGHTS_CONNECTION_STRING": AIMED})
    assert (indexed, first) == (True, [])
    assert {"opentelemetry.sdk.trace", "opentelemetry.sdk.metrics", "opentelemetry.sdk._logs"} <= set(second)
