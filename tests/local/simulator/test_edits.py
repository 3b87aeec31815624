"""Does what people do to a segment, a measure or a source show at its time, and only then?"""

from typing import Any

from tests.local.simulator.conftest import Caller

AMERICA = "1b7f2045-8d2c-4e66-9a1f-4c2e6b8d3a02"
EUROPE = "1b7f2045-8d2c-4e66-9a1f-4c2e6b8d3e01"
TILLS = "0a6e1f34-7c1b-4d55-8f0e-3b1d5a7c2e13"


async def segments(caller: Caller) -> dict[str, Any]:
    listed = await caller.get("/manage/segments?includeHistoricStats=true")
    return {segment["name"]: segment for segment in listed}


async def sources(caller: Caller) -> dict[str, Any]:
    listed = await caller.get("/manage/datasources")
    return {one["dataSourceMetadata"]["dataSourceId"]: one["dataSourceMetadata"] for one in listed}


async def nodes(caller: Caller) -> dict[str, Any]:
    return {node["identifier"]: node for node in await caller.get("/workflows/main/status")}


async def test_a_segment_that_is_deleted_and_made_again_has_a_new_birthday_and_no_past(odd_caller: Caller) -> None:
    await odd_caller.jump("08:59")
    before = (await segments(odd_caller))["AtRisk"]
    await odd_caller.jump("09:00")
    assert "AtRisk" not in await segments(odd_caller)
    assert "AtRisk" not in await nodes(odd_caller)
    await odd_caller.jump("10:00")
    again = (await segments(odd_caller))["AtRisk"]
    assert again["createdUtc"] == "2026-03-02T10:00:00Z" != before["createdUtc"]
    assert "evaluationStatus" not in again
    assert again["evaluationStatusHistory"] == []
    await odd_caller.jump("13:20")
    first = (await segments(odd_caller))["AtRisk"]
    assert [stats["entityCount"] for stats in first["evaluationStatusHistory"]] == [450]


async def test_a_measure_that_is_made_again_has_no_output_until_it_is_evaluated(odd_caller: Caller) -> None:
    await odd_caller.jump("09:30")
    assert (await odd_caller.ask("/manage/measures/ReturnRate"))[0] == 404
    await odd_caller.jump("12:00")
    again = await odd_caller.get("/manage/measures/ReturnRate?includeHistoricStats=true")
    assert (again["latestEvaluation"], again["outputHistory"]) == ({"state": "none"}, [])
    assert "output" not in again
    await odd_caller.jump("13:40")
    evaluated = await odd_caller.get("/manage/measures/ReturnRate?includeHistoricStats=true")
    assert [output["values"] for output in evaluated["outputHistory"]] == [{"Share": "0.06"}]


async def test_what_is_made_in_the_day_is_not_there_before_and_in_no_job(odd_caller: Caller) -> None:
    await odd_caller.jump("09:00")
    assert "NewCustomers" not in await segments(odd_caller)
    job = next(
        job for job in await odd_caller.get("/workflows/main/jobs?top=50&includeTasks=true") if "ALL" in job.values()
    )
    assert not {"New customers", "Loyalty app"} & {task["friendlyName"] for task in job["tasks"]}
    await odd_caller.jump("09:30")
    assert "NewCustomers" in await segments(odd_caller)


async def test_a_rename_shows_in_lists_and_nodes_but_not_in_tasks_of_the_past(odd_caller: Caller) -> None:
    await odd_caller.jump("08:30")
    assert (await segments(odd_caller))["HighValue"]["friendlyName"] == "Very good customers"
    assert (await sources(odd_caller))[AMERICA]["friendlyName"] == "Web orders, America"
    assert (await nodes(odd_caller))[AMERICA]["friendlyName"] == "Web orders, America"
    assert (await odd_caller.get("/manage/measures/Turnover"))["displayName"] == "Turnover, net"
    names = [task["friendlyName"] for task in await odd_caller.get("/workflows/main/history?top=100")]
    assert "Web orders, America" not in names
    await odd_caller.jump("12:30")
    names = [task["friendlyName"] for task in await odd_caller.get("/workflows/main/history?top=100")]
    assert "Web orders, America" in names


async def test_what_is_switched_off_is_skipped_and_keeps_its_last_count(odd_caller: Caller) -> None:
    await odd_caller.jump("13:30")
    sleepers = (await segments(odd_caller))["Sleepers"]
    assert (sleepers["state"], sleepers["evaluationStatus"]["entityCount"]) == ("inactive", 180)
    assert (await nodes(odd_caller))["Sleepers"]["taskStatus"] == "skipped"
    assert (await sources(odd_caller))[TILLS]["isActive"] is False
    await odd_caller.jump("16:00")
    assert (await segments(odd_caller))["Sleepers"]["state"] == "active"
    assert (await sources(odd_caller))[TILLS]["isActive"] is True


async def test_two_sources_may_have_one_friendly_name_but_not_one_name(odd_caller: Caller) -> None:
    found = await sources(odd_caller)
    assert found[EUROPE]["friendlyName"] == found[AMERICA]["friendlyName"] == "Web orders"
    assert found[EUROPE]["name"] != found[AMERICA]["name"]


async def test_each_edit_is_told_among_the_changes(odd_caller: Caller) -> None:
    await odd_caller.jump("16:00")
    told = [change["text"] for change in await odd_caller.control("changes")]
    for text in (
        "High value customers was renamed: Very good customers",
        "Web orders was renamed: Web orders, America",
        "Customers at risk was deleted",
        "Customers at risk was made",
        "Customers at risk: 450 members",
        "Sleeping customers was switched off",
        "Sleeping customers was skipped",
        "Sleeping customers was switched on",
        "Ads audience ended as CompletedWithWarnings",
        "'Export to a new place' ended as Done",
    ):
        assert text in told


async def test_statuses_and_types_are_written_as_the_scenario_says(odd_caller: Caller) -> None:
    await odd_caller.jump("12:30")
    jobs = await odd_caller.get("/workflows/main/jobs?top=50&includeTasks=true")
    assert [(job["operationType"], job["jobStatus"]) for job in jobs[:4]] == [
        ("INGESTION", "Successful"),
        ("Ingestion", "failed"),
        ("exportToMars", "Done"),
        ("ALL", "CompletedWithWarnings"),
    ]
    assert [task["taskStatus"] for task in jobs[0]["tasks"]] == ["SUCCESSFUL", "successful", "skipped", "successful"]
    assert {task["operationType"] for task in jobs[2]["tasks"]} == {"exportToMars"}
    node = (await nodes(odd_caller))[EUROPE]
    assert (node["taskStatus"], node["operationType"]) == ("SUCCESSFUL", "INGESTION")
    assert node["lastSuccessfulTimestamp"] == "2026-03-02T12:05:00Z"
    assert (await sources(odd_caller))[EUROPE]["refreshState"] == "updated"
