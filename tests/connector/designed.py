"""The definition as a maker has it in front: with each drop-down list as the choices that the app offers now."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.connector.designer import Designer, Given

Document = dict[str, Any]
GROWING = ("jobId",)  # the list of jobs is another one with each refresh


async def designed(designer: Designer, given: Given, callback: str) -> Document:
    """The document with every reference followed, without what only the platform fills in by itself.

    `given` is what is chosen where one choice depends on another. The callback URL has one choice. Which columns an
    item needs is for Customer Insights to say.
    """
    document = deepcopy(dict(designer.definition.document))
    document["paths"] = {}
    for operation in designer.definition.operations:
        details = deepcopy(dict(operation.details))
        details["parameters"] = [one for one in details["parameters"] if not _is_opaque(one)]
        schemas = dict(_schemas(details))
        for one in operation.fields:
            if one.value_schema.get("x-ms-notification-url"):
                schemas[one.path]["enum"] = [callback]
            elif one.name in given:
                schemas[one.path]["enum"] = [given[one.name]]
            elif "x-ms-dynamic-list" in one.value_schema and one.name not in GROWING:
                offered = await designer.choices(operation, one, given)
                schemas[one.path]["enum"] = [value for value, _ in offered]
            elif "x-ms-dynamic-properties" in one.value_schema:
                schemas[one.path]["properties"] = (await designer.schema(one.value_schema, given))["properties"]
        document["paths"].setdefault(operation.path, {})[operation.method] = details
    return document


def everywhere(given: Given) -> Given:
    """What is given, for parameters and for the fields of a body."""
    return {**given, **{f"body/{name}": value for name, value in given.items()}}


def _is_opaque(parameter: Document) -> bool:
    """A place in a list or a feed, which only the app gives out."""
    return parameter["in"] == "query" and parameter.get("x-ms-visibility") == "internal"


def _schemas(details: Document) -> Iterator[tuple[str, Document]]:
    """The schema of each field, to be changed in place."""
    for parameter in details["parameters"]:
        if parameter["in"] != "body":
            yield parameter["name"], parameter
        elif "properties" in parameter["schema"]:
            yield from ((f"{parameter['name']}/{name}", one) for name, one in parameter["schema"]["properties"].items())
        else:
            yield parameter["name"], parameter["schema"]
