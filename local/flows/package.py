"""What does a solution's zip say? Its parts, read for those who check them; and zips, the same bytes each time."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import msgspec

from local.errors import LocalError
from local.flows.manifest import Json
from local.flows.xml_text import read

SAME_TIME = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE = 0o644 << 16
UNIX = 3


@dataclass(frozen=True)
class Step:
    """A trigger or an action of a flow, wherever in it."""

    name: str
    details: Json
    is_trigger: bool
    siblings: frozenset[str]

    @property
    def inputs(self) -> Json:
        """What it is given."""
        found = self.details.get("inputs", {})
        return found if isinstance(found, Mapping) else {}

    @property
    def host(self) -> Json:
        """Which connector's operation it calls, if it does."""
        found: Json = self.inputs.get("host", {})
        return found


@dataclass(frozen=True)
class FlowFile:
    """A flow as it lies in a solution."""

    part: str
    document: Json

    @property
    def definition(self) -> Json:
        """What it does."""
        found: Json = self.document["properties"]["definition"]
        return found

    @property
    def references(self) -> Mapping[str, Json]:
        """The connections that it declares, by the names that its steps use."""
        found: Mapping[str, Json] = self.document["properties"]["connectionReferences"]
        return found

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Its triggers and actions, nested ones too."""
        triggers = self.definition["triggers"]
        own = [Step(name, one, True, frozenset()) for name, one in triggers.items()]
        return (*own, *_steps(self.definition["actions"]))


@dataclass(frozen=True)
class Solution:
    """The parts of a zip."""

    parts: Mapping[str, bytes]

    @cached_property
    def manifest(self) -> Xml.Element:
        """solution.xml. Raises LocalError."""
        return read(self.parts["solution.xml"])

    @cached_property
    def customizations(self) -> Xml.Element:
        """customizations.xml. Raises LocalError."""
        return read(self.parts["customizations.xml"])

    @cached_property
    def flows(self) -> tuple[FlowFile, ...]:
        """Its flows. Raises msgspec.MsgspecError."""
        found = sorted(part for part in self.parts if part.startswith("Workflows/"))
        return tuple(FlowFile(part, msgspec.json.decode(self.parts[part], type=dict[str, Any])) for part in found)

    @cached_property
    def variables(self) -> Mapping[str, Xml.Element]:
        """Its environment variables by their names. Raises LocalError."""
        found = [read(content) for part, content in self.parts.items() if part.startswith("environmentvariable")]
        return {one.get("schemaname", ""): one for one in found}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """A zip of these parts: the same parts are the same bytes, wherever zlib is the same."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(parts.items()):
            entry = zipfile.ZipInfo(name, SAME_TIME)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, REGULAR_FILE, UNIX
            archive.writestr(entry, content)
    return made.getvalue()


def unzipped(file: Path) -> Solution:
    """What is in a zip. Raises LocalError."""
    try:
        with zipfile.ZipFile(file) as archive:
            return Solution({name: archive.read(name) for name in archive.namelist()})
    except (OSError, zipfile.BadZipFile) as error:
        raise LocalError(f"{file} cannot be read: {error}") from None


def _steps(actions: Json) -> Iterator[Step]:
    for name, action in actions.items():
        yield Step(name, action, False, frozenset(actions) - {name})
        for nested in _nested(action):
            yield from _steps(nested)


def _nested(action: Json) -> Iterator[Json]:
    yield action.get("actions", {})
    yield action.get("else", {}).get("actions", {})
    yield action.get("default", {}).get("actions", {})
    for case in action.get("cases", {}).values():
        yield case.get("actions", {})
