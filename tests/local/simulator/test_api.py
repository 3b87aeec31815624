"""Does the API answer as the vendor's does?"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.local.simulator.conftest import Caller

WEB_ORDERS = "1b7f2045-8d2c-4e66-9a1f-4c2e6b8d3f22"


async def test_the_jobs_list_is_ten_long_and_without_tasks_unless_asked(caller: Caller) -> None:
    await caller.jump("23:00")
    jobs = await caller.get("/workflows/main/jobs")
    assert len(jobs) == 10
    assert all("tasks" not in job for job in jobs)
    longer = await caller.get("/workflows/main/jobs?top=12&includeTasks=true")
    assert len(longer) == 12
    assert all(job["tasks"] for job in longer)
    assert all("identifier" not in task for job in longer for task in job["tasks"])


async def test_a_job_goes_from_running_to_its_outcome(caller: Caller) -> None:
    seen = []
    for time in ("02:07", "02:12", "02:55"):
        await caller.jump(time)
        job = (await caller.get("/workflows/main/jobs?top=1&includeTasks=true"))[0]
        seen.append((job["jobStatus"], [task["taskStatus"] for task in job["tasks"][:4]]))
    assert seen == [
        ("running", ["successful", "running", "queued", "running"]),
        ("running", ["successful", "failed", "queued", "running"]),
        ("failed", ["successful", "failed", "skipped", "successful"]),
    ]


async def test_the_reason_of_a_failure_is_in_the_tasks_and_in_the_nodes(caller: Caller) -> None:
    await caller.jump("03:00")
    nodes = await caller.get("/workflows/main/status")
    node = next(node for node in nodes if node["identifier"] == WEB_ORDERS)
    assert node["ciErrors"][0]["message"] == "The storage account refused the key."
    assert node["lastSuccessfulTimestamp"] == "2026-03-01T02:10:00Z"
    history = await caller.get("/workflows/main/history?top=100")
    task = next(task for task in history if task["friendlyName"] == "Web orders")
    assert task["ciErrors"] == node["ciErrors"]


async def test_data_sources_say_how_their_last_refresh_went(caller: Caller) -> None:
    await caller.jump("03:00")
    sources = [info["dataSourceMetadata"] for info in await caller.get("/manage/datasources")]
    assert [(source["friendlyName"], source["refreshState"]) for source in sources] == [
        ("Store tills", "updated"),
        ("Web orders", "updateFailed"),
        ("Call centre", "notUpdated"),
        ("Loyalty cards", "updated"),
    ]
    one = await caller.get(f"/manage/datasources/{WEB_ORDERS.upper()}?includeModel=false")
    assert one == {"dataSourceMetadata": sources[1]}


async def test_a_dip_and_return_between_two_looks_is_in_the_history(caller: Caller) -> None:
    await caller.jump("14:10")
    segments = await caller.get("/manage/segments?includeHistoricStats=true&historicStatsDays=1")
    newsletter = next(segment for segment in segments if segment["name"] == "Newsletter")
    assert newsletter["evaluationStatus"]["entityCount"] == 5075
    assert [stats["entityCount"] for stats in newsletter["evaluationStatusHistory"][:3]] == [5075, 4990, 5060]
    plain = await caller.get("/manage/segments?numberOfSegments=2")
    assert [segment["name"] for segment in plain] == ["HighValue", "AtRisk"]
    assert all("evaluationStatusHistory" not in segment for segment in plain)


async def test_values_of_a_measure_are_texts_and_only_in_the_call_for_one(caller: Caller) -> None:
    await caller.jump("18:00")
    listed = await caller.get("/manage/measures")
    assert all("output" not in measure for measure in listed)
    revenue = await caller.get("/manage/measures/Revenue?includeHistoricStats=true&historicStatsDays=30")
    assert revenue["output"]["values"] == {"Total": "94750.25", "Orders": "2188"}
    assert [output["values"]["Total"] for output in revenue["outputHistory"]][:3] == [
        "94750.25",
        "95800.00",
        "96800.50",
    ]
    assert revenue["output"]["evaluationTime"] < revenue["latestEvaluation"]["endTime"]


async def test_environments_and_the_role_can_be_read(caller: Caller) -> None:
    async with caller.client.get("/v1/instances", headers=caller.headers) as answer:
        listed = await answer.json()
    instance, role = await caller.get(""), await caller.get("/rbac/myrole")
    assert listed[0]["instanceId"] == instance["instanceId"] == role["instanceId"]


async def test_every_answer_says_in_its_date_header_what_time_it_is_at_the_source(caller: Caller) -> None:
    await caller.jump("02:10")
    for path in ("/workflows/main/jobs", "/nowhere"):
        _, headers, _ = await caller.ask(path)
        assert headers["Date"] == "Mon, 02 Mar 2026 02:10:00 GMT"
    async with caller.client.get("/control/state") as answer:
        state = await answer.json()
        assert parsedate_to_datetime(answer.headers["Date"]) == datetime.fromisoformat(state["now"])


OLD = ["/workflows/main/jobs", "/workflows/main/status", "/manage/datasources"]
NEW = ["/manage/workflows/main/jobs", "/manage/workflows/main/status", "/manage/datasources/v2"]


@pytest.mark.parametrize(
    ("paths", "there", "absent"),
    [("v1", OLD, NEW), ("manage", NEW, OLD), ("both", [*OLD, *NEW], ["/workflows/other/jobs"])],
)
async def test_only_the_chosen_variant_of_the_paths_exists(caller: Caller, there: list[str], absent: list[str]) -> None:
    for path in there:
        assert (await caller.ask(path))[0] == 200
    for path in absent:
        status, _, body = await caller.ask(path)
        assert (status, body["httpStatusCode"], body["resultSeverity"]) == (404, "404", "error")


@pytest.mark.parametrize(
    "path", ["/workflows/main/jobs/none", "/manage/measures/None", "/manage/datasources/none", "/../none/rbac/myrole"]
)
async def test_what_is_not_there_is_a_404_in_the_vendors_words(caller: Caller, path: str) -> None:
    status, _, body = await caller.ask(path)
    assert (status, body["errorCode"]) == (404, "NotFound")


async def test_a_job_started_by_hand_runs_by_the_clock_and_can_be_cancelled(caller: Caller) -> None:
    await caller.jump("05:00")
    asked = f"?operationType=Ingestion&identifiers='{WEB_ORDERS}'&forceRunRequested=true"
    _, _, first = await caller.ask(f"/manage/workflows/main/jobs{asked}", "POST")
    assert (first["jobStatus"], first["operationType"], first["idList"]) == ("running", "ingestion", [WEB_ORDERS])
    await caller.jump("05:10")
    assert (await caller.get(f"/workflows/main/jobs/{first['jobId']}"))["jobStatus"] == "successful"
    status, _, body = await caller.ask(f"/workflows/main/jobs/{first['jobId']}/cancel", "POST")
    assert (status, body["httpStatusCode"]) == (400, "400")
    _, _, second = await caller.ask("/workflows/main/jobs?operationType=all&forceRunRequested=true", "POST")
    await caller.jump("05:20")
    _, _, ended = await caller.ask(f"/workflows/main/jobs/{second['jobId']}/cancel", "POST")
    assert (ended["jobStatus"], ended["endTimestamp"]) == ("aborted", "2026-03-02T05:20:00Z")
    assert {task["taskStatus"] for task in ended["tasks"]} == {"successful", "aborted"}


async def test_a_job_can_be_asked_for_in_the_body(caller: Caller) -> None:
    wanted = {"operationType": "segmentation", "identifiers": ["HighValue"], "forceRunRequested": True}
    status, _, job = await caller.ask("/workflows/main/jobs", "POST", json=wanted)
    assert (status, [task["friendlyName"] for task in job["tasks"]]) == (200, ["High value customers"])


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?operationType=all&identifiers='x'", None),
        ("?operationType=ingestion&identifiers='x'", None),
        ("?operationType=activity", None),
        ("?operationType=dance", None),
        ("", None),
        ("", b"{"),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused(caller: Caller, query: str, body: Any) -> None:
    status, _, answer = await caller.ask(f"/workflows/main/jobs{query}", "POST", data=body)
    assert (status, answer["exceptionCulprit"]) == (400, "user")


async def test_a_number_that_is_none_is_refused(caller: Caller) -> None:
    assert (await caller.ask("/workflows/main/jobs?top=many"))[0] == 400
