"""How the runner runs: order, skipped and failed steps, branches and ends, as the platform does it."""

from typing import Any

import pytest

from tests.flows.runner import Json, Run, StepFailed


class Noting:
    """Notes what is called, and fails what it is told to."""

    def __init__(self, *failing: str, status: int = 400) -> None:
        self.failing = failing
        self.status = status
        self.called: list[str] = []
        self.waited: list[bool] = []

    async def connector(self, api: str, operation: str, parameters: Json) -> Json:
        self.called.append(operation)
        if operation in self.failing:
            raise StepFailed({"statusCode": self.status, "body": {"why": "told so"}})
        return {"statusCode": 200, "body": {"of": operation, **parameters}}

    async def http(self, inputs: Json, *, waits: bool = True) -> Json:
        self.waited.append(waits)
        return await self.connector("http", inputs["uri"], {})


def call(operation: str, parameters: Json | None = None, **after: list[str]) -> Json:
    inputs = {"host": {"apiId": "/apis/shared_x", "operationId": operation}, "parameters": parameters or {}}
    return {"type": "OpenApiConnection", "runAfter": after, "inputs": inputs}


def compose(value: Any, **after: list[str]) -> Json:
    return {"type": "Compose", "runAfter": after, "inputs": value}


async def played(world: Noting, **actions: Json) -> Run:
    return await Run({"parameters": {}, "triggers": {}, "actions": actions}, world, {}, {"body": [1, 2]}).play()


async def test_steps_run_after_those_that_they_name() -> None:
    world = Noting()
    run = await played(world, c=call("C", b=["Succeeded"]), b=call("B", a=["Succeeded"]), a=call("A"))
    assert world.called == ["A", "B", "C"]
    assert run.ended == {"runStatus": "Succeeded"}


async def test_what_follows_a_failure_is_skipped_unless_it_wants_failures() -> None:
    world = Noting("A")
    run = await played(world, a=call("A"), b=call("B", a=["Succeeded"]), c=call("C", a=["Failed"]))
    assert world.called == ["A", "C"]
    assert run.statuses == {"a": "Failed", "b": "Skipped", "c": "Succeeded"}
    assert run.outputs["a"]["body"] == {"why": "told so"}
    assert run.ended == {"runStatus": "Failed"}


async def test_a_run_whose_failures_are_all_followed_up_succeeds() -> None:
    run = await played(Noting("A"), a=call("A"), c=call("C", a=["Failed"]))
    assert run.ended == {"runStatus": "Succeeded"}


async def test_a_branch_that_is_not_taken_is_skipped_with_all_in_it() -> None:
    nested = {"type": "If", "expression": {"equals": [1, 1]}, "actions": {"deep": call("Deep")}}
    branch = {
        "type": "If",
        "expression": {"equals": [1, 2]},
        "actions": {"yes": nested},
        "else": {"actions": {"no": call("No")}},
    }
    world = Noting()
    run = await played(world, choice=branch)
    assert world.called == ["No"]
    assert run.statuses == {"yes": "Skipped", "deep": "Skipped", "no": "Succeeded", "choice": "Succeeded"}


async def test_a_terminated_run_does_nothing_more() -> None:
    end = {"type": "Terminate", "runAfter": {}, "inputs": {"runStatus": "Failed", "runError": {"code": "No"}}}
    world = Noting()
    run = await played(world, end=end, after=call("After", end=["Succeeded"]))
    assert world.called == []
    assert run.ended == {"runStatus": "Failed", "runError": {"code": "No"}}


async def test_a_step_names_only_what_is_on_its_way() -> None:
    """The platform refuses other names when the flow is switched on, whatever has run by then."""
    beside = {"first": compose(1), "second": compose("@outputs('first')")}
    with pytest.raises(ValueError, match="first is not on the way to second"):
        await played(Noting(), **beside)
    run = await played(Noting(), first=compose(1), second=compose("@outputs('first')", first=["Succeeded"]))
    assert run.outputs["second"] == 1


async def test_steps_that_wait_for_each_other_and_unknown_ones_are_mistakes() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        await played(Noting(), a=compose(1, b=["Succeeded"]), b=compose(1, a=["Succeeded"]))
    with pytest.raises(NotImplementedError, match="Until"):
        await played(Noting(), a={"type": "Until", "inputs": {}})


HTTP: Json = {"type": "Http", "inputs": {"uri": "A"}}
UNKNOWN: dict[str, Json] = {
    "count": {**HTTP, "limit": {"count": 3}},
    "a day": {**HTTP, "limit": {"timeout": "a day"}},
    "SuppressWorkflowHeaders": {**HTTP, "operationOptions": "SuppressWorkflowHeaders"},
    "concurrency": {**HTTP, "runtimeConfiguration": {"concurrency": {"runs": 1}}},
    "retry policy": {**HTTP, "inputs": {"uri": "A", "retryPolicy": {"type": "fixed", "count": 1}}},
    "trackedProperties": {**HTTP, "trackedProperties": {}},
}


@pytest.mark.parametrize("setting", UNKNOWN)
async def test_a_setting_that_is_not_honoured_is_a_mistake(setting: str) -> None:
    with pytest.raises(NotImplementedError, match=f"{setting}.* is not known here"):
        await played(Noting(), a=UNKNOWN[setting])


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "Recurrence", "recurrence": {"endTime": "2027-01-01"}},
        {"type": "Recurrence", "recurrence": {"schedule": {"weekDays": ["Monday"]}}},
        {"type": "Request"},
        {"type": "HttpWebhook", "splitOn": "@triggerBody()"},
    ],
)
async def test_a_trigger_that_is_not_honoured_is_a_mistake(trigger: Json) -> None:
    with pytest.raises(NotImplementedError, match="is not known here"):
        await Run({"parameters": {}, "triggers": {"t": trigger}, "actions": {}}, Noting(), {}).play()


@pytest.mark.parametrize(("status", "policy", "calls"), [(503, None, 5), (503, {"type": "none"}, 1), (403, None, 1)])
async def test_what_may_be_better_the_next_time_is_tried_again(status: int, policy: Json | None, calls: int) -> None:
    inputs = {"uri": "A"} | ({"retryPolicy": policy} if policy else {})
    world = Noting("A", status=status)
    await played(world, a={"type": "Http", "inputs": inputs})
    assert world.called == ["A"] * calls


@pytest.mark.parametrize(("options", "expected"), [({}, True), ({"operationOptions": "DisableAsyncPattern"}, False)])
async def test_an_asynchronous_answer_is_followed_unless_that_is_disabled(options: Json, expected: bool) -> None:
    world = Noting()
    await played(world, a={**HTTP, **options})
    assert world.waited == [expected]
