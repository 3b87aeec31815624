"""Which settings does the app read, and which does docs/settings.md explain?"""

import re
from collections.abc import Mapping
from contextlib import suppress

# Read by the beginning of their name, so that no name is asked for.
BY_PREFIX = frozenset(
    {
        "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY",
        "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__<id>",
        "APPLICATION_ENVIRONMENTS__<id>",
    }
)
ID = re.compile(r"__[0-9A-Fa-f]{32}$")


class Listening(dict[str, str]):
    """Variables that note which of them are asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.asked: set[str] = set()

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        """Note it, and answer it."""
        self.asked.add(key)
        return super().get(key, default)


def settings_read(variables: Mapping[str, str]) -> set[str]:
    """Every setting that the app reads, where these are set. Whether it takes them is another question."""
    from shared.errors import SettingsInvalid
    from shared.settings import read_settings

    found = Listening(variables)
    with suppress(SettingsInvalid):
        read_settings(found)
    return found.asked | BY_PREFIX


def settings_documented(page: str) -> set[str]:
    """Every setting that the settings page explains: the first column of its table, and what the platform sets."""
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    platform = re.findall(r"^Set by the platform.*?\n\n", page, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([A-Za-z_]+(?:<id>)?)`", "".join(rows + platform)))


def general(name: str) -> str:
    """The name of a setting as the page writes it: `__<id>` for an id."""
    return ID.sub("__<id>", name)
