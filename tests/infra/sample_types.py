"""Type data in the form of Azure's, of a provider that does not exist."""

import json
from pathlib import Path


def write_types(folder: Path) -> Path:
    """Type data as Azure's, of a provider that does not exist, and the few real ones that the sample has."""
    path = folder / "area" / "test.storage" / "2024-01-01"
    path.mkdir(parents=True)
    (path / "types.json").write_text(json.dumps(TABLE), encoding="utf-8")
    for provider, version, name in (
        ("microsoft.keyvault", "2024-01-01", "Microsoft.KeyVault/vaults"),
        ("microsoft.consumption", "2024-01-01", "Microsoft.Consumption/budgets"),
        ("microsoft.authorization", "2020-05-01", "Microsoft.Authorization/locks"),
    ):
        other = folder / "area" / provider / version
        other.mkdir(parents=True)
        table = [{"$type": "AnyType"}, {"$type": "ResourceType", "name": f"{name}@{version}", "body": _ref(0)}]
        (other / "types.json").write_text(json.dumps(table), encoding="utf-8")
    return folder


def _ref(place: int) -> dict[str, str]:
    return {"$ref": f"#/{place}"}


def _property(place: int, flags: int = 0) -> dict[str, object]:
    return {"type": _ref(place), "flags": flags}


BASE = {"id": _property(0, 10), "type": _property(0, 10), "apiVersion": _property(0, 10), "name": _property(5, 9)}
TABLE: list[dict[str, object]] = [
    {"$type": "StringType"},  # 0
    {"$type": "IntegerType", "minValue": 1, "maxValue": 100},
    {"$type": "BooleanType"},
    {"$type": "StringLiteralType", "value": "Basic"},
    {"$type": "StringLiteralType", "value": "Standard"},
    {"$type": "StringType", "minLength": 3, "maxLength": 40, "pattern": "^[a-z][A-Za-z0-9-]*$"},  # 5: a name
    {"$type": "UnionType", "elements": [_ref(3), _ref(4)]},
    {"$type": "UnionType", "elements": [_ref(3), _ref(4), _ref(0)]},
    {"$type": "ObjectType", "name": "Sku", "properties": {"name": _property(6, 1)}},
    {"$type": "ObjectType", "name": "Host", "properties": {"name": _property(0, 1), "port": _property(1)}},
    {"$type": "ArrayType", "itemType": _ref(9), "maxLength": 3},  # 10
    {"$type": "ObjectType", "name": "Own", "properties": {"type": _property(12, 1), "keyName": _property(0, 1)}},
    {"$type": "StringLiteralType", "value": "own"},
    {"$type": "ObjectType", "name": "Platform", "properties": {"type": _property(14, 1)}},
    {"$type": "StringLiteralType", "value": "platform"},
    {
        "$type": "DiscriminatedObjectType",  # 15
        "discriminator": "type",
        "baseProperties": {},
        "elements": {"own": _ref(11), "platform": _ref(13)},
    },
    {
        "$type": "ObjectType",
        "name": "Properties",
        "properties": {
            "tier": _property(7),
            "open": _property(2),
            "capacity": _property(1, 1),
            "hosts": _property(10),
            "password": _property(0),
            "key": _property(0),
            "subnet": _property(0),
            "encryption": _property(15),
            "host": _property(0, 2),
        },
    },
    {"$type": "ObjectType", "name": "Tags", "properties": {}, "additionalProperties": _ref(0)},
    {
        "$type": "ObjectType",
        "name": "Test.Storage/accounts",
        "properties": {
            **BASE,
            "location": _property(0, 1),
            "sku": _property(8, 1),
            "tags": _property(17),
            "properties": _property(16),
        },
    },
    {"$type": "ResourceType", "name": "Test.Storage/accounts@2024-01-01", "body": _ref(18)},
    {"$type": "ObjectType", "name": "Test.Storage/accounts/services", "properties": BASE},  # 20
    {"$type": "ResourceType", "name": "Test.Storage/accounts/services@2024-01-01", "body": _ref(20)},
    {"$type": "ObjectType", "name": "Container", "properties": {"open": _property(2, 1), "kind": _property(0)}},
    {"$type": "ObjectType", "name": "Containers", "properties": {**BASE, "properties": _property(22)}},
    {"$type": "ResourceType", "name": "Test.Storage/accounts/services/containers@2024-01-01", "body": _ref(23)},
]
