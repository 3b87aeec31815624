"""The sample flows on a played day: each subscribed by its own trigger, and the calls that come of it, all of them."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.actions.site import Site
from tests.flows.playing import FILLED_IN, Platform, running_platform
from tests.flows.runner import Run
from tests.flows.world import Called

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEAMS, MAIL, CARD, REPORT = (
    "refresh-failed-teams.json",
    "segment-threshold-mail.json",
    "measure-target-card.json",
    "full-refresh-report.json",
)
EVERY = timedelta(minutes=15)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(delivering: Site) -> AsyncIterator[Platform]:
    """Four flows are on before the day begins; one poll is the baseline."""
    simulation = delivering.simulation
    simulation.clock = simulation.clock.at(simulation.scenario.start)
    async with running_platform(delivering) as platform:
        for file in (TEAMS, MAIL, CARD, REPORT):
            await platform.turn_on(file)
        await platform.play_day(EVERY)
        yield platform


def calls(day: Platform, api: str, operation: str, subject: str = "") -> list[Called]:
    found = [one for one in day.outside.calls if (one.api, one.operation) == (api, operation)]
    return [one for one in found if subject in json.dumps(one.parameters)]


def runs(day: Platform, file: str) -> list[Run]:
    return [run for name, run in day.runs if name == file]


async def test_every_event_starts_one_run_and_every_run_goes_well(day: Platform) -> None:
    """Two failed refreshes, three crossings of 1000 (up, down, up), one target, two full refreshes."""
    counts = {file: len(runs(day, file)) for file in (TEAMS, MAIL, CARD, REPORT)}
    assert counts == {TEAMS: 2, MAIL: 3, CARD: 1, REPORT: 2}
    assert len(day.received) == len(day.runs) == 8
    assert all(run.ended == {"runStatus": "Succeeded"} for _, run in day.runs)


async def test_nothing_else_is_called(day: Platform) -> None:
    """Two posts, three mails of the segment, one card, two mails with a report, one start of what is downstream."""
    made = sorted((one.api, one.operation) for one in day.outside.calls)
    assert made == [
        ("http", "POST https://downstream.example/run"),
        *[("shared_office365", "SendEmailV2")] * 5,
        ("shared_teams", "PostCardToConversation"),
        *[("shared_teams", "PostMessageToConversation")] * 2,
    ]


async def test_failed_refreshes_are_posted_to_the_channel(day: Platform) -> None:
    posts = calls(day, "shared_teams", "PostMessageToConversation")
    for post in posts:
        assert {name: value for name, value in post.parameters.items() if name != "body/messageBody"} == {
            "poster": "Flow bot",
            "location": "Channel",
            "body/recipient/groupId": FILLED_IN["cis_TeamId"],
            "body/recipient/channelId": FILLED_IN["cis_ChannelId"],
        }
    first, second = (post.parameters["body/messageBody"] for post in posts)
    assert first.startswith("<p><strong>Web orders</strong> was not refreshed (failed, 2026-03-02 02:10 UTC).</p>")
    assert "The storage account refused the key." in first
    assert "Started: scheduled." in first
    assert second.startswith("<p><strong>Loyalty cards</strong> was not refreshed (timedOut, 2026-03-02 16:10 UTC).")
    assert "Started: onDemand." in second


async def test_crossings_are_mailed_to_the_owners(day: Platform) -> None:
    mails = calls(day, "shared_office365", "SendEmailV2", "Members before")
    assert all(mail.parameters["emailMessage/To"] == FILLED_IN["cis_DataOwners"] for mail in mails)
    assert [mail.parameters["emailMessage/Subject"] for mail in mails] == [
        "High value customers went above 1000",
        "High value customers went below 1000",
        "High value customers went above 1000",
    ]
    told = [
        ("985", "1040", "2026-03-02 09:17"),
        ("1040", "960", "2026-03-02 17:41"),
        ("960", "1012", "2026-03-02 21:02"),
    ]
    for mail, (before, now, at) in zip(mails, told, strict=True):
        body = mail.parameters["emailMessage/Body"]
        assert f"<td>Members before</td><td>{before}</td>" in body
        assert f"<td>Members now</td><td>{now}</td>" in body
        assert f"<td>Evaluated</td><td>{at} UTC</td>" in body
        assert body.startswith("<p>High value customers ")


async def test_a_reached_target_is_a_card(day: Platform) -> None:
    (post,) = calls(day, "shared_teams", "PostCardToConversation")
    card = json.loads(post.parameters["body/messageBody"])
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"] == "Target reached: Average basket"
    facts = {fact["title"]: fact["value"] for fact in card["body"][2]["facts"]}
    assert facts == {
        "Calculation": "Value",
        "Row": "all",
        "Before": "49.99",
        "Now": "50",
        "Target": "49.995",
        "Evaluated": "2026-03-02 17:40 UTC",
    }


async def test_downstream_runs_after_a_good_refresh_only(day: Platform) -> None:
    """The night's refresh failed in part, the one by hand did not; both are reported."""
    (start,) = calls(day, "http", "POST https://downstream.example/run")
    assert start.parameters["headers"]["Authorization"].startswith("Bearer ey")
    assert start.parameters["body"] == {}
    night, by_hand = calls(day, "shared_office365", "SendEmailV2", "Downstream ")
    assert night.parameters["emailMessage/Importance"] == "High"
    assert "Downstream was not started." in night.parameters["emailMessage/Body"]
    assert by_hand.parameters["emailMessage/Importance"] == "Normal"
    assert "Downstream was started." in by_hand.parameters["emailMessage/Body"]
    for mail in (night, by_hand):
        assert "<h2>Contoso Retail: status</h2>" in mail.parameters["emailMessage/Body"]
        assert mail.parameters["emailMessage/To"] == FILLED_IN["cis_DataOwners"]
