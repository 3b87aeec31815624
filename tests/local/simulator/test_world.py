"""Is what the source says at one time consistent with itself, and with what it says at any other?"""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulator import answers, findings
from local.simulator.changes import changes
from local.simulator.model import Job, Outcome, Scenario
from local.simulator.scenario import load_scenario
from local.simulator.world import Commands, World, build_world
from tests.local.simulator.conftest import SCENARIOS

DAY = load_scenario(SCENARIOS / "day.toml")
ODD = load_scenario(SCENARIOS / "odd.toml")
SECONDS = st.floats(-90_000, 100_000, allow_nan=False)


def world_of(scenario: Scenario, commands: Commands | None = None) -> World:
    return build_world(scenario.environments[0], scenario.seed, scenario.start, commands or Commands())


def said(world: World, seconds: float) -> dict[str, Any]:
    """Everything that the API says so many seconds after the scenario's start."""
    now = DAY.start + timedelta(seconds=seconds)
    home = world.environment
    everything = {
        "jobs": [answers.job(run, now, with_tasks=True) for run in world.jobs(now)],
        "nodes": [node for part in home.parts(now) if (node := answers.node(world, part, now))],
        "history": [answers.task(ran.job, ran.task, now) for ran in world.ended_tasks(now)],
        "sources": [findings.data_source(world, source, now) for source in world.there(home.data_sources, now)],
        "segments": [findings.segment(world, segment, now, 30) for segment in world.there(home.segments, now)],
        "measures": [
            findings.measure_with_values(world, measure, now, 30) for measure in world.there(home.measures, now)
        ],
    }
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(everything))
    return decoded


@pytest.mark.parametrize("name", ["day", "odd"])
@given(SECONDS)
def test_the_same_seed_and_time_give_the_same_answers(name: str, seconds: float) -> None:
    one, again = (load_scenario(SCENARIOS / f"{name}.toml") for _ in range(2))
    assert said(world_of(one), seconds) == said(world_of(again), seconds)


@pytest.mark.parametrize("scenario", [DAY, ODD], ids=["day", "odd"])
@given(SECONDS, SECONDS)
def test_what_has_been_told_of_changes_stays_told(scenario: Scenario, one: float, other: float) -> None:
    world = world_of(scenario)
    times = (scenario.start + timedelta(seconds=seconds) for seconds in sorted((one, other)))
    earlier, later = (changes(world, scenario.start, now) for now in times)
    assert later[: len(earlier)] == earlier


@given(SECONDS, SECONDS)
def test_what_has_ended_stays_as_it_was(one: float, other: float) -> None:
    world = world_of(DAY)
    earlier, later = (said(world, seconds) for seconds in sorted((one, other)))
    jobs = {job["jobId"]: job for job in later["jobs"]}
    assert all(jobs[job["jobId"]] == job for job in earlier["jobs"] if "endTimestamp" in job)
    assert all(task in later["history"] for task in earlier["history"])
    for before, after in zip(earlier["segments"], later["segments"], strict=True):
        known = after["evaluationStatusHistory"]
        assert all(evaluation in known for evaluation in before["evaluationStatusHistory"])


@given(SECONDS)
def test_jobs_status_and_history_agree(seconds: float) -> None:
    now = said(world_of(DAY), seconds)
    tasks = {(task["taskId"]): task for job in now["jobs"] for task in job["tasks"]}
    ended = [task for task in tasks.values() if "endTimestamp" in task]
    assert sorted(task["taskId"] for task in ended) == sorted(task["taskId"] for task in now["history"])
    for node in now["nodes"]:
        same = [
            task
            for task in tasks.values()
            if (task["operationType"], task["friendlyName"]) == (node["operationType"], node["friendlyName"])
            and task["jobIds"] == node["jobIds"]
        ]
        assert [task["taskStatus"] for task in same] == [node["taskStatus"]]
        assert [task.get("endTimestamp") for task in same] == [node.get("endTimestamp")]


@given(SECONDS)
def test_lists_are_newest_first_and_a_job_ends_with_its_last_task(seconds: float) -> None:
    now = said(world_of(DAY), seconds)
    submitted = [job["submittedTimestamp"] for job in now["jobs"]]
    assert submitted == sorted(submitted, reverse=True)
    for job in now["jobs"]:
        ends = [task.get("endTimestamp") for task in job["tasks"]]
        assert ("endTimestamp" in job) == all(ends)
        assert not all(ends) or job["endTimestamp"] == max(ends)


@given(SECONDS)
def test_a_current_count_or_value_is_the_newest_of_the_history(seconds: float) -> None:
    now = said(world_of(DAY), seconds)
    for measure in now["measures"]:
        assert measure["output"] == max(measure["outputHistory"], key=lambda output: str(output["evaluationTime"]))
    for segment in now["segments"]:
        newest = max(segment["evaluationStatusHistory"], key=lambda stats: str(stats["evaluationDate"]))
        assert segment["evaluationStatus"]["entityCount"] == newest["entityCount"]


@given(st.floats(0, 3600), st.floats(0, 3600))
def test_a_job_that_is_cancelled_has_no_task_that_goes_on(after: float, looked: float) -> None:
    job = Job("By hand", DAY.start, "all", "onDemand", 40)
    run = next(one for one in world_of(DAY, Commands((job,))).runs if one.job is job)
    at = DAY.start + timedelta(seconds=min(after, 2399))
    cancelled = next(one for one in world_of(DAY, Commands((job,), {run.id: at})).runs if one.id == run.id)
    assert cancelled.outcome == "aborted"
    assert cancelled.ends_at == at
    statuses = {task.status_at(at + timedelta(seconds=looked)) for task in cancelled.tasks}
    assert statuses <= {"successful", "aborted"}


def test_a_failed_evaluation_counts_no_one_and_keeps_the_last_run_that_succeeded() -> None:
    scenario = load_scenario(SCENARIOS / "day.toml")
    segment = scenario.environments[0].segments[0]
    job = Job(
        "Bad", DAY.start, "segmentation", "onDemand", 5, (segment.name,), {segment.name: Outcome("failed", "Why.")}
    )
    world = world_of(scenario, Commands((job,)))
    stats = findings.segment(world, segment, DAY.start + timedelta(minutes=6), None)["evaluationStatus"]
    assert (stats["jobStatus"], stats["entityCount"]) == ("CompletedFailure", 0)
    assert stats["error"]["value"] == "Why."
    assert stats["lastSuccessfulRunId"]
