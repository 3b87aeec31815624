"""The two that need no connector: a flow of HTTP actions, and a Logic App."""

from datetime import date, datetime
from typing import Any

import pytest

from local.entra.directory import DAEMON
from tests.flows.playing import FILLED_IN, LOGIC_APP, Platform, definition_of
from tests.flows.runner import Run, StepFailed
from tests.flows.world import Failing

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_segment_of_any_id_stays_in_its_place_of_the_address(platform: Platform) -> None:
    platform.changed |= {"cis_EnvironmentId": "e?x", "cis_DataSourceId": "../a b#c"}
    platform.changed |= {"environmentId": "e?x", "segmentName": "../a b#c"}
    for file, step in (("refresh-and-wait-http.json", "Refresh_and_wait"), (LOGIC_APP, "Read_the_segment")):
        world = Failing()
        run = await Run(definition_of(file), world, platform.variables, {"body": {}}).play()
        assert run.statuses[step] == "Failed"
        assert "/api/environments/e%3Fx/" in world.address
        assert "/..%2Fa%20b%23c" in world.address


async def test_the_morning_is_not_now() -> None:
    """A Recurrence without a start in the past runs when it is switched on."""
    (trigger,) = definition_of("refresh-and-wait-http.json")["triggers"].values()
    recurrence = trigger["recurrence"]
    start = datetime.fromisoformat(recurrence["startTime"])
    schedule = recurrence["schedule"]
    assert start.date() < date(2026, 2, 1)
    assert [str(start.hour), start.minute] == [*schedule["hours"], *schedule["minutes"]]


async def test_http_actions_refresh_a_data_source_and_wait_for_its_end(platform: Platform) -> None:
    """With a token that the secret gets, and by following the Location."""
    platform.outside.looks = 0
    run = await platform.run_of("refresh-and-wait-http.json").play()
    assert run.ended == {"runStatus": "Succeeded"}
    assert platform.outside.looks > 2
    assert run.outputs["Refresh_and_wait"]["body"]["succeeded"] is True
    assert run.outputs["How_it_went"] == run.outputs["Refresh_and_wait"]["body"]["summary"]
    started = [one for one in platform.site.asked() if one.method == "POST"]
    assert len(started) == 1
    assert FILLED_IN["cis_DataSourceId"] in started[0].query


async def test_a_refresh_that_cannot_be_started_fails_the_run(platform: Platform) -> None:
    platform.outside.secrets = {"cis_ClientSecret": "expired"}
    run = await platform.run_of("refresh-and-wait-http.json").play()
    assert (run.statuses["Refresh_and_wait"], run.ended) == ("Failed", {"runStatus": "Failed"})


class Ended:
    """A refresh that ended in another way than well."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    async def connector(self, *_: Any) -> Any:
        return {"body": {"EnvironmentVariableSecretValue": "secret"}}

    async def http(self, inputs: Any, *, waits: bool = True) -> Any:
        return {"statusCode": 200, "body": self.body}


@pytest.mark.parametrize("body", [{"succeeded": False, "summary": "1 of 1 tasks failed"}, {}])
async def test_a_refresh_that_fails_fails_the_run_and_says_why(platform: Platform, body: dict[str, Any]) -> None:
    run = await Run(definition_of("refresh-and-wait-http.json"), Ended(body), platform.variables).play()
    message = body.get("summary", "The refresh did not succeed.")
    assert run.ended == {"runStatus": "Failed", "runError": {"code": "RefreshFailed", "message": message}}


HEADERS = {
    "x-ms-workflow-name": "signals-sample",
    "x-ms-workflow-subscription-id": "s",
    "x-ms-workflow-resourcegroup-name": "g",
}


async def live(platform: Platform) -> list[str]:
    listed = await platform.site.ask("GET", "/subscriptions", who=DAEMON)
    return [one["label"] for one in listed.json["value"] if one["state"] == "active"]


async def test_a_logic_app_subscribes_is_called_and_unsubscribes(platform: Platform) -> None:
    """By HttpWebhook and its managed identity; it keeps no Location."""
    definition = definition_of(LOGIC_APP)
    platform.on["logic-app"] = definition
    callback = f"{platform.base}/flows/logic-app"
    set_up = Run(definition, platform.outside, platform.variables).trigger_inputs(listCallbackUrl=lambda: callback)
    for one in set_up.values():
        one["headers"] |= HEADERS
    scenario = platform.site.simulation.scenario
    platform.site.simulation.clock = platform.site.simulation.clock.at(scenario.start)
    assert (await platform.outside.http(set_up["subscribe"]))["statusCode"] == 201
    assert await live(platform) == ["Sample Logic App"]
    for hour in (0, 9, 10):
        await platform.look(scenario.start.replace(hour=hour))
    (call,) = platform.outside.take()
    assert call.operation == "POST https://notify.example/hook"
    assert call.parameters["body"]["summary"] == "High value customers rose above 1000: 985 to 1040."
    assert call.parameters["body"]["segment"]["name"] == "HighValue"
    assert (await platform.outside.http(set_up["unsubscribe"]))["statusCode"] == 204
    assert await live(platform) == []


async def test_a_logic_app_without_the_app_role_is_refused(platform: Platform) -> None:
    set_up = Run(definition_of(LOGIC_APP), platform.outside, platform.variables).trigger_inputs(listCallbackUrl=str)
    subscribe = {
        **set_up["subscribe"],
        "authentication": {"type": "ManagedServiceIdentity", "audience": "https://storage.azure.com"},
    }
    with pytest.raises(StepFailed, match="not_authenticated"):
        await platform.outside.http(subscribe)


async def test_the_logic_app_holds_no_secret() -> None:
    parameters = definition_of(LOGIC_APP)["parameters"]
    assert parameters["notifyUrl"] == {"type": "SecureString"}
    assert {name for name, one in parameters.items() if one["type"] == "String"} == {
        "signalsUrl",
        "signalsResource",
        "environmentId",
        "segmentName",
    }
