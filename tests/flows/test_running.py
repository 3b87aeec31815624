"""How the runner runs: order, skipped and failed steps, branches, loops and ends, as the platform does it."""

from typing import Any

import pytest

from tests.flows.runner import Json, Run, StepFailed, called_with


class Noting:
    """Notes what is called, and fails what it is told to."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.called: list[str] = []

    async def connector(self, api: str, operation: str, parameters: Json) -> Json:
        self.called.append(operation)
        if operation in self.failing:
            raise StepFailed({"statusCode": 500, "body": {"why": "told so"}})
        return {"statusCode": 200, "body": {"of": operation, **parameters}}

    async def http(self, inputs: Json) -> Json:
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
    nested = {"type": "Scope", "actions": {"deep": call("Deep")}}
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


@pytest.mark.parametrize(("value", "expected"), [("a", "A"), ("b", "B"), ("c", "Other")])
async def test_a_switch_takes_one_case(value: str, expected: str) -> None:
    cases = {name: {"case": name, "actions": {name: call(name.upper())}} for name in "ab"}
    world = Noting()
    await played(
        world,
        s={
            "type": "Switch",
            "expression": f"@coalesce('{value}')",
            "cases": cases,
            "default": {"actions": {"o": call("Other")}},
        },
    )
    assert world.called == [expected]


async def test_a_loop_runs_for_each_item_and_fails_when_one_does() -> None:
    body = {"each": call("Each", {"n": "@items('loop')"})}
    for failing, expected in ((), "Succeeded"), (("Each",), "Failed"):
        world = Noting(*failing)
        run = await played(world, loop={"type": "Foreach", "foreach": "@triggerBody()", "actions": body})
        assert world.called == ["Each", "Each"]
        assert run.ended == {"runStatus": expected}


async def test_a_terminated_run_does_nothing_more() -> None:
    end = {"type": "Terminate", "runAfter": {}, "inputs": {"runStatus": "Failed", "runError": {"code": "No"}}}
    world = Noting()
    run = await played(world, end=end, after=call("After", end=["Succeeded"]))
    assert world.called == []
    assert run.ended == {"runStatus": "Failed", "runError": {"code": "No"}}


async def test_a_value_of_a_step_that_has_not_run_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="later has not run yet"):
        await played(Noting(), now=compose("@outputs('later')"), later=compose(1, now=["Succeeded"]))


async def test_steps_that_wait_for_each_other_and_unknown_ones_are_mistakes() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        await played(Noting(), a=compose(1, b=["Succeeded"]), b=compose(1, a=["Succeeded"]))
    with pytest.raises(NotImplementedError, match="Until"):
        await played(Noting(), a={"type": "Until", "inputs": {}})


def test_a_trigger_splits_and_filters_what_it_is_called_with() -> None:
    trigger = {"splitOn": "@triggerBody()?['value']", "conditions": [{"expression": "@equals(triggerBody()?['n'], 2)"}]}
    assert called_with(trigger, {"value": [{"n": 1}, {"n": 2}]}) == [{"body": {"n": 2}}]
    assert called_with({}, {"n": 1}) == [{"body": {"n": 1}}]
