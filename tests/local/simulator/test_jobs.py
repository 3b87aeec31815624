"""Can each kind of work be started, watched and cancelled by hand?"""

from typing import Any

import pytest

from tests.local.simulator.conftest import Caller

WEB_ORDERS = "1b7f2045-8d2c-4e66-9a1f-4c2e6b8d3f22"
OLD, NEW = "/workflows/main/jobs", "/manage/workflows/main/jobs"
STAGES = ["Map", "Match", "Merge"]
ASKED: list[tuple[dict[str, str], list[str], str]] = [
    ({"operationType": "ingestion", "identifiers": WEB_ORDERS}, ["Web orders"], "01:10"),
    ({"operationType": "Ingestion", "identifiers": f"'{WEB_ORDERS}'"}, ["Web orders"], "01:10"),
    ({"operationType": "segmentation", "identifiers": "AtRisk,HighValue"},
     ["High value customers", "Customers at risk"], "01:05"),
    ({"operationType": "measures", "identifiers": "Revenue"}, ["Revenue this month"], "01:05"),
    ({"operationType": "merge"}, STAGES, "01:08"),
]  # fmt: skip


@pytest.mark.parametrize("path", [OLD, NEW])
@pytest.mark.parametrize(("query", "names", "end"), ASKED)
async def test_a_job_runs_on_what_was_named_and_then_has_ended(
    caller: Caller, path: str, query: dict[str, str], names: list[str], end: str
) -> None:
    await caller.jump("01:00")
    status, _, job = await caller.ask(path, "POST", params={**query, "forceRunRequested": "true"})
    assert (status, job["jobStatus"], job["jobSubmissionKind"]) == (200, "running", "onDemand")
    assert [task["friendlyName"] for task in job["tasks"]] == names
    assert "endTimestamp" not in await caller.get(f"{path}/{job['jobId']}")
    await caller.jump(end)
    ended = await caller.get(f"{path}/{job['jobId']}?includeTasks=true")
    assert (ended["jobStatus"], ended["endTimestamp"]) == ("successful", f"2026-03-02T{end}:00Z")
    assert {task["taskStatus"] for task in ended["tasks"]} == {"successful"}


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_a_full_refresh_works_on_everything(caller: Caller, path: str) -> None:
    await caller.jump("01:00")
    _, _, job = await caller.ask(path, "POST", json={"operationType": "all", "forceRunRequested": True})
    parts = caller.simulation.scenario.environments[0].all_parts()
    assert [task["friendlyName"] for task in job["tasks"]] == [part.friendly_name for part in parts]
    assert (await caller.get(f"{path}?top=1"))[0]["jobId"] == job["jobId"]


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_a_job_is_cancelled_once(caller: Caller, path: str) -> None:
    await caller.jump("01:00")
    _, _, job = await caller.ask(path, "POST", params={"operationType": "merge"})
    cancel = f"{path}/{job['jobId']}/cancel"
    status, _, body = await caller.ask(cancel, "POST")
    assert (status, body["jobStatus"]) == (200, "aborted")
    status, _, told = await caller.ask(cancel, "POST")
    assert (status, told["errorCode"]) == (400, "InvalidRequest")
    assert (await caller.get(f"{path}/{job['jobId']}"))["jobStatus"] == "aborted"


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_a_job_that_is_not_there_is_a_404(caller: Caller, path: str) -> None:
    for method, more in (("GET", ""), ("POST", "/cancel")):
        status, _, told = await caller.ask(f"{path}/00000000-0000-0000-0000-000000000000{more}", method)
        assert (status, told["errorCode"]) == (404, "NotFound")


@pytest.mark.parametrize(
    "query",
    [
        {"operationType": "ingestion", "identifiers": "nothing"},
        {"operationType": "segmentation", "identifiers": "HighValue,Nobody"},
        {"operationType": "measures", "identifiers": "HighValue"},
        {"operationType": "all", "identifiers": WEB_ORDERS},
        {"operationType": "everything"},
        {},
    ],
)
async def test_work_on_what_is_not_there_is_refused(caller: Caller, query: Any) -> None:
    before = len(await caller.get(f"{OLD}?top=100"))
    status, _, told = await caller.ask(OLD, "POST", params=query)
    assert (status, told["errorCode"]) == (400, "InvalidRequest")
    assert len(await caller.get(f"{OLD}?top=100")) == before
