"""The settings that make the app take the stand-in's tokens."""

from pathlib import Path

import pytest

from local.entra.certificate import Certificate
from local.entra.directory import API_APP, CONNECTOR, DAEMON, IDENTITY, OPERATIONS, TENANT
from local.guard import guarded_settings, real_guard, signed_in, simulated_guard
from shared.entra_settings import read_entra_settings

AUTHORITY = "https://127.0.0.1:7077"
CERTIFICATE = Certificate(Path("folder"))


def test_the_app_takes_them_as_they_are() -> None:
    """Without a problem, and without a secret: it proves by its managed identity who it is."""
    problems: list[str] = []
    found = read_entra_settings(simulated_guard(AUTHORITY, CERTIFICATE), problems)
    assert problems == []
    assert (found.authority, found.tenant_ids, found.client_id) == (AUTHORITY, (TENANT,), API_APP.id)
    assert found.calling_apps == frozenset({CONNECTOR.id, DAEMON.id, OPERATIONS.id})
    assert found.environments_of(DAEMON.id) == found.environments_of(OPERATIONS.id) == {"*"}
    assert found.environments_of(CONNECTOR.id) == frozenset()
    assert (found.client_secret, found.client_certificate) == ("", "")


def test_a_managed_identity_is_there_in_simulated_runs_only() -> None:
    """A real one is watched by whoever signed in, and called by applications only."""
    simulated, real = simulated_guard(AUTHORITY, CERTIFICATE), real_guard(AUTHORITY, CERTIFICATE)
    assert simulated["IDENTITY_ENDPOINT"] == f"{AUTHORITY}/msi/token"
    assert simulated["AZURE_CLIENT_ID"] == IDENTITY.id
    assert not {"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID"} & set(real)
    assert real["CALLING_APPS"] == f"{DAEMON.id},{OPERATIONS.id}"


@pytest.mark.parametrize(
    ("environment", "passed_by"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": ".corp"}, ".corp,127.0.0.1,localhost"),
        ({"NO_PROXY": "ignored", "no_proxy": ".corp"}, ".corp,127.0.0.1,localhost"),
    ],
)
def test_no_proxy_stands_between(environment: dict[str, str], passed_by: str) -> None:
    """What was passed by before still is, in both spellings."""
    found = guarded_settings(AUTHORITY, CERTIFICATE, (), environment)
    assert found["NO_PROXY"] == found["no_proxy"] == passed_by
    assert found["SSL_CERT_FILE"] == found["REQUESTS_CA_BUNDLE"] == str(CERTIFICATE.bundle)


@pytest.mark.parametrize(
    ("who", "base", "command"),
    [
        ("maker", 7071, "./dev token"),
        ("maker", 7471, "./dev token --port 7471"),
        ("operations", 7071, "./dev token --as operations"),
    ],
)
def test_the_command_for_the_same_token(who: str, base: int, command: str) -> None:
    assert signed_in(who, AUTHORITY, CERTIFICATE, base).command == command
