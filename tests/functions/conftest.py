"""The app as the Functions host sees it."""

import asyncio
import json
import runpy
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from shared import bootstrap
from tests.functions.support import VARIABLES, Caller
from tests.services.stage import Stage
from tests.tokens import validator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def functions() -> Sequence[func.Function]:
    """Every function of function_app.py; an app tells them once only, so it is loaded for this."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        app: func.FunctionApp = runpy.run_path(str(ROOT / "function_app.py"))["app"]
        return app.get_functions()


@pytest.fixture(scope="session")
def host_json() -> Mapping[str, Any]:
    """The host's settings."""
    found: Mapping[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A house whose ports are in memory, where the functions look for theirs."""
    stage = Stage()
    built = bootstrap.build(VARIABLES)
    loop = asyncio.get_running_loop()
    bootstrap._houses[loop] = replace(built, ports=stage.ports, tokens=validator(built.settings.entra))
    yield stage
    del bootstrap._houses[loop]
    await built.close()


@pytest.fixture
def call(functions: Sequence[func.Function]) -> Caller:
    """What calls the functions."""
    return Caller(functions)
