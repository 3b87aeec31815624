"""Is the definition sound where a validator of Swagger looks away?"""

import re
from collections import defaultdict
from collections.abc import Iterator

from local.connector.definition import Json
from local.connector.findings import Finding, Rule
from local.connector.package import Package
from local.connector.walk import looked_up, nodes, written_operations


def reading_takes_no_body(package: Package) -> Iterator[Finding]:
    """A GET has no body: gateways on the way drop it."""
    for one in package.definition.operations:
        if one.method == "get" and one.body is not None:
            yield Finding(one.id, "it is a GET with a body", "Put what it takes into the query, or make it a POST")


def paths_are_told_apart(package: Package) -> Iterator[Finding]:
    """Two paths differ in more than case and the names of their parameters."""
    alike = defaultdict(list)
    for path in package.document["paths"]:
        alike[re.sub(r"\{[^}]*\}", "{}", path).casefold()].append(path)
    for first, *others in alike.values():
        for other in others:
            yield Finding(other, f"it is the same path as {first}", "Write both in one place, or tell them apart")


def what_is_required_is_there(package: Package) -> Iterator[Finding]:
    """What an object requires is among its properties."""
    for node in nodes(package.document):
        known = properties_of(node.schema, package.document)
        for name in requirements(node.schema) if known else ():
            if name not in known:
                yield Finding(node.where, f"it requires '{name}', which it does not have", "Name a property of it")


def security_is_defined(package: Package) -> Iterator[Finding]:
    """What has to be shown to be let in is one of the security definitions."""
    defined = package.document.get("securityDefinitions", {})
    places = [("the connector", package.document), *written_operations(package.document)]
    for where, part in places:
        for name in sorted({name for needed in part.get("security", ()) for name in needed} - set(defined)):
            yield Finding(where, f"its security names '{name}', which is not there", "Name a security definition")


def properties_of(schema: Json, document: Json) -> frozenset[str]:
    """The properties of a schema, those of the schemas that it is made of too."""
    others = (properties_of(looked_up(one, document), document) for one in schema.get("allOf", ()))
    return frozenset(schema.get("properties", ())).union(*others)


def requirements(schema: Json) -> tuple[str, ...]:
    """What a schema requires; of a parameter `required` is a yes or no."""
    needed = schema.get("required", ())
    return tuple(needed) if isinstance(needed, list) else ()


RULES: tuple[Rule, ...] = (
    reading_takes_no_body,
    paths_are_told_apart,
    what_is_required_is_there,
    security_is_defined,
)
