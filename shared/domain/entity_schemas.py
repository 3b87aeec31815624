"""How items of an entity, and the dimensions of a measure, look to a designer: JSON schemas (OpenAPI's subset)."""

from collections.abc import Mapping, Sequence
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
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "datetimeoffset": {"type": "string", "format": "date-time"},
    "guid": {"type": "string", "format": "uuid"},
}


class Use(StrEnum):
    """What a schema is for."""

    READ = "read"
    LIST = "list"
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
    told = use in (Use.READ, Use.LIST)  # Customer Insights tells what has no value as null
    properties = {one.name: {**_property(one), **({"x-nullable": True} if told else {})} for one in shown}
    item = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    return _list_of(item) if use is Use.LIST else item


def dimensions_schema(dimensions: Sequence[str]) -> Schema:
    """A text for each dimension."""
    return {"type": "object", "properties": {name: {"type": "string", **_titled(name)} for name in dimensions}}


def _list_of(item: Schema) -> Schema:
    """The answer that has items in it; the link to the rest is for the platform."""
    rest = {"type": "string", **_titled("Next link"), "x-ms-visibility": "internal"}
    items = {"type": "array", **_titled("Items"), "items": item}
    return {"type": "object", "properties": {"value": items, "nextLink": rest}, "required": ["value"]}


def _property(attribute: Attribute) -> Schema:
    kind = _TYPES.get(attribute.data_type.lower(), {"type": "string"})
    return {**kind, **_titled(attribute.display_name)}


def _titled(title: str) -> Schema:
    return {"title": title, "x-ms-summary": title}
