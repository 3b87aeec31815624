"""What guards the app in a local run? The stand-in for Entra ID, and the settings that make the app take its tokens."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from local.children import Child, running
from local.entra.certificate import Certificate
from local.entra.directory import API, API_APP, CONNECTOR, DAEMON, IDENTITY, OPERATIONS, TENANT, App
from local.entra.server import IDENTITY_HEADER
from local.places import DEFAULT_PORT
from local.sign_in import SignIn, fetch_token

ENTRA_FOLDER = "entra"


def start_entra(stack: ExitStack, port: int, folder: Path) -> tuple[Child, Certificate]:
    """Start the stand-in; it writes its certificates before it listens."""
    certificate = Certificate(folder / ENTRA_FOLDER)
    command = [sys.executable, "-m", "local.entra", "--port", str(port), "--folder", str(certificate.folder)]
    child = stack.enter_context(running("Entra ID stand-in", command, folder / "logs" / "entra.log"))
    child.wait_until_listening(port)
    return child, certificate


def signed_in(who: str, authority: str, certificate: Certificate, base: int) -> SignIn:
    """Someone of the stand-in's people and applications."""
    options = ("" if who == "maker" else f" --as {who}") + ("" if base == DEFAULT_PORT else f" --port {base}")
    return SignIn(f"./dev token{options}", partial(fetch_token, authority, certificate.ca, who))


def environments_setting(app: App) -> str:
    """The setting that lists an application's environments."""
    return f"APPLICATION_ENVIRONMENTS__{app.id.replace('-', '')}"


def guarded_settings(
    authority: str, certificate: Certificate, callers: tuple[App, ...], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The app takes the stand-in's tokens, from these callers; its applications may ask about every environment."""
    passed_by = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    without_proxy = ",".join(part for part in (passed_by, "127.0.0.1", "localhost") if part)
    return {
        "ENTRA_TENANT_IDS": TENANT,
        "ENTRA_CLIENT_ID": API_APP.id,
        "ENTRA_APP_ID_URI": API.uri,
        "ENTRA_AUTHORITY": authority,
        "CALLING_APPS": ",".join(app.id for app in callers),
        **{environments_setting(app): "*" for app in (DAEMON, OPERATIONS)},
        "SSL_CERT_FILE": str(certificate.bundle),
        "REQUESTS_CA_BUNDLE": str(certificate.bundle),
        "NO_PROXY": without_proxy,
        "no_proxy": without_proxy,
    }


def simulated_guard(authority: str, certificate: Certificate) -> dict[str, str]:
    """Where Customer Insights is the simulator: users and applications call, and the app has a managed identity.

    It proves with that who it is; a secret that local.settings.json has for a real tenant would not fit.
    """
    return {
        **guarded_settings(authority, certificate, (CONNECTOR, DAEMON, OPERATIONS)),
        "ENTRA_CLIENT_SECRET": "",
        "ENTRA_CLIENT_CERTIFICATE": "",
        "AZURE_CLIENT_ID": IDENTITY.id,
        "IDENTITY_ENDPOINT": f"{authority}/msi/token",
        "IDENTITY_HEADER": IDENTITY_HEADER,
    }


def real_guard(authority: str, certificate: Certificate) -> dict[str, str]:
    """Where it is the real one: applications only, for which the app acts as whoever signed in with the Azure CLI.

    The stand-in's users are nobody there.
    """
    return guarded_settings(authority, certificate, (DAEMON, OPERATIONS))
