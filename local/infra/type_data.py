"""What is known of the types of resources: of Azure from its own type data, of Microsoft Graph from facts of ours?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from local.children import ROOT
from local.infra.model import Type
from local.infra.syntax import read_text

FOLDER = ROOT.parent / "shared" / "reference" / "bicep-types"
FACTS = Path(__file__).resolve().parent / "type_facts.txt"
REQUIRED, READ_ONLY = 1, 2  # flags of a property in Azure's type data
GUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
SIMPLE: dict[str, dict[str, object]] = {
    "string": {"$type": "StringType"},
    "int": {"$type": "IntegerType"},
    "bool": {"$type": "BooleanType"},
    "any": {"$type": "AnyType"},
    "guid": {"$type": "StringType", "pattern": GUID},
    "readOnly": {"$type": "AnyType"},
}
Shape: TypeAlias = Mapping[str, Any]  # one entry of Azure's type data: JSON


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of a resource: the table that it stands in, and the shape of its body."""

    name: str
    table: Sequence[Shape]
    body: Shape

    def of(self, reference: Mapping[str, str]) -> Shape:
        """The shape that is referred to."""
        return self.table[int(reference["$ref"].rpartition("/")[2])]


@dataclass(frozen=True, slots=True)
class TypeData:
    """Azure's type data in a folder `<area>/<provider>/<version>/types.json`, after our own facts."""

    folder: Path

    def find(self, kind: str, version: str) -> ResourceType | None:
        """The type of a resource."""
        own = _own().get(f"{kind}@{version}".lower())
        if own:
            return own
        provider = kind.partition("/")[0].lower()
        found = (_types(path) for path in sorted(self.folder.glob(f"*/{provider}/{version}/types.json")))
        return next((types[key] for types in found if (key := f"{kind}@{version}".lower()) in types), None)

    def versions(self, kind: str) -> list[str]:
        """The versions of a type that are held, the newest first."""
        provider = kind.partition("/")[0].lower()
        paths = self.folder.glob(f"*/{provider}/*/types.json")
        return sorted({path.parent.name for path in paths if self.find(kind, path.parent.name)}, reverse=True)


@cache
def _types(path: Path) -> dict[str, ResourceType]:
    table: list[Shape] = json.loads(path.read_text(encoding="utf-8"))
    return {
        entry["name"].lower(): ResourceType(entry["name"], table, table[int(entry["body"]["$ref"].rpartition("/")[2])])
        for entry in table
        if entry["$type"] == "ResourceType"
    }


@cache
def _own() -> dict[str, ResourceType]:
    """Our own facts: types in Bicep, of which those with a comment in front are resources of that name."""
    text = FACTS.read_text(encoding="utf-8")
    declared = {one.name: one.type for one in read_text(text, FACTS).types.values()}
    found = {}
    for line, after in zip(text.splitlines(), text.splitlines()[1:], strict=False):
        if line.startswith("// Microsoft."):
            table: list[Shape] = []
            body = _shape(declared[after.split()[1]], declared, table)
            found[line[3:].lower()] = ResourceType(line[3:], table, body)
    return found


def _shape(kind: Type, declared: Mapping[str, Type], table: list[Shape]) -> Shape:
    def refer(inner: Type) -> dict[str, str]:
        table.append(_shape(inner, declared, table))
        return {"$ref": f"#/{len(table) - 1}"}

    if kind.form == "name" and kind.name not in SIMPLE:
        return _shape(declared[kind.name], declared, table)
    if kind.form == "object":
        every = {name: {"type": refer(one), "flags": _flags(one)} for name, one in kind.properties}
        more = every.pop("*", None)
        return {"$type": "ObjectType", "properties": every, "additionalProperties": more and more["type"]}
    if kind.form == "array":
        return {"$type": "ArrayType", "itemType": refer(kind.parts[0])}
    if kind.form == "union":
        return {"$type": "UnionType", "elements": [refer(one) for one in kind.parts]}
    return {"$type": "StringLiteralType", "value": kind.value} if kind.form == "literal" else SIMPLE[kind.name]


def _flags(kind: Type) -> int:
    if kind.form == "name" and kind.name == "readOnly":
        return READ_ONLY
    return 0 if kind.may_be_null else REQUIRED
