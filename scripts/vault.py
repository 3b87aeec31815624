"""Put the app's secrets into its Key Vault, without ever reading one, and without a way to the vault's data.

Azure Resource Manager writes secrets also where the vault is behind a private network, and for that the deployer's
rights over the resource group are enough (Microsoft.KeyVault vaults/secrets, REST).
"""

import argparse
import base64
import getpass
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from local.errors import LocalError
from scripts.azure_cli import get, send
from scripts.deployment import names_of, needed, run, values_of

CALLBACK_KEYS = "callback-encryption-keys"
SUBSCRIPTION_KEY = "customer-insights-subscription-key"
PREVIOUS_KEYS = "CALLBACK_ENCRYPTION_KEYS_PREVIOUS"
VARIABLE = "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"
VAULT_VERSION, SITE_VERSION = "2024-11-01", "2024-11-01"
WHERE_KEYS_ARE = "Customer Insights: Settings > Permissions > APIs"
HOW_KEYS_COME = (
    f"Run it in a terminal, which asks for the key ({WHERE_KEYS_ARE}), or set {VARIABLE}"
    f" (for one environment {VARIABLE}__<id without dashes>)."
)


def group_of(values: Mapping[str, str]) -> str:
    """The resource group's address."""
    subscription, group = needed(values, "AZURE_SUBSCRIPTION_ID"), needed(values, "AZURE_RESOURCE_GROUP")
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers"


def secret_url(values: Mapping[str, str], name: str) -> str:
    """A secret's address."""
    vault = needed(values, "KEY_VAULT_NAME")
    return f"{group_of(values)}/Microsoft.KeyVault/vaults/{vault}/secrets/{name}?api-version={VAULT_VERSION}"


def references_of(values: Mapping[str, str]) -> str:
    """The address of what became of the app's Key Vault references (Key Vault references as app settings)."""
    app = needed(values, "FUNCTION_APP_NAME")
    return f"{group_of(values)}/Microsoft.Web/sites/{app}/config/configreferences/appsettings"


def write(values: Mapping[str, str], name: str, text: str) -> None:
    """A new version of a secret."""
    send("put", secret_url(values, name), {"properties": {"value": text}})


def new_key() -> str:
    """A Fernet key: 32 random bytes in URL-safe base64 (the specification of Fernet)."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def subscription_key(name: str) -> str:
    """A subscription key from its variable, or typed in; empty when there is nobody to ask."""
    environment = name.removeprefix(SUBSCRIPTION_KEY).removeprefix("-")
    variable = f"{VARIABLE}__{environment}" if environment else VARIABLE
    key = os.environ.get(variable, "").strip()
    if not key and sys.stdin.isatty():
        of_which = f" of environment {environment}" if environment else ""
        key = getpass.getpass(f"Subscription key{of_which} ({WHERE_KEYS_ARE}): ").strip()
    if len(key.split()) > 1:
        raise LocalError("A subscription key has no spaces in it: nothing was written for this one.")
    return key


def ensure(values: Mapping[str, str]) -> None:
    """Make the secrets that are missing; those that are there stay as they are."""
    written, lacking = [], []
    for name in names_of(values, "SECRET_NAMES"):
        if get(secret_url(values, name)) is not None:
            continue
        text = new_key() if name == CALLBACK_KEYS else subscription_key(name)
        if text:
            write(values, name, text)
            written.append(name)
        else:
            lacking.append(name)
    print(f"Secrets: {', '.join(written) or 'none'} written.")
    if written:
        refresh(values)
    if lacking:
        raise LocalError(f"{', '.join(lacking)}: not there yet, and the app does not start without. {HOW_KEYS_COME}")


def refresh(values: Mapping[str, str]) -> None:
    """Have the app read its references again; by itself it does so within a day."""
    send("post", f"{references_of(values)}/refresh?api-version={SITE_VERSION}")
    print("The app reads its secrets anew.")


def newest_version(values: Mapping[str, str]) -> str:
    """The address of the newest version of the callback keys, which is no secret."""
    found = get(secret_url(values, CALLBACK_KEYS))
    if found is None:
        raise LocalError(f"There is no secret {CALLBACK_KEYS} yet: run ensure.")
    return str(found["properties"]["secretUriWithVersion"])


def current_callback_key(values: Mapping[str, str]) -> None:
    """Print the address of the version that is in use."""
    print(newest_version(values))


def new_callback_key(values: Mapping[str, str]) -> None:
    """Write a new key while the app reads the version before by a setting of its own, and only then."""
    setting = get(f"{references_of(values)}/{PREVIOUS_KEYS}?api-version={SITE_VERSION}") or {}
    found = setting.get("properties", {})
    if found.get("status") != "Resolved" or f"SecretUri={newest_version(values)})" not in found.get("reference", ""):
        raise LocalError(
            f"The app does not read the newest version by {PREVIOUS_KEYS} (yet): callback URLs that it encrypted could"
            " not be read any more. docs/operate.md, Rotating the callback key, has the steps."
        )
    write(values, CALLBACK_KEYS, new_key())
    refresh(values)


def new_subscription_key(values: Mapping[str, str]) -> None:
    """Replace the subscription keys of Customer Insights."""
    written = []
    for name in names_of(values, "SECRET_NAMES"):
        if name != CALLBACK_KEYS and (key := subscription_key(name)):
            write(values, name, key)
            written.append(name)
            print(f"{name}: {len(key)} characters written.")
    if not written:
        raise LocalError(f"No key was given, nothing was written. {HOW_KEYS_COME}")
    refresh(values)


COMMANDS = {
    "ensure": ensure,
    "refresh": refresh,
    "current-callback-key": current_callback_key,
    "new-callback-key": new_callback_key,
    "new-subscription-key": new_subscription_key,
}


def main(arguments: list[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.vault", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=COMMANDS, help="what to do; docs/operate.md says when")
    parser.add_argument("--from", dest="file", type=Path, help="outputs of the deployment; without it the variables")
    options = parser.parse_args(arguments)
    return run("vault", lambda: COMMANDS[options.command](values_of(options.file)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
