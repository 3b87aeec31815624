"""The app of `./dev run --real`, guarded by the stand-in; nobody is signed in at Azure here."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.entra.certificate import Certificate
from local.guard import ENTRA_FOLDER
from local.sign_in import fetch_token
from local.stage import Addresses, Stage, set_stage
from local.wire import ask
from tests.ports import free_base

ENVIRONMENT = "5b1c7f0e-52a4-4c8a-9a37-1f0d2a6c9e01"
SETTINGS = {
    "ENVIRONMENTS": ENVIRONMENT,
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "key",
    "CUSTOMER_INSIGHTS_API_URL": "http://127.0.0.1:9/v1",
    "POLL_SCHEDULE": "0 0 0 1 1 *",
    "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        yield set_stage(stack, tmp_path, Addresses(free_base()), 10, None)


def test_applications_are_let_in_and_nobody_else(stage: Stage, tmp_path: Path) -> None:
    """The run itself is the operations app, which may ask for any environment; one was never looked at yet."""
    at, ca = stage.addresses, Certificate(tmp_path / ENTRA_FOLDER).ca
    url = f"{at.host}/api/environments/{ENVIRONMENT}/status"
    assert stage.sign_in.command == f"./dev token --as operations --port {at.base}"
    assert ask("GET", url, token=stage.sign_in.token()).status == 404
    assert ask("GET", url, token=fetch_token(at.entra, ca, "maker").text).status == 403
    assert ask("GET", url).status == 401
