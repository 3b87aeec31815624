"""Our own copy of the vendor's shapes, for machines that do not have the vendor's file.

`python -m tests.local.simulator.shapes` makes the copy anew from that file.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

OPENAPI = Path(__file__).parents[4] / "shared" / "reference" / "customer-insights-v1.openapi.json"
COPY = Path(__file__).with_name("shapes.json")
USED = (
    "AcceptedResult",
    "ApiErrorResult",
    "CreatedResult",
    "DataSourceInfo",
    "EntitySize",
    "GraphJobInfo",
    "GraphNodeInfo",
    "GraphTaskInfo",
    "IC360EntityModel",
    "IEntityMetadata",
    "InstanceInfo",
    "InstanceMetadata",
    "MeasureMetadata",
    "ODataEntityPayload",
    "ODataError",
    "RoleAssignment",
    "SegmentMetadata",
)
TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
Shapes = dict[str, Any]


def known() -> Shapes:
    """The vendor's shapes if the file is at hand, and our copy otherwise."""
    return vendors() if OPENAPI.exists() else copied()


def copied() -> Shapes:
    shapes: Shapes = json.loads(COPY.read_text(encoding="utf-8"))
    return shapes


def vendors() -> Shapes:
    """Those of the vendor's shapes that are used, and what they refer to."""
    everything = json.loads(OPENAPI.read_text(encoding="utf-8"))["components"]["schemas"]
    found: Shapes = {}
    missing = set(USED)
    while missing:
        for name in missing:
            found[name] = _bare(everything[name])
        missing = {ref for shape in found.values() for ref in _references(shape)} - set(found)
    return dict(sorted(found.items()))


def faults(value: Any, shape: Shapes, shapes: Shapes, at: str) -> Iterator[str]:
    """What in the value the shape does not know: stricter than JSON Schema, which lets unknown keys pass."""
    if "$ref" in shape:
        shape = shapes[_name(shape["$ref"])]
    if not isinstance(value, TYPES[shape["type"]]) or (isinstance(value, bool) and shape["type"] != "boolean"):
        yield f"{at}: {value!r} is no {shape['type']}"
    elif isinstance(value, str):
        yield from _text_faults(value, shape, at)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from faults(item, shape["items"], shapes, f"{at}[{place}]")
    elif isinstance(value, dict) and (shape.keys() & {"properties", "additionalProperties"}):
        for name, inner in value.items():
            found = shape.get("properties", {}).get(name) or shape.get("additionalProperties")
            yield from faults(inner, found, shapes, f"{at}.{name}") if found else [f"{at}.{name} is unknown"]


def _text_faults(value: str, shape: Shapes, at: str) -> Iterator[str]:
    if "enum" in shape and value not in shape["enum"]:
        yield f"{at}: {value!r} is not in the enum"
    elif shape.get("format") == "uuid" and str(UUID(value)) != value:
        yield f"{at}: {value!r} is no uuid"
    elif shape.get("format") == "date-time" and not (datetime.fromisoformat(value) and value.endswith("Z")):
        yield f"{at}: {value!r} is no time in UTC"
    elif shape.get("format") == "uri" and "://" not in value:
        yield f"{at}: {value!r} is no address"


def _bare(shape: Any) -> Any:
    """The shape without what is only for people."""
    if isinstance(shape, list):
        return [_bare(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    return {key: _bare(inner) for key, inner in shape.items() if key != "description" or isinstance(inner, dict)}


def _references(shape: Any) -> Iterator[str]:
    if isinstance(shape, list):
        for one in shape:
            yield from _references(one)
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            if key == "$ref":
                yield _name(inner)
            else:
                yield from _references(inner)


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(shape)}" for name, shape in vendors().items())
    COPY.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
