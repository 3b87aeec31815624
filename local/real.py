"""What does `./dev run --real` need to watch a real tenant, and what of it is missing?"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

from local.errors import LocalError

SCOPE = "https://api.ci.ai.microsoft.com/.default"
NEEDED = {
    "ENVIRONMENTS": "the ids of the Customer Insights environments to watch, with commas between",
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "the API key from Customer Insights > Admin > Permissions > APIs",
}


DEFAULTS = {"POLL_SCHEDULE": "0 * * * * *"}


class SettingsFile(msgspec.Struct, frozen=True):
    """What matters of a local.settings.json."""

    values: dict[str, str] = msgspec.field(name="Values", default_factory=dict)


def settings(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of the file; the environment wins, as with Azure's own tools."""
    if not file.exists():
        return {**DEFAULTS, **environment}
    try:
        content = msgspec.json.decode(file.read_bytes(), type=SettingsFile)
    except msgspec.DecodeError as error:
        raise LocalError(f"{file.name} cannot be read: {error}. Start from local.settings.example.json") from None
    return {**DEFAULTS, **content.values, **environment}


def missing(settings: Mapping[str, str], sign_in_problem: Callable[[], str]) -> list[str]:
    """One line for each thing that is missing; signing in is tried when the settings are complete."""
    problems = [
        f"{name} is not set: put {what} into local.settings.json or the environment."
        for name, what in NEEDED.items()
        if not settings.get(name, "").strip()
    ]
    if problems:
        return problems
    problem = sign_in_problem()
    return [problem] if problem else []


def sign_in_problem() -> str:
    """Why this machine gets no token for Customer Insights, or nothing."""
    # Its own account of every way that it tried is many lines; ours is one.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        with DefaultAzureCredential(exclude_managed_identity_credential=True) as credential:
            credential.get_token(SCOPE)
    except ClientAuthenticationError:
        return (
            f"No sign-in for Customer Insights: run az login (to try it: az account get-access-token --scope {SCOPE})."
        )
    return ""
