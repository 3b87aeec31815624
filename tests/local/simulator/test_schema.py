"""Do the answers have the shape of the vendor's own description, or of our copy where it is not at hand?"""

import json
from typing import Any

import pytest

from tests.local.simulator.conftest import Caller
from tests.local.simulator.shapes import OPENAPI, copied, faults, known, vendors

SHAPES = known()
SOURCE = "0a6e1f34-7c1b-4d55-8f0e-3b1d5a7c2e11_Storetills"
NODE_KEYS = {"identifier", "taskStatus", "operationType", "subType", "jobIds", "friendlyName", "endTimestamp",
             "ciError", "ciErrors", "additionalInfo", "lastSuccessJobIds", "lastSuccessfulTimestamp",
             "selectionReason"}  # fmt: skip
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
    "/manage/entities": "IC360EntityModel",
    "/manage/entities/Customer": "IEntityMetadata",
    "/manage/entities/Customer/entitysize": "EntitySize",
    f"/manage/entities/{SOURCE}": "IEntityMetadata",
}
ROWS = (
    "/data/Customer?$expand=UnifiedActivity",
    "/data/Customer?$filter=IsMemberOfSegment('AtRisk')&$orderby=City&$top=5",
    "/data/Customer?$search=oslo",
    "/data/UnifiedActivity?$skip=100",
    "/data/Customer_Measure",
    "/data/HighValue?$select=CustomerId",
    f"/data/{SOURCE}?$top=0",
)
NEW = {"CustomerId": "new"}
WRITES: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "/data/Customer", {"json": NEW}, 201, "CreatedResult"),
    ("POST", "/data/UnifiedActivity", {"json": NEW}, 202, "AcceptedResult"),
    ("POST", "/workflows/main/jobs?operationType=all", {}, 200, "GraphJobInfo"),
    ("POST", "/data/Customer", {"data": b"{"}, 400, "ODataError"),
    ("POST", "/data/Nothing", {"json": NEW}, 404, "ODataError"),
    ("PATCH", "/data/Customer/nobody", {"json": {}}, 404, "ODataError"),
    ("GET", "/data/Customer?$filter=x", {}, 400, "ODataError"),
    ("GET", "/manage/entities/Nothing", {}, 404, "ApiErrorResult"),
    ("GET", "/manage/entities/Nothing/entitysize", {}, 404, "ApiErrorResult"),
    ("PUT", "/manage/segments/Nobody/activate", {}, 404, "ApiErrorResult"),
    ("POST", "/workflows/main/jobs", {}, 400, "ApiErrorResult"),
    ("POST", "/workflows/main/jobs/none/cancel", {}, 404, "ApiErrorResult"),
    ("GET", "/nowhere", {}, 404, "ApiErrorResult"),
]


def check(body: Any, name: str, at: str) -> None:
    for item in body if isinstance(body, list) else [body]:
        assert list(faults(item, SHAPES[name], SHAPES, at)) == []


@pytest.mark.skipif(not OPENAPI.exists(), reason="the vendor's OpenAPI description is not at hand")
def test_our_copy_of_the_shapes_is_the_vendors() -> None:
    assert copied() == vendors()


@pytest.mark.parametrize("time", ["00:00", "02:12", "02:43", "20:30"])
async def test_answers_fit_the_vendors_description(caller: Caller, time: str) -> None:
    await caller.jump(time)
    for path, name in CALLS.items():
        check(await caller.get(path), name, path)
    for path in ROWS:
        check(await caller.get(path), "ODataEntityPayload", path)
    async with caller.client.get("/v1/instances", headers=caller.headers) as answer:
        check(await answer.json(), "InstanceInfo", "instances")


@pytest.mark.parametrize(("method", "path", "more", "status", "name"), WRITES)
async def test_writes_and_refusals_fit_the_vendors_description(
    caller: Caller, method: str, path: str, more: dict[str, Any], status: int, name: str
) -> None:
    got, _, body = await caller.ask(path, method, **more)
    assert got == status
    check(body, name, path)


@pytest.mark.parametrize("time", ["00:00", "09:45", "13:33", "23:30"])
async def test_what_is_made_deleted_and_broken_down_fits_the_vendors_description_too(
    odd_caller: Caller, time: str
) -> None:
    await odd_caller.jump(time)
    left_out = ("Revenue", SOURCE)
    calls = {
        path: name
        for path, name in CALLS.items()
        if path.startswith("/manage") and not any(word in path for word in left_out)
    }
    calls["/manage/measures/Sales?includeHistoricStats=true"] = "MeasureMetadata"
    calls["/data/Sales"] = "ODataEntityPayload"
    for path, name in calls.items():
        body = await odd_caller.get(path)
        assert "null" not in json.dumps(body)
        check(body, name, path)


async def test_answers_have_no_null_and_no_key_of_our_own(caller: Caller) -> None:
    await caller.jump("02:43")
    for path in CALLS:
        assert "null" not in json.dumps(await caller.get(path))
    for node in await caller.get("/workflows/main/status"):
        assert set(node) <= NODE_KEYS
