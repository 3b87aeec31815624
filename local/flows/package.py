"""What does a solution's zip say? Its parts, read for those who check them; and zips, the same bytes each time."""

import io
import zipfile
import zlib
from collections import Counter
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
WEBHOOK, CALL = "OpenApiConnectionWebhook", "OpenApiConnection"
NESTING = ("actions", "else", "default", "cases")
VARIABLES = "environmentvariabledefinitions/"
VARIABLE_FILE = "environmentvariabledefinition.xml"


@dataclass(frozen=True)
class Step:
    """A trigger or an action of a flow, wherever in it. `sees` are the actions that its expressions may name."""

    name: str
    details: Json
    is_trigger: bool
    siblings: frozenset[str] = frozenset()
    sees: frozenset[str] = frozenset()

    @property
    def type(self) -> str:
        """What kind of step it is."""
        return str(self.details["type"])

    @property
    def own(self) -> Json:
        """What it says itself, without the actions below it."""
        return {name: part for name, part in self.details.items() if name not in NESTING}

    @property
    def inputs(self) -> Json:
        """What it is given."""
        found = self.details.get("inputs", {})
        return found if isinstance(found, Mapping) else {}

    @property
    def host(self) -> Json:
        """Which connector's operation it calls, if it does."""
        found: Json = self.inputs["host"] if self.type in (WEBHOOK, CALL) else {}
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
        own = [Step(name, one, True) for name, one in triggers.items()]
        return (*own, *steps_of(self.definition["actions"]))


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
        found = [read(content) for part, content in self.parts.items() if part.endswith(VARIABLE_FILE)]
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
            entries = [one for one in archive.infolist() if not one.is_dir()]
            parts = {one.filename: archive.read(one) for one in entries}
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:  # RuntimeError: it is encrypted
        raise LocalError(f"{file} cannot be read: {error}") from None
    twice = [name for name, count in Counter(one.filename for one in entries).items() if count > 1]
    if twice:
        raise LocalError(f"{file} has {twice[0]} more than once")
    return Solution(parts)


def steps_of(actions: Json, above: frozenset[str] = frozenset()) -> Iterator[Step]:
    """The actions that lie beside each other, and all below them. `above` is what the action around them sees."""
    for name, action in actions.items():
        before = _before(name, actions)
        inside = {step.name for one in before for block in _nested(actions[one]) for step in steps_of(block)}
        sees = above | before | inside
        of_body = {step.name for step in steps_of(action["actions"])} if action.get("type") == "Until" else set()
        yield Step(name, action, False, frozenset(actions) - {name}, sees | of_body)
        for block in _nested(action):
            yield from steps_of(block, sees)


def _before(name: str, actions: Json) -> frozenset[str]:
    """The actions beside one that it waits for, by themselves and through one another."""
    found: set[str] = set()
    new = set(actions[name].get("runAfter", ()))
    while new:
        found |= new
        new = {one for step in new for one in actions.get(step, {}).get("runAfter", ())} - found
    return frozenset(found & actions.keys())


def _nested(action: Json) -> Iterator[Json]:
    branches = (action, action.get("else"), action.get("default"), *action.get("cases", {}).values())
    yield from (one.get("actions", {}) for one in branches if one)
