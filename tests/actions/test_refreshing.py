"""Work that is started, waited for, watched and cancelled."""

import pytest

from tests.actions.site import Site
from tests.actions.table import things
from tests.e2e.app import Answered

pytestmark = pytest.mark.asyncio(loop_scope="module")
STARTS = {
    "datasources/{source}/refresh": ("ingestion", 1),
    "segments/{segment}/refresh": ("segmentation", 1),
    "measures/{measure}/refresh": ("measures", 1),
    "unification/run": ("merge", 3),
    "refresh": ("all", 17),
}


async def follow(site: Site, answer: Answered) -> Answered:
    """Look again where the answer says, as the platform does; each answer until the end is 202."""
    for _ in range(100):
        if answer.status != 202:
            return answer
        assert int(answer.headers["Retry-After"]) == 20
        assert not answer.json["ended"]
        site.wait(minutes=1)
        answer = await site.ask("GET", answer.headers["Location"])
    raise AssertionError(answer)


@pytest.mark.parametrize("path", STARTS)
async def test_a_started_job_is_told_with_its_address(site: Site, path: str) -> None:
    operation, _ = STARTS[path]
    answer = await site.ask("POST", path.format(**things(site)))
    assert (answer.status, answer.json["operationType"], answer.json["ended"]) == (201, operation, False)
    assert answer.headers["Location"].endswith(f"/jobs/{answer.json['jobId']}")
    assert (await site.get(answer.headers["Location"]))["jobId"] == answer.json["jobId"]
    assert "Retry-After" not in answer.headers
    newest = (await site.get("jobs?top=1"))["value"][0]
    assert (newest["jobId"], newest["submission"]) == (answer.json["jobId"], "onDemand")


@pytest.mark.parametrize("path", STARTS)
async def test_who_waits_is_answered_when_the_job_has_ended(site: Site, path: str) -> None:
    operation, tasks = STARTS[path]
    first = await site.ask("POST", f"{path}-and-wait".format(**things(site)))
    assert first.status == 202
    assert first.headers["Location"].startswith(f"{site.app.base}/api/environments/{site.environment_id}/jobs/")
    last = await follow(site, first)
    assert (last.status, last.json["operationType"], last.json["status"]) == (200, operation, "successful")
    assert last.json["succeeded"] is True
    assert last.json["durationSeconds"] > 0
    assert len(last.json["tasks"]) == tasks
    assert last.json["summary"]
    assert "Location" not in last.headers
    posts = [one for one in site.asked() if one.method == "POST"]
    assert len(posts) == 1


async def test_a_job_that_is_cancelled_meanwhile_ends_the_waiting(site: Site) -> None:
    waiting = await site.ask("POST", "refresh-and-wait")
    site.wait(minutes=2)
    assert (await site.ask("GET", waiting.headers["Location"])).status == 202
    cancelled = await site.ask("POST", f"jobs/{waiting.json['jobId']}/cancel")
    assert cancelled.status == 200
    last = await follow(site, await site.ask("GET", waiting.headers["Location"]))
    assert (last.status, last.json["ended"], last.json["succeeded"]) == (200, True, False)
    assert last.json["status"] == "aborted"
    again = await site.ask("POST", f"jobs/{waiting.json['jobId']}/cancel")
    assert (again.status, again.json["error"]["code"]) == (400, "insights_declined")
    assert "ended" in again.json["error"]["message"]


async def test_a_job_that_failed_is_an_answer_too(site: Site) -> None:
    """With what failed and why, for the flow to decide."""
    jobs = (await site.get("jobs?top=50"))["value"]
    failed = next(one for one in jobs if one["operationType"] == "all" and not one["succeeded"])
    answer = await site.ask("GET", f"jobs/{failed['jobId']}/outcome")
    assert (answer.status, answer.json["ended"], answer.json["succeeded"]) == (200, True, False)
    assert answer.json["errors"] == ["Web orders: ProcessFailed: The storage account refused the key."]
    assert "1 of 17 tasks failed" in answer.json["summary"]
    (task,) = [one for one in answer.json["tasks"] if one["status"] == "failed"]
    assert task["name"] == "Web orders"


async def test_jobs_are_listed_newest_first_as_many_as_wanted(site: Site) -> None:
    for top in (1, 5, 200):
        found = (await site.get(f"jobs?top={top}"))["value"]
        submitted = [one["submittedAt"] for one in found]
        assert len(found) <= top
        assert submitted == sorted(submitted, reverse=True)
    for wrong in ("0", "201", "x", "-1"):
        assert (await site.ask("GET", f"jobs?top={wrong}")).status == 400


@pytest.mark.parametrize(
    "path", ["datasources/nothing/refresh", "segments/Nothing/refresh", "measures/Nothing/refresh", "jobs/none/cancel"]
)
@pytest.mark.parametrize("wait", ["", "-and-wait"])
async def test_work_on_what_is_not_there_is_refused(site: Site, path: str, wait: str) -> None:
    if path.startswith("jobs") and wait:
        return
    answer = await site.ask("POST", path + wait)
    assert answer.status in (400, 404), answer
    assert answer.json["error"]["code"] in ("insights_declined", "insights_not_found")
