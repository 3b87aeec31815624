"""Every environment variable that the app reads, checked at start. docs/settings.md explains each."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.callback_url import ENVIRONMENT_HOSTS
from shared.domain.subscribing import ENVIRONMENT_ID
from shared.entra_settings import EntraSettings, read_entra_settings
from shared.errors import SettingsInvalid

DEFAULT_API_URL = "https://api.ci.ai.dynamics.com/v1"
DEFAULT_API_SCOPE = "https://api.ci.ai.microsoft.com/.default"
DEFAULT_FLOW_SCOPE = "https://service.flow.microsoft.com//.default"  # the double slash is meant
DEFAULT_CALLBACK_HOSTS = (".logic.azure.com", ".environment.api.powerplatform.com")
DEFAULT_PARTITION_HOSTS = (".blob.core.windows.net", ".dfs.core.windows.net")
_STORAGE = "AzureWebJobsStorage"
_KEY = "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"
_SCHEDULE = re.compile(r"(\S+\s+){4,5}\S+|\d{1,2}:\d{2}:\d{2}")
_LOOPBACK_URL = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?(/|$)")
_TLS_URL = re.compile(r"https://\w", re.IGNORECASE)
_UNRESOLVED = "@Microsoft.KeyVault("
_MONITOR = "APPLICATIONINSIGHTS_CONNECTION_STRING"
_MONITOR_PART = re.compile(r"([A-Za-z]+)=([^=]*)")
_MONITOR_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """How the storage account is reached: a connection string (one machine), or URLs and an identity (Azure)."""

    connection_string: str = field(default="", repr=False)
    blob_url: str = ""
    queue_url: str = ""
    table_url: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """Where telemetry goes (nowhere without a connection string), and what it says that it comes from."""

    connection_string: str = field(default="", repr=False)
    role: str = ""
    instance: str = ""
    on_this_machine: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The app's settings. Secrets are not in the repr."""

    storage: StorageSettings
    entra: EntraSettings
    environments: tuple[str, ...]
    api_url: str
    api_scope: str
    client_id: str
    subscription_keys: Mapping[str, str] = field(repr=False)
    callback_hosts: tuple[str, ...]
    callback_encryption_keys: tuple[str, ...] = field(repr=False)
    callback_allow_loopback: bool
    public_base_url: str
    fast_poll_seconds: int
    delivery_rate_per_second: int
    suspended_days: int
    flow_token_hosts: tuple[str, ...]
    flow_token_scope: str
    partition_hosts: tuple[str, ...]
    managed_identity: bool
    monitor: MonitorSettings

    def subscription_key(self, environment_id: str) -> str:
        """The key of the environment, or the one for all of them."""
        own = self.subscription_keys.get(environment_id.replace("-", "").lower())
        return own or self.subscription_keys.get("", "")

    @property
    def any_subscription_key(self) -> str:
        """A key for calls that concern no single environment."""
        return self.subscription_keys.get("") or next(iter(self.subscription_keys.values()), "")


def read_settings(variables: Mapping[str, str]) -> Settings:
    """Check the variables and take them. Raises SettingsInvalid, which names every problem and what to do."""
    problems: list[str] = []
    in_azure = bool(variables.get("WEBSITE_SITE_NAME") or variables.get("WEBSITE_INSTANCE_ID"))
    settings = Settings(
        storage=_storage(variables, problems),
        entra=read_entra_settings(variables, problems),
        environments=_environments(variables, problems),
        api_url=_api_url(variables, problems, in_azure=in_azure),
        api_scope=variables.get("CUSTOMER_INSIGHTS_API_SCOPE") or DEFAULT_API_SCOPE,
        client_id=variables.get("AZURE_CLIENT_ID", ""),
        subscription_keys=_subscription_keys(variables, problems),
        callback_hosts=_suffixes(variables, "CALLBACK_ALLOWED_HOSTS", DEFAULT_CALLBACK_HOSTS, problems),
        callback_encryption_keys=_encryption_keys(variables, problems),
        callback_allow_loopback=_loopback(variables, problems, in_azure=in_azure),
        public_base_url=_public_base_url(variables, problems, in_azure=in_azure),
        fast_poll_seconds=_whole_number(variables, "FAST_POLL_SECONDS", 20, problems),
        delivery_rate_per_second=_whole_number(variables, "DELIVERY_RATE_PER_SECOND", 10, problems),
        suspended_days=_whole_number(variables, "SUSPENDED_DAYS", 14, problems),
        flow_token_hosts=_flow_token_hosts(variables, problems),
        flow_token_scope=variables.get("FLOW_TOKEN_SCOPE") or DEFAULT_FLOW_SCOPE,
        partition_hosts=_suffixes(variables, "PARTITION_HOSTS", DEFAULT_PARTITION_HOSTS, problems),
        managed_identity=bool(variables.get("IDENTITY_ENDPOINT")),
        monitor=_monitor(variables, problems, in_azure=in_azure),
    )
    _check_schedule(variables, problems)
    _check_keys(settings, problems)
    if problems:
        raise SettingsInvalid(" ".join(problems))
    return settings


def _check_schedule(variables: Mapping[str, str], problems: list[str]) -> None:
    """The host reads it, but without it the host starts an app that never polls."""
    if not _SCHEDULE.fullmatch(variables.get("POLL_SCHEDULE", "").strip()):
        problems.append('POLL_SCHEDULE: set it to when polls start, in six NCRONTAB fields, such as "0 * * * * *".')


def _check_keys(settings: Settings, problems: list[str]) -> None:
    without = [
        one for one in settings.environments if settings.subscription_keys and not settings.subscription_key(one)
    ]
    if without:
        problems.append(f"{_KEY}: there is none for environment {without[0]}, which ENVIRONMENTS lists.")
    entra = (settings.entra.client_secret, settings.entra.client_certificate)
    secrets = (*settings.subscription_keys.values(), *settings.callback_encryption_keys, *entra)
    if any(secret.startswith(_UNRESOLVED) for secret in secrets):
        problems.append("A Key Vault reference is not resolved: give the app's identity access to the secret.")


def _storage(variables: Mapping[str, str], problems: list[str]) -> StorageSettings:
    text = variables.get(_STORAGE, "")
    account = variables.get(f"{_STORAGE}__accountName", "")

    def url(service: str) -> str:
        given = variables.get(f"{_STORAGE}__{service}ServiceUri", "")
        return given or (f"https://{account}.{service}.core.windows.net" if account else "")

    found = StorageSettings(text, url("blob"), url("queue"), url("table"), variables.get(f"{_STORAGE}__clientId", ""))
    if not text and not (found.blob_url and found.queue_url and found.table_url):
        problems.append(
            f"{_STORAGE}: set it to a connection string, or set {_STORAGE}__accountName (identity, no key)."
        )
    return found


def _environments(variables: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    listed = tuple(part.strip().lower() for part in variables.get("ENVIRONMENTS", "").split(",") if part.strip())
    wrong = [part for part in listed if not ENVIRONMENT_ID.fullmatch(part)]
    if wrong:
        problems.append(f"ENVIRONMENTS: {wrong[0]!r} is not an environment id; list ids with commas between them.")
    return listed


def _api_url(variables: Mapping[str, str], problems: list[str], *, in_azure: bool) -> str:
    url = variables.get("CUSTOMER_INSIGHTS_API_URL") or DEFAULT_API_URL
    if not url.startswith("https://") and (in_azure or not _LOOPBACK_URL.match(url)):
        problems.append("CUSTOMER_INSIGHTS_API_URL: must start with https:// (plain http goes to this machine only).")
    return url


def _subscription_keys(variables: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    name = _KEY
    keys = {
        variable.removeprefix(name).removeprefix("__").replace("-", "").replace("_", "").lower(): value.strip()
        for variable, value in variables.items()
        if (variable == name or variable.startswith(f"{name}__")) and value.strip()
    }
    if not keys:
        problems.append(
            f"{name}: set it to a key of the environment (Customer Insights: Settings > Permissions > APIs); "
            f"for several environments set {name}__<environment id without dashes> for each."
        )
    return keys


def _suffixes(
    variables: Mapping[str, str], name: str, default: tuple[str, ...], problems: list[str]
) -> tuple[str, ...]:
    listed = tuple(part.strip().lower() for part in variables.get(name, "").split(",") if part.strip())
    if any(not part.startswith(".") or part.count(".") < 2 for part in listed):
        problems.append(f"{name}: each entry is a suffix such as {default[0]}, with a leading dot.")
    return listed or default


def _flow_token_hosts(variables: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """Whole hosts, each of one environment: whoever stands behind a host is given a token of the app's identity."""
    listed = [part.strip().lower() for part in variables.get("FLOW_TOKEN_HOSTS", "").split(",") if part.strip()]
    if not all(part.endswith(ENVIRONMENT_HOSTS) and not part.startswith(".") for part in listed):
        problems.append(
            "FLOW_TOKEN_HOSTS: each entry is the whole host of one of your Power Platform environments, "
            "such as 0123456789abcdef0123456789abcd.ef.environment.api.powerplatform.com."
        )
    return tuple(listed)


def _encryption_keys(variables: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    """The older keys may stand in a setting of their own: each setting can then refer to one version of a secret."""
    name = "CALLBACK_ENCRYPTION_KEYS"
    newest, previous = (
        tuple(part.strip() for part in variables.get(setting, "").split(",") if part.strip())
        for setting in (name, f"{name}_PREVIOUS")
    )
    listed = newest + previous
    if not newest:
        problems.append(f"{name}: set it to a Fernet key (32 random bytes in URL-safe base64); newest first.")
    elif not all(_is_fernet_key(key) or key.startswith(_UNRESOLVED) for key in listed):
        problems.append(f"{name}: each key must be 32 random bytes in URL-safe base64; docs/settings.md makes one.")
    return listed


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == 32
    except ValueError:
        return False


def _loopback(variables: Mapping[str, str], problems: list[str], *, in_azure: bool) -> bool:
    allowed = variables.get("CALLBACK_ALLOW_LOOPBACK", "").lower() == "true"
    if allowed and in_azure:
        problems.append("CALLBACK_ALLOW_LOOPBACK: is for one's own machine; remove it in Azure.")
    return allowed


def _public_base_url(variables: Mapping[str, str], problems: list[str], *, in_azure: bool) -> str:
    host = variables.get("WEBSITE_HOSTNAME", "")
    url = variables.get("PUBLIC_BASE_URL") or (f"https://{host}" if host else "http://127.0.0.1:7071")
    if not url.startswith("https://") and (in_azure or not _LOOPBACK_URL.match(url)):
        problems.append("PUBLIC_BASE_URL: must start with https://.")
    return url.rstrip("/")


def _monitor(variables: Mapping[str, str], problems: list[str], *, in_azure: bool) -> MonitorSettings:
    text = variables.get(_MONITOR, "").strip()
    role, instance = variables.get("WEBSITE_SITE_NAME", ""), variables.get("WEBSITE_INSTANCE_ID", "")
    if not text:
        return MonitorSettings("", role=role, instance=instance)
    parts = [_MONITOR_PART.fullmatch(part) for part in text.split(";")]
    given = {part[1].lower(): part[2] for part in parts if part}
    url = _ingestion_url(given)
    on_this_machine = _LOOPBACK_URL.match(url) is not None and not in_azure
    whole = len(given) == len(parts) and given.get("authorization", "ikey").lower() == "ikey"
    whole = whole and _MONITOR_KEY.fullmatch(given.get("instrumentationkey", "")) is not None
    if not whole or not (_TLS_URL.match(url) or on_this_machine):
        problems.append(
            f"{_MONITOR}: copy it from the overview of the Application Insights resource "
            "(InstrumentationKey=...;IngestionEndpoint=https://..., no semicolon at its end), or remove it."
        )
    return MonitorSettings(text, role=role, instance=instance, on_this_machine=on_this_machine)


def _ingestion_url(given: Mapping[str, str]) -> str:
    """Where the exporter sends to: the endpoint, or what follows from a suffix, as other clouds have one."""
    suffix, location = given.get("endpointsuffix"), given.get("location")
    made = f"https://{f'{location}.' if location is not None else ''}dc.{suffix}" if suffix else ""
    return given.get("ingestionendpoint", made)


def _whole_number(variables: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = variables.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) > 3600:
        problems.append(f"{name}: must be a whole number from 0 to 3600.")
        return default
    return int(text)
