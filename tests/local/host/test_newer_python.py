"""Does Microsoft's own runtime index and invoke the apps? Under any Python >= 3.13 that this machine has."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from local.host.newer_python import newer_python
from tests.local.host.support import REPOSITORY, TINY, TINY_SETTINGS
from tests.tokens import ENTRA

KINDS = {"httpTrigger", "timerTrigger", "queueTrigger"}


@pytest.fixture(scope="session")
def newer() -> Path:
    found = newer_python(REPOSITORY)
    if found is None:
        pytest.skip("this machine has no Python 3.13 or newer, and azure-functions-runtime needs one")
    return found


def run(python: Path, *arguments: str, **settings: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **settings}
    ended = subprocess.run(
        [python, *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def probe(python: Path, app: Path, **settings: str) -> dict[str, Any]:
    """Let the runtime index an app and invoke one function of each kind."""
    found: dict[str, Any] = json.loads(
        run(python, "-m", "tests.local.host.probe", str(app), **settings).splitlines()[-1]
    )
    return found


def test_the_contract_holds_for_the_real_runtime(newer: Path) -> None:
    """Nothing is skipped there."""
    said = run(newer, "-m", "pytest", "-p", "no:cacheprovider", "-k", "runtime", "tests/local/host/test_contract.py")
    assert " passed" in said
    assert "skipped" not in said


def test_the_runtime_indexes_a_whole_app_and_invokes_one_function_of_each_kind(newer: Path) -> None:
    found = probe(newer, TINY, **TINY_SETTINGS)
    assert len(found["functions"]) == 8
    assert found["invoked"] == dict.fromkeys(KINDS)


def test_the_runtime_indexes_and_invokes_the_app_of_this_repository(newer: Path, azurite: str) -> None:
    """The probe's message and request mean nothing to the app, but its tick has all it needs."""
    settings = {
        "AzureWebJobsStorage": azurite,
        "POLL_SCHEDULE": "0 0 3 * * *",
        "ENVIRONMENTS": "",
        "CUSTOMER_INSIGHTS_API_URL": "http://127.0.0.1:9/v1",
        "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "local-key",
        "CALLBACK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_BASE_URL": "http://127.0.0.1:9",
        **ENTRA,
    }
    found = probe(newer, REPOSITORY, **settings)
    assert set(found["invoked"]) == KINDS
    assert found["invoked"]["timerTrigger"] is None
    assert not [error for error in found["invoked"].values() if error and "not loaded" in error]
