"""The settings that say whose tokens are taken and how the app itself signs in. docs/settings.md explains each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.callers import EVERY
from shared.domain.subscribing import ENVIRONMENT_ID

DEFAULT_AUTHORITY = "https://login.microsoftonline.com"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN_GUID = re.compile(r"[0-9a-f]{32}")
_APP_ID_URI = re.compile(r"(api|https)://[A-Za-z0-9._~/-]{1,200}")
_AUTHORITY = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_ENVIRONMENTS_OF = "APPLICATION_ENVIRONMENTS__"


@dataclass(frozen=True, slots=True)
class EntraSettings:
    """Whose tokens are taken: of which tenants, for which app registration, from which calling apps (None: any).

    `app_environments` are those that an application may ask about, by its client id; EVERY stands for all.
    """

    authority: str
    tenant_ids: tuple[str, ...]
    client_id: str
    app_id_uri: str
    calling_apps: frozenset[str] | None
    app_environments: Mapping[str, frozenset[str]]
    client_secret: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)

    @property
    def public_certificate(self) -> str:
        """The certificate alone, without its private key."""
        found = _CERTIFICATE.search(self.client_certificate)
        return found[0] if found else ""

    def environments_of(self, client_id: str) -> frozenset[str]:
        """The environments of an application."""
        return self.app_environments.get(client_id.replace("-", ""), frozenset())


def read_entra_settings(variables: Mapping[str, str], problems: list[str]) -> EntraSettings:
    """Check the variables and take them; problems say what to do."""
    client_id = variables.get("ENTRA_CLIENT_ID", "").strip().lower()
    if not _GUID.fullmatch(client_id):
        problems.append("ENTRA_CLIENT_ID: set it to the client id of this app's registration in Entra ID.")
    secret = variables.get("ENTRA_CLIENT_SECRET", "").strip()
    certificate = variables.get("ENTRA_CLIENT_CERTIFICATE", "").strip().replace("\\n", "\n")
    if certificate and not certificate.startswith("@") and not _is_pem(certificate):
        problems.append("ENTRA_CLIENT_CERTIFICATE: must hold a private key and its certificate, both as PEM.")
    return EntraSettings(
        authority=_authority(variables, problems),
        tenant_ids=_guids(variables, "ENTRA_TENANT_IDS", "the ids of the tenants whose tokens are taken", "", problems),
        client_id=client_id,
        app_id_uri=_app_id_uri(variables, client_id, problems),
        calling_apps=_calling_apps(variables, problems),
        app_environments=_app_environments(variables, problems),
        client_secret=secret,
        client_certificate=certificate,
    )


def _is_pem(text: str) -> bool:
    """Whether there is a private key, open, and a certificate."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    key, certificate = _PRIVATE_KEY.search(text), _CERTIFICATE.search(text)
    if key is None or certificate is None:
        return False
    try:
        load_pem_private_key(key[0].encode(), None)
        load_pem_x509_certificate(certificate[0].encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _authority(variables: Mapping[str, str], problems: list[str]) -> str:
    url = (variables.get("ENTRA_AUTHORITY", "").strip() or DEFAULT_AUTHORITY).rstrip("/")
    if not _AUTHORITY.fullmatch(url):
        problems.append(f"ENTRA_AUTHORITY: must be https:// and a host, such as {DEFAULT_AUTHORITY}.")
    return url


def _app_id_uri(variables: Mapping[str, str], client_id: str, problems: list[str]) -> str:
    uri = variables.get("ENTRA_APP_ID_URI", "").strip()
    if uri and not _APP_ID_URI.fullmatch(uri):
        problems.append("ENTRA_APP_ID_URI: must be the registration's Application ID URI, such as api://<client id>.")
    return uri or f"api://{client_id}"


def _calling_apps(variables: Mapping[str, str], problems: list[str]) -> frozenset[str] | None:
    if variables.get("CALLING_APPS", "").strip() == EVERY:
        return None
    what, rest = "the client ids of the apps that may call", f", or to {EVERY} for any app that Entra ID lets in"
    return frozenset(_guids(variables, "CALLING_APPS", what, rest, problems))


def _guids(variables: Mapping[str, str], name: str, what: str, rest: str, problems: list[str]) -> tuple[str, ...]:
    listed = tuple(part.strip().lower() for part in variables.get(name, "").split(",") if part.strip())
    if not listed or not all(_GUID.fullmatch(part) for part in listed):
        problems.append(f"{name}: set it to {what}, with commas between them{rest}.")
    return listed


def _app_environments(variables: Mapping[str, str], problems: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, value in variables.items():
        if name.startswith(_ENVIRONMENTS_OF):
            app = name.removeprefix(_ENVIRONMENTS_OF).replace("-", "").replace("_", "").lower()
            if not _PLAIN_GUID.fullmatch(app):
                problems.append(f"{name}: its name must end in the client id of an application, without dashes.")
            listed = frozenset(part.strip().lower() for part in value.split(",") if part.strip())
            if not all(part == EVERY or ENVIRONMENT_ID.fullmatch(part) for part in listed):
                problems.append(f"{name}: list environment ids with commas between them, or {EVERY} for all.")
            found[app] = listed
    return found
