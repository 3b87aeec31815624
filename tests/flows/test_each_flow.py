"""Each flow by itself: with hostile and with missing values, when something fails, and those without the connector."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from local.entra.directory import DAEMON
from tests.actions.site import Site
from tests.flows.html import Reader
from tests.flows.playing import FILLED_IN, LOGIC_APP, Platform, definition_of, running_platform
from tests.flows.runner import Run, StepFailed

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = '<img src=x onerror="alert(\'1\')">&amp; \\ "quoted" @{utcNow()} [click](https://evil.example)\n{}'
WITH_EVENTS = (
    "refresh-failed-teams.json",
    "segment-threshold-mail.json",
    "full-refresh-report.json",
    "measure-target-card.json",
)
FIELDS = {
    **dict.fromkeys(
        ("dataSourceName", "status", "submission", "jobId", "segmentName", "segmentDisplayName", "direction"), HOSTILE
    ),
    **dict.fromkeys(("measureName", "measureDisplayName", "alias", "summary"), HOSTILE),
    "errors": [HOSTILE, HOSTILE],
    "dimensions": {"Country": HOSTILE},
    "value": 1040,
    "previousValue": 985,
    "threshold": 1000,
}
MESSAGES = ("body/messageBody", "emailMessage/Body")


def event(**data: Any) -> dict[str, Any]:
    return {"body": {"id": "1", "type": "x", "time": "2026-03-02T02:10:00Z", "data": {"environmentId": "e", **data}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(delivering: Site) -> AsyncIterator[Platform]:
    async with running_platform(delivering) as platform:
        yield platform


@pytest.fixture
def platform(running: Platform) -> Platform:
    """At noon, with nothing called and nothing broken."""
    running.site.reset()
    running.outside.take()
    running.outside.broken.clear()
    running.outside.secrets = {"cis_ClientSecret": DAEMON.secret}
    return running


@pytest.mark.parametrize("file", WITH_EVENTS)
async def test_an_event_without_any_detail_is_told_too(platform: Platform, file: str) -> None:
    run = await platform.run_of(file, event()).play()
    assert run.ended == {"runStatus": "Succeeded"}
    (message,) = platform.outside.take()
    assert all(value for name, value in message.parameters.items())


@pytest.mark.parametrize("file", WITH_EVENTS)
async def test_names_of_any_kind_stay_text(platform: Platform, file: str) -> None:
    """No tag but the flow's own, no card that breaks, and the text is there."""
    run = await platform.run_of(file, event(**FIELDS)).play()
    assert run.ended == {"runStatus": "Succeeded"}
    (call,) = platform.outside.take()
    message = next(call.parameters[name] for name in MESSAGES if name in call.parameters)
    if file == "measure-target-card.json":
        said = json.loads(message)["body"][0]["text"]
        assert said == "Target reached: " + HOSTILE.replace("](", "] (")
        return
    reader = Reader()
    reader.feed(message)
    assert set(reader.tags) <= {"p", "strong", "table", "tr", "td", "h2", "h3"}
    assert HOSTILE in reader.text


async def test_a_card_tells_the_row_of_a_measure(platform: Platform) -> None:
    await platform.run_of("measure-target-card.json", event(dimensions={"Country": "NO"})).play()
    (call,) = platform.outside.take()
    assert json.loads(call.parameters["body/messageBody"])["body"][2]["facts"][1] == {
        "title": "Row",
        "value": '{"Country":"NO"}',
    }


GOOD = {"status": "successful", "summary": "All went well.", "failedTasks": 0}


@pytest.mark.parametrize(
    ("data", "starts"),
    [
        (GOOD, True),
        ({"status": "successful"}, True),
        ({"status": "Successful"}, True),
        ({**GOOD, "failedTasks": 1}, False),
        ({**GOOD, "timedOutTasks": 1}, False),
        ({**GOOD, "abortedTasks": 1}, False),
        ({**GOOD, "status": "failed"}, False),
        ({**GOOD, "skippedTasks": 3}, True),
        ({}, False),
    ],
)
async def test_downstream_runs_when_nothing_failed(platform: Platform, data: dict[str, Any], starts: bool) -> None:
    run = await platform.run_of("full-refresh-report.json", event(**data)).play()
    calls = platform.outside.take()
    assert [one.operation for one in calls] == [*["POST https://downstream.example/run"] * starts, "SendEmailV2"]
    assert run.statuses["Run_downstream"] == ("Succeeded" if starts else "Skipped")


async def test_a_report_goes_out_although_downstream_cannot_be_started(platform: Platform) -> None:
    """The secret in the key vault is none that Entra ID takes."""
    platform.outside.secrets = {"cis_ClientSecret": "expired"}
    run = await platform.run_of("full-refresh-report.json", event(**GOOD)).play()
    (mail,) = platform.outside.take()
    assert "Downstream could not be started." in mail.parameters["emailMessage/Body"]
    assert mail.parameters["emailMessage/Importance"] == "High"
    assert run.statuses["Run_downstream"] == "Failed"


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

    async def http(self, _: Any) -> Any:
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
