"""What does `./dev run --real` need to watch a real tenant, and what of it is missing?"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import msgspec
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

from local.errors import LocalError
from local.sign_in import EARLY_SECONDS, SignIn, Token

SCOPE = "https://api.ci.ai.microsoft.com/.default"
SCOPE_SETTING = "CUSTOMER_INSIGHTS_API_SCOPE"
ENVIRONMENTS = "ENVIRONMENTS"
KEY = "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"
NEEDED = {
    ENVIRONMENTS: "the ids of the environments to watch, with commas between them,",
    KEY: "the primary or secondary key (Customer Insights: Settings > Permissions > APIs)",
}
DEFAULTS = {"POLL_SCHEDULE": "0 * * * * *"}
NO_TOKEN_SECONDS = EARLY_SECONDS + 60.0
NO_ENVIRONMENT = "00000000-0000-0000-0000-000000000000"


CLIENT_ID = "ENTRA_CLIENT_ID"
APP_ID_URI = "ENTRA_APP_ID_URI"


class SettingsFile(msgspec.Struct, frozen=True):
    """What matters of a local.settings.json."""

    values: dict[str, str] = msgspec.field(name="Values", default_factory=dict)


def settings(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of the file; the environment wins, as with Azure's own tools. Placeholders are blanked."""
    values: dict[str, str] = {}
    if file.exists():
        try:
            values = msgspec.json.decode(file.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=SettingsFile).values
        except msgspec.DecodeError as error:
            raise LocalError(f"{file.name} cannot be read: {error}. Start from local.settings.example.json") from None
    found = {**{name: without_placeholder(name, value) for name, value in values.items()}, **environment}
    return {**found, **{name: value for name, value in DEFAULTS.items() if not found.get(name, "").strip()}}


def without_placeholder(name: str, value: str) -> str:
    """The value, or nothing where local.settings.example.json only says what belongs there.

    It stays as an empty one: the functions host reads the file too, and what is set here wins over it.
    """
    if name == ENVIRONMENTS:
        return ",".join(environment_ids(value))
    return "" if value.strip().startswith("<") else value


def environment_ids(listed: str) -> tuple[str, ...]:
    """The ids in the setting, without placeholders."""
    ids = (part.strip() for part in listed.split(","))
    return tuple(one for one in ids if one and one != NO_ENVIRONMENT and not one.startswith("<"))


def missing(settings: Mapping[str, str], sign_in_problem: Callable[[str], str]) -> list[str]:
    """One line for each thing that is missing; signing in is tried when the settings are complete."""
    keys = [value for name, value in settings.items() if name == KEY or name.startswith(f"{KEY}__")]
    given = {ENVIRONMENTS: settings.get(ENVIRONMENTS, ""), KEY: "".join(keys)}
    problems = [
        f"{name} is not set: put {what} into local.settings.json or the environment."
        for name, what in NEEDED.items()
        if not given[name].strip()
    ]
    if problems:
        return problems
    problem = sign_in_problem(settings.get(SCOPE_SETTING) or SCOPE)
    return [problem] if problem else []


def sign_in_problem(scope: str) -> str:
    """Why this machine gets no token for Customer Insights, or nothing."""
    # Its own account of every way that it tried is many lines; ours is one.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        with azure_sign_in() as credential:
            credential.get_token(scope)
    except ClientAuthenticationError:
        check = f"az account get-access-token --scope {scope}"
        return f"There is no sign-in for Customer Insights: run az login (and check it with: {check})."
    return ""


def own_sign_in(settings: Mapping[str, str]) -> SignIn | None:
    """Where the app is guarded by a registration of one's own, its calls are made by who signed in; else None."""
    client_id = settings.get(CLIENT_ID, "").strip()
    if not client_id:
        return None
    resource = settings.get(APP_ID_URI, "").strip() or f"api://{client_id}"
    command = f"az account get-access-token --resource {resource} --query accessToken --output tsv"
    return SignIn(command, partial(own_token, resource, azure_sign_in))


def azure_sign_in() -> DefaultAzureCredential:
    """Whoever is signed in on this machine."""
    return DefaultAzureCredential(exclude_managed_identity_credential=True)


def own_token(resource: str, sign_in: Callable[[], AbstractContextManager[TokenCredential]]) -> Token:
    """A token for the app, or none for a while: then the app's own answer says what is wrong."""
    try:
        with sign_in() as credential:
            found = credential.get_token(f"{resource}/.default")
    except ClientAuthenticationError:
        return Token("", NO_TOKEN_SECONDS)
    return Token(found.token, found.expires_on - time.time())
