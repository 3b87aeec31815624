"""Does a value have the shape that a type asks for?"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from local.infra.rules.fitting import outside
from local.infra.scope import Unknown
from local.infra.type_data import READ_ONLY, REQUIRED, ResourceType, Shape

KINDS: dict[str, str] = {
    "StringType": "string",
    "IntegerType": "int",
    "BooleanType": "bool",
    "ArrayType": "array",
    "ObjectType": "object",
    "DiscriminatedObjectType": "object",
    "StringLiteralType": "string",
}
OF_VALUES: dict[type, str] = {str: "string", int: "int", bool: "bool", list: "array", dict: "object"}
# Not in the types: the compiler itself takes them at every resource.
OF_EVERY_RESOURCE = frozenset({"parent", "scope", "dependsOn"})
KindOf = Callable[[Unknown], str]


class Shapes:
    """Compares values with the types of one resource; `kind_of` says what is known of a value that is not."""

    def __init__(self, resource: ResourceType, kind_of: KindOf) -> None:
        self.resource = resource
        self.kind_of = kind_of

    def wrong_with(self, value: object, shape: Shape, path: str = "") -> Iterator[tuple[str, str]]:
        """What is wrong with a value, each with the path to it."""
        wanted = shape["$type"]
        if wanted == "UnionType":
            yield from self._union(value, shape, path)
        elif isinstance(value, Unknown):
            kind = self.kind_of(value)
            if wanted in KINDS and kind not in ("any", "null", KINDS[wanted]):
                yield path, f"{KINDS[wanted]} is wanted and this is {kind}"
        elif wanted in KINDS and OF_VALUES.get(type(value)) != KINDS[wanted]:
            yield path, f"{KINDS[wanted]} is wanted and this is {OF_VALUES.get(type(value), 'null')}"
        elif isinstance(value, dict) and wanted in KINDS:
            yield from self._object(value, shape, path)
        elif isinstance(value, list) and wanted == "ArrayType":
            for place, item in enumerate(value):
                yield from self.wrong_with(item, self.resource.of(shape["itemType"]), f"{path}[{place}]")
            yield from _bounds(len(value), shape, "Length", path)
        else:
            yield from _scalar(value, shape, path)

    def _union(self, value: object, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
        elements = [self.resource.of(one) for one in shape["elements"]]
        literals = [one["value"] for one in elements if one["$type"] == "StringLiteralType"]
        if isinstance(value, str) and literals and value not in literals:
            # Where any text is taken as well, this one may still be a mistake: see OPEN in resource_types.py.
            is_open = len(literals) < len(elements)
            yield path, f"'{value}' is {'not known' if is_open else 'not allowed'}{any_of(value, literals)}"
        elif not isinstance(value, str) and all(list(self.wrong_with(value, one, path)) for one in elements):
            yield from self.wrong_with(value, elements[0], path)

    def _object(self, value: Mapping[object, object], shape: Shape, path: str) -> Iterator[tuple[str, str]]:
        properties, more = self._properties(value, shape), shape.get("additionalProperties")
        for key, inner in value.items():
            here = f"{path}.{key}" if path else str(key)
            if isinstance(key, Unknown) or (not path and key in OF_EVERY_RESOURCE):
                continue
            if key in properties:
                yield from self._property(inner, properties[key], here)
            elif more:
                yield from self.wrong_with(inner, self.resource.of(more), here)
            else:
                yield here, f"there is no property '{key}' here{did_you_mean(str(key), properties)}"
        if not any(isinstance(key, Unknown) for key in value):
            for name, one in properties.items():
                if one["flags"] & REQUIRED and not one["flags"] & READ_ONLY and name not in value:
                    yield path, f"'{name}' is missing"

    def _property(self, value: object, found: Shape, path: str) -> Iterator[tuple[str, str]]:
        if found["flags"] & READ_ONLY:
            yield path, "it can only be read"
        elif value is not None or found["flags"] & REQUIRED:
            yield from self.wrong_with(value, self.resource.of(found["type"]), path)

    def _properties(self, value: Mapping[object, object], shape: Shape) -> dict[object, Shape]:
        """The properties of an object; of every variant when it is not known which."""
        if shape["$type"] == "ObjectType":
            return dict(shape["properties"])
        base, variants = dict(shape.get("baseProperties", {})), shape["elements"]
        chosen = value.get(shape["discriminator"])
        if isinstance(chosen, str) and chosen in variants:
            return base | dict(self.resource.of(variants[chosen])["properties"])
        for one in variants.values():
            for name, found in self.resource.of(one)["properties"].items():
                # What one variant asks for, another may not have.
                base.setdefault(name, {**found, "type": found["type"], "flags": 0} if chosen is not None else found)
        return base


def _scalar(value: object, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    wanted = shape["$type"]
    if wanted == "StringLiteralType" and value != shape["value"]:
        yield path, f"'{value}' is not '{shape['value']}'"
    elif wanted == "StringType" and isinstance(value, str):
        yield from _bounds(len(value), shape, "Length", path)
        if shape.get("pattern") and re.search(shape["pattern"], value) is None:
            yield path, f"'{value}' does not fit {shape['pattern']}"
    elif wanted == "IntegerType" and isinstance(value, int):
        yield from _bounds(value, shape, "Value", path)


def _bounds(size: int, shape: Shape, unit: str, path: str) -> Iterator[tuple[str, str]]:
    least, most = shape.get(f"min{unit}"), shape.get(f"max{unit}")
    if (least is not None and size < least) or (most is not None and size > most):
        yield path, f"the {unit.lower()} {size} is {outside(least, most)}"


def any_of(value: str, allowed: Iterable[str]) -> str:
    """The values that are allowed, the nearest first when there are many."""
    found = list(allowed)
    near = difflib.get_close_matches(value, found, 1)
    return f", did you mean '{near[0]}'?" if near else f", but {', '.join(repr(one) for one in found[:12])} are"


def did_you_mean(name: str, names: Iterable[object]) -> str:
    """The nearest name."""
    near = difflib.get_close_matches(name, [str(one) for one in names], 1)
    return f", did you mean '{near[0]}'?" if near else ""
