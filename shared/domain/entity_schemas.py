"""How the items of an entity look to a designer: a JSON schema (OpenAPI's subset of it)."""

from collections.abc import Mapping
from enum import StrEnum

from shared.domain.catalog import Attribute, Entity
from shared.errors import RequestInvalid

Schema = Mapping[str, object]
_TYPES: Mapping[str, Schema] = {
    "boolean": {"type": "boolean"},
    "int16": {"type": "integer", "format": "int32"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "integer": {"type": "integer", "format": "int64"},
    "decimal": {"type": "number"},
    "double": {"type": "number", "format": "double"},
    "single": {"type": "number", "format": "float"},
    "datetime": {"type": "string", "format": "date-time"},
    "datetimeoffset": {"type": "string", "format": "date-time"},
    "guid": {"type": "string", "format": "uuid"},
}


class Use(StrEnum):
    """What a schema is for."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"


def use_of(text: str) -> Use:
    """What a schema is asked for. Raises RequestInvalid."""
    if text not in list(Use):
        raise RequestInvalid("use", f"must be one of {', '.join(Use)}")
    return Use(text)


def schema_of(entity: Entity, use: Use) -> Schema:
    """The columns of an entity; its key is required of an item that is created, and not to be changed later."""
    shown = [one for one in entity.attributes if use is not Use.UPDATE or one.name not in entity.keys]
    required = [one.name for one in shown if one.name in entity.keys] if use is Use.CREATE else []
    properties = {one.name: _property(one) for one in shown}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _property(attribute: Attribute) -> Schema:
    kind = _TYPES.get(attribute.data_type.lower(), {"type": "string"})
    return {**kind, "title": attribute.display_name, "x-ms-summary": attribute.display_name}
