"""What is in a connector's folder? Its files, read once, so that every rule can be a pure function of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.connector.definition import SOURCE, Definition, Json
from local.connector.files import json_of, text_of

DEFINITION = SOURCE.name
PROPERTIES = "apiProperties.json"
SETTINGS = "settings.json"
ICON = "icon.png"
README = "README.md"


@dataclass(frozen=True)
class Package:
    """A connector as its files say it; what is not there is empty. `is_source` has placeholders, what is built none."""

    definition_text: str
    document: Json
    properties: Json
    settings: Json
    icon: bytes
    readme: str
    is_source: bool = False

    @cached_property
    def definition(self) -> Definition:
        """The definition with its references followed."""
        return Definition(self.document)


def read_package(folder: Path) -> Package:
    """The files of the folder. Raises LocalError when one is broken, or the definition or properties are missing."""
    return Package(
        definition_text=text_of(folder / DEFINITION),
        document=json_of(folder / DEFINITION),
        properties=json_of(folder / PROPERTIES),
        settings=json_of(folder / SETTINGS) if (folder / SETTINGS).is_file() else {},
        icon=(folder / ICON).read_bytes() if (folder / ICON).is_file() else b"",
        readme=text_of(folder / README) if (folder / README).is_file() else "",
        is_source=folder.resolve() == SOURCE.parent.resolve(),
    )
