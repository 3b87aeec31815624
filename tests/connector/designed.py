"""The definition as a maker has it in front: with each drop-down list as the choices that the app offers now."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from local.connector.definition import Definition, Operation
from tests.connector.designer import Designer, Given

Document = dict[str, Any]


async def designed(definition: Definition, designer: Designer, given: Given, callback: str) -> Document:
    """The document with every reference followed; `given` is what is chosen where one choice depends on another.

    The callback URL has one choice too: the platform fills it in.
    """
    paths: Document = {}
    for operation in definition.operations:
        details = deepcopy(dict(operation.details))
        schemas = _schemas(details)
        for one in operation.fields:
            schema = schemas[one.path]
            if one.value_schema.get("x-ms-notification-url"):
                schema["enum"] = [callback]
            elif one.name in given:
                schema["enum"] = [given[one.name]]
            elif "x-ms-dynamic-list" in schema:
                schema["enum"] = [value for value, _ in await designer.choices(operation, one, _everywhere(given))]
            elif "x-ms-dynamic-properties" in schema:
                schema |= await designer.schema(one.value_schema, _everywhere(given))
        paths.setdefault(operation.path, {})[operation.method] = details
    return {**definition.document, "paths": paths}


def _schemas(details: Document) -> dict[str, Document]:
    """The schema of each field, to be changed in place."""
    found = {}
    for parameter in details.get("parameters", ()):
        if parameter["in"] != "body":
            found[parameter["name"]] = parameter
        elif "properties" in parameter["schema"]:
            found |= {f"{parameter['name']}/{name}": one for name, one in parameter["schema"]["properties"].items()}
        else:
            found[parameter["name"]] = parameter["schema"]
    return found


def _everywhere(given: Given) -> Given:
    return {**given, **{f"body/{name}": value for name, value in given.items()}}
