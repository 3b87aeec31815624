"""Each flow by itself: with hostile and with missing values, and when something fails."""

import json
from typing import Any

import pytest

from tests.flows.html import Reader
from tests.flows.playing import FILLED_IN, Platform, definition_of
from tests.flows.runner import Run
from tests.flows.world import Failing

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


async def test_a_report_goes_out_although_the_secret_cannot_be_read(platform: Platform) -> None:
    """Nobody may take that for a refresh that went badly."""
    platform.outside.broken.add("PerformUnboundAction")
    run = await platform.run_of("full-refresh-report.json", event(**GOOD)).play()
    (mail,) = platform.outside.take()
    assert "Downstream could not be started." in mail.parameters["emailMessage/Body"]
    assert mail.parameters["emailMessage/Importance"] == "High"
    assert run.statuses["Run_downstream"] == "Skipped"


async def test_a_mail_goes_out_although_there_is_no_report(platform: Platform) -> None:
    platform.outside.broken.add("SendStatusReport_V2")
    run = await platform.run_of("full-refresh-report.json", event(**GOOD)).play()
    _, mail = platform.outside.take()
    assert mail.parameters["emailMessage/Body"].startswith("<p>All went well. Downstream was started.</p>")
    assert "The status report could not be made." in mail.parameters["emailMessage/Body"]
    assert run.ended == {"runStatus": "Succeeded"}


async def test_downstream_is_started_once_and_not_waited_for(platform: Platform) -> None:
    """What is started here answers 202 and goes on for a while."""
    source = platform.site.environment_id, FILLED_IN["cis_DataSourceId"]
    address = "{}/api/environments/{}/datasources/{}/refresh-and-wait".format(platform.site.app.base, *source)
    platform.changed["cis_DownstreamUrl"] = address
    platform.outside.looks = 0
    run = await platform.run_of("full-refresh-report.json", event(**GOOD)).play()
    assert run.outputs["Run_downstream"]["statusCode"] == 202
    assert platform.outside.looks == 0
    assert len([one for one in platform.site.asked() if one.method == "POST"]) == 1


async def test_downstream_that_fails_is_not_started_again(platform: Platform) -> None:
    """It may have begun all the same."""
    world = Failing()
    run = await Run(definition_of("full-refresh-report.json"), world, platform.variables, event(**GOOD)).play()
    assert (world.calls, run.statuses["Run_downstream"]) == (1, "Failed")


@pytest.mark.parametrize("file", ["segment-threshold-mail.json", "full-refresh-report.json"])
async def test_a_subject_is_one_line(platform: Platform, file: str) -> None:
    names = dict.fromkeys(("segmentDisplayName", "summary"), "High\r\nvalue\nBcc: x")
    await platform.run_of(file, event(**names)).play()
    (mail,) = platform.outside.take()
    assert mail.parameters["emailMessage/Subject"].startswith("High  value Bcc: x")
