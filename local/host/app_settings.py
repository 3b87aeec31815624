"""What are the app's settings, and what does `%NAME%` or a connection's name stand for?"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from local.host.errors import HostError

_EXPRESSION = re.compile(r"%([^%]+)%")
_AZURITE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)


class _LocalSettings(msgspec.Struct, rename="pascal"):
    is_encrypted: bool = False
    values: dict[str, str] = msgspec.field(default_factory=dict)


def load_settings(app_dir: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Merge local.settings.json below the environment, which wins."""
    file = app_dir / "local.settings.json"
    if not file.exists():
        return dict(environment)
    try:
        # Editors on Windows like to put a byte order mark in front.
        read = msgspec.json.decode(file.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=_LocalSettings)
    except msgspec.DecodeError as error:
        raise HostError(f"{file}: {error}") from error
    if read.is_encrypted:
        raise HostError(f"{file} is encrypted; run: func settings decrypt")
    return {**read.values, **environment}


def expand(text: str, settings: Mapping[str, str], where: str) -> str:
    """Replace each `%NAME%` by the setting of that name."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in settings:
            raise HostError(f"{where} needs the setting {name}; set it in the environment or in local.settings.json")
        return settings[name]

    return _EXPRESSION.sub(value, text)


def connection_string(name: str, settings: Mapping[str, str], where: str) -> str:
    """Find the storage account behind a connection's name."""
    found = settings.get(name) or settings.get(f"AzureWebJobs{name}")
    if found is None:
        hint = " (an identity-based connection works in Azure only)" if _has_identity(name, settings) else ""
        raise HostError(f"{where} needs a storage connection string in the setting {name}{hint}")
    if found.strip().rstrip(";").lower() == "usedevelopmentstorage=true":
        return _AZURITE
    return found


def _has_identity(name: str, settings: Mapping[str, str]) -> bool:
    return any(key.startswith(f"{name}__") for key in settings)
