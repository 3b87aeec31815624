"""Variables that the app starts with, read with changes, and what is said of wrong ones."""

import re
from collections.abc import Mapping

import pytest
from cryptography.fernet import Fernet

from shared.errors import SettingsInvalid
from shared.settings import Settings, read_settings

KEY, OLDER_KEY = (Fernet.generate_key().decode() for _ in range(2))
TENANT, APP, CONNECTOR, DAEMON = (f"{number:08}-aaaa-4bbb-8ccc-0123456789ab" for number in range(4))
ENTRA = {"ENTRA_TENANT_IDS": TENANT, "ENTRA_CLIENT_ID": APP, "CALLING_APPS": CONNECTOR}
NEEDED = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "ci-key",
    "POLL_SCHEDULE": "0 * * * * *",
    "CALLBACK_ENCRYPTION_KEYS": KEY,
    **ENTRA,
}
AZURE = {
    "AzureWebJobsStorage__accountName": "signals",
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "ci-key",
    "POLL_SCHEDULE": "0 * * * * *",
    "CALLBACK_ENCRYPTION_KEYS": KEY,
    "WEBSITE_SITE_NAME": "signals",
    "WEBSITE_HOSTNAME": "signals.azurewebsites.net",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:41000/msi/token",
    **ENTRA,
}


def settings(changes: Mapping[str, str] | None = None, base: Mapping[str, str] = NEEDED) -> Settings:
    """Settings with changes."""
    return read_settings({**base, **(changes or {})})


def problems(changes: Mapping[str, str], base: Mapping[str, str] = NEEDED) -> list[str]:
    """What is said of wrong settings, setting by setting; all of it in one line."""
    with pytest.raises(SettingsInvalid) as error:
        settings(changes, base)
    (line,) = str(error.value).splitlines()
    return re.split(r" (?=(?:AzureWebJobsStorage|[A-Z]+_\w+|ENVIRONMENTS): |A Key Vault)", line)
