"""Do the answers have the shape of the vendor's own description, where it is at hand?"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.local.simulator.conftest import Caller

OPENAPI = Path(__file__).parents[4] / "shared" / "reference" / "customer-insights-v1.openapi.json"
NODE_KEYS = {"identifier", "taskStatus", "operationType", "subType", "jobIds", "friendlyName", "endTimestamp",
             "ciError", "ciErrors", "additionalInfo", "lastSuccessJobIds", "lastSuccessfulTimestamp",
             "selectionReason"}  # fmt: skip
TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
CALLS = {
    "": "InstanceMetadata",
    "/rbac/myrole": "RoleAssignment",
    "/workflows/main/jobs?top=50&includeTasks=true": "GraphJobInfo",
    "/workflows/main/jobs?top=50": "GraphJobInfo",
    "/workflows/main/status": "GraphNodeInfo",
    "/workflows/main/history?top=100": "GraphTaskInfo",
    "/manage/datasources": "DataSourceInfo",
    "/manage/segments?includeHistoricStats=true": "SegmentMetadata",
    "/manage/measures": "MeasureMetadata",
    "/manage/measures/Revenue?includeHistoricStats=true": "MeasureMetadata",
}


def faults(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str) -> Iterator[str]:
    """What in the value the schema does not know: stricter than JSON Schema, which lets unknown keys pass."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    if not isinstance(value, TYPES[schema["type"]]):
        yield f"{at}: {value!r} is no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not in the enum"
    elif schema.get("format") == "uuid" and str(UUID(value)) != value:
        yield f"{at}: {value!r} is no uuid"
    elif schema.get("format") == "date-time" and not (datetime.fromisoformat(value) and value.endswith("Z")):
        yield f"{at}: {value!r} is no time in UTC"
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from faults(item, schema["items"], schemas, f"{at}[{place}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            yield from faults(inner, known, schemas, f"{at}.{name}") if known else [f"{at}.{name} is unknown"]


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendor's OpenAPI description is not at hand")
@pytest.mark.parametrize("time", ["00:00", "02:12", "02:43", "20:30"])
async def test_answers_fit_the_vendors_description(caller: Caller, time: str) -> None:
    schemas = json.loads(OPENAPI.read_text(encoding="utf-8"))["components"]["schemas"]
    await caller.jump(time)
    for path, name in CALLS.items():
        body = await caller.get(path)
        for item in body if isinstance(body, list) else [body]:
            assert list(faults(item, schemas[name], schemas, path)) == []
    status, _, error = await caller.ask("/nowhere")
    assert status == 404
    assert list(faults(error, schemas["ApiErrorResult"], schemas, "error")) == []


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendor's OpenAPI description is not at hand")
@pytest.mark.parametrize("time", ["00:00", "09:45", "13:33", "23:30"])
async def test_what_is_made_deleted_and_broken_down_fits_the_vendors_description_too(
    odd_caller: Caller, time: str
) -> None:
    schemas = json.loads(OPENAPI.read_text(encoding="utf-8"))["components"]["schemas"]
    await odd_caller.jump(time)
    calls = {path: name for path, name in CALLS.items() if path.startswith("/manage") and "Revenue" not in path}
    calls["/manage/measures/Sales?includeHistoricStats=true"] = "MeasureMetadata"
    for path, name in calls.items():
        body = await odd_caller.get(path)
        assert "null" not in json.dumps(body)
        for item in body if isinstance(body, list) else [body]:
            assert list(faults(item, schemas[name], schemas, path)) == []


async def test_answers_have_no_null_and_no_key_of_our_own(caller: Caller) -> None:
    await caller.jump("02:43")
    for path in CALLS:
        assert "null" not in json.dumps(await caller.get(path))
    for node in await caller.get("/workflows/main/status"):
        assert set(node) <= NODE_KEYS
