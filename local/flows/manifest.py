"""What belongs to the solutions? The manifest beside the flows, and the flow files it names."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from local.children import ROOT
from local.connector.files import json_of
from local.errors import LocalError
from local.flows.shapes import Flow

Json = Mapping[str, Any]
SOURCE = ROOT / "flows"
APIS = "/providers/Microsoft.PowerApps/apis/"


class Publisher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who publishes both solutions."""

    unique_name: str
    name: str
    prefix: str
    option_value_prefix: int


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The solution that flows are in."""

    unique_name: str
    solution: str
    description: str


class ConnectorPackage(Package, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The solution that the connector is in. `api` is how flows call it until an import gives it another ending."""

    id: str
    name: str
    api: str


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A connection that whoever imports has to choose."""

    logical_name: str
    name: str
    api: str = ""
    custom: bool = False


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a maker fills in once for all flows. A secret one names a place in a key vault."""

    schema_name: str
    name: str
    description: str
    secret: bool = False

    @property
    def parameter(self) -> str:
        """What flows call it."""
        return f"{self.name} ({self.schema_name})"


class FlowEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A flow: its file and how it is known."""

    file: str
    id: str
    name: str
    description: str

    @property
    def part(self) -> str:
        """Where it lies in the solution."""
        letters = "".join(letter for letter in self.name.title() if letter.isalnum())
        return f"Workflows/{letters}-{self.id.upper()}.json"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in flows/solution.toml."""

    publisher: Publisher
    connector: ConnectorPackage
    flows: Package
    flow: tuple[FlowEntry, ...]
    reference: tuple[Reference, ...]
    variable: tuple[Variable, ...]

    def api_of(self, reference: Reference) -> str:
        """The id of what a reference connects to."""
        return APIS + (self.connector.api if reference.custom else reference.api)


@dataclass(frozen=True)
class Source:
    """The folder of the flows."""

    folder: Path

    @cached_property
    def manifest(self) -> Manifest:
        """Raises LocalError."""
        file = self.folder / "solution.toml"
        try:
            return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Manifest)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise LocalError(f"{file} cannot be read: {error}") from None

    def flow(self, entry: FlowEntry) -> Json:
        """What a flow's file says. Raises LocalError."""
        return json_of(self.folder / entry.file)

    def shaped(self, entry: FlowEntry) -> Flow:
        """The same, held to the shape of a flow. Raises LocalError."""
        try:
            return msgspec.convert(self.flow(entry), Flow)
        except msgspec.ValidationError as error:
            raise LocalError(f"{self.folder / entry.file} is no flow: {error}") from None


def version() -> str:
    """The release as Power Platform writes versions: four numbers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['version']}.0"
