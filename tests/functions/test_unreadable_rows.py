"""Rows of another version, and rows whose blob is gone, over HTTP and the queues: what can go on goes on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import azure.functions as func
import pytest
from cryptography.fernet import Fernet

from shared import bootstrap
from shared.adapters import dead_table, event_table
from shared.adapters.blobs import BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.event_table import TableEventLog
from shared.adapters.rows import MAX_ROW_BYTES
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.deliveries import DeadDelivery
from shared.domain.events import Event
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.ports import EventBatch, Ports, Queue
from tests.adapters.own_storage import lose_body, own_storage, rewrite
from tests.factories import ENVIRONMENT, at
from tests.feed import happened, publish
from tests.functions.support import Caller, Tick, http, message, told
from tests.services.stage import Stage, callback

FLOW = {"x-ms-workflow-name": "f-1", "x-ms-environment-id": "Default-1"}
FAILED = "data-source-refresh-failed"
STRICTER: Mapping[str, str] = {"Fields": '{"submission":"whenever"}'}
NEWER: Mapping[str, str] = {"Trigger": "of-a-newer-app"}


@dataclass(slots=True)
class Stored:
    """The app with its rows in tables, and what calls it."""

    stage: Stage
    account: StorageAccount
    ports: Ports
    call: Caller

    async def ask(self, name: str, **asked: Any) -> Any:
        """The JSON of a call that is answered."""
        answer: func.HttpResponse = await self.call(name, http(**asked))
        assert answer.status_code == 200, answer.get_body()
        return told(answer)

    async def save(self, name: str, headers: Mapping[str, str] | None = FLOW) -> str:
        """Save a flow; answers its subscription's id."""
        body = {"environmentId": ENVIRONMENT, "callbackUrl": callback(name), "submission": "scheduled"}
        answer = await self.call("subscribe_to_trigger", http(body, headers=headers, trigger=FAILED))
        assert answer.status_code == 201, answer.get_body()
        return str(told(answer)["id"])

    async def end(self, subscription_id: str) -> int:
        """Unsubscribe; answers the status."""
        answer: func.HttpResponse = await self.call("unsubscribe_from_trigger", http(id=subscription_id))
        return int(answer.status_code)

    async def listed(self, **query: str) -> list[str]:
        return [one["id"] for one in (await self.ask("get_subscriptions", query=query))["value"]]

    async def find(self, subscription_id: str) -> Subscription | None:
        return await self.ports.subscriptions.find(subscription_id)

    async def happens(self, *events: Event) -> list[str]:
        """Have events fanned out and delivered; answers who was called, by the name in the callback URL."""
        queues = self.stage.queues
        await queues.send_events(EventBatch(ENVIRONMENT, events))
        await self.call("fan_out_refresh_events", message(queues.take(Queue.REFRESH_EVENTS)))
        while body := queues.take(Queue.DELIVERIES):
            await self.call("deliver_first", message(body))
        return sorted(url.rpartition("/")[2].partition("?")[0] for url, _ in self.stage.flows.calls)

    async def sweep(self, **later: float) -> None:
        """Let time pass, and sweep."""
        self.stage.now += timedelta(**later)
        await self.call("sweep_daily", Tick())


@pytest.fixture
async def stored(stage: Stage, call: Caller, azurite: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stored]:
    own_storage(monkeypatch)
    account = StorageAccount.from_connection_string(azurite)
    claims, cipher = BlobClaims(account.blobs), Cipher([Fernet.generate_key().decode()])
    ports = replace(
        stage.ports,
        subscriptions=TableSubscriptions(account.tables, cipher),
        log=TableEventLog(account.tables, claims),
        dead=TableDeadDeliveries(account.tables, claims),
    )
    loop = asyncio.get_running_loop()
    bootstrap._houses[loop] = replace(bootstrap._houses[loop], ports=ports)
    yield Stored(stage, account, ports, call)
    await account.close()


async def test_a_subscription_whose_filters_are_no_longer_taken_shows_why(stored: Stored) -> None:
    odd = await stored.save("w")
    await rewrite(stored.account, odd, **STRICTER)
    shown = await stored.ask("get_subscription", id=odd)
    assert "submission" in shown["problem"]
    assert shown["filters"] == {"submission": "whenever"}
    assert (await stored.ask("get_subscriptions"))["value"] == [shown]
    assert "problem" not in await stored.ask("get_subscription", id=await stored.save("x", None))


async def test_saving_its_flow_replaces_it_and_the_receiver_goes_on_knowing_us(stored: Stored) -> None:
    odd = await stored.save("v1")
    before = await stored.find(odd)
    await rewrite(stored.account, odd, **STRICTER)
    stored.stage.now += timedelta(seconds=5)
    made = await stored.save("v2")
    assert await stored.listed() == await stored.listed(state="active") == [made]
    assert await stored.listed(state="replaced") == [odd]
    after = await stored.find(made)
    assert before is not None
    assert after is not None
    assert (after.problem, after.signing_secrets) == ("", before.signing_secrets)
    assert await stored.end(odd) == 204  # as the platform does after a save
    assert await stored.listed(state="active") == [made]
    assert await stored.happens(happened(1, submission="scheduled")) == ["v2"]


async def test_it_can_be_ended_like_any_other(stored: Stored) -> None:
    odd = await stored.save("w")
    await rewrite(stored.account, odd, **STRICTER)
    assert [await stored.end(odd) for _ in range(2)] == [204, 204]
    assert (await stored.call("get_subscription", http(id=odd))).status_code == 404


async def test_it_gets_no_events_and_the_others_get_theirs(stored: Stored) -> None:
    """Not even all of them, as one without filters would."""
    odd, _ = await stored.save("odd", None), await stored.save("other", None)
    await rewrite(stored.account, odd, **STRICTER)
    events = [happened(place, submission=submission) for place, submission in enumerate(("scheduled", "whenever"))]
    assert await stored.happens(*events, happened(9)) == ["other"]


async def test_the_sweep_removes_it_in_time(stored: Stored) -> None:
    """When it was replaced for a week; when it was suspended for too long, and then ended for a week."""
    replaced, off = await stored.save("v1"), await stored.save("off", None)
    for odd in (replaced, off):
        await rewrite(stored.account, odd, **STRICTER)
    made = await stored.save("v2")
    await stored.ports.subscriptions.change(off, lambda one: replace(one, state=SubscriptionState.SUSPENDED))
    await stored.sweep(days=6)
    assert sorted(await stored.listed()) == sorted([made, off])
    assert await stored.listed(state="replaced") == [replaced]
    await stored.sweep(days=9)
    assert (await stored.find(replaced), await stored.listed(state="ended")) == (None, [off])
    await stored.sweep(days=8)
    assert (await stored.find(off), await stored.listed()) == (None, [made])


async def test_beside_a_row_of_a_newer_version_everything_else_goes_on(
    stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    """After a way back to an older version: its flow can be saved, the others get their events, the sweep sweeps."""
    newer, other = await stored.save("v1"), await stored.save("other", None)
    await rewrite(stored.account, newer, **NEWER)
    assert await stored.happens(happened(1, submission="scheduled")) == ["other"]
    made = await stored.save("v2")
    assert sorted(await stored.listed()) == sorted([made, other])
    assert await stored.happens(happened(2, submission="scheduled")) == ["other", "other", "v2"]
    assert await stored.end(other) == 204
    await stored.sweep(days=31)
    assert await stored.listed() == [made]
    told = [one for one in caplog.records if getattr(one, "action", "") == "subscription_unreadable"]
    assert {getattr(one, "subscription_id", "") for one in told} == {newer}


async def in_log(stored: Stored, count: int, lost: set[int]) -> list[str]:
    """Big events in the feed, of which some lose their blob; answers the ids of the others."""
    state = await stored.ports.checkpoints.read(ENVIRONMENT)
    first = state.state.sequence if state else 0
    noise = Random(0).randbytes(MAX_ROW_BYTES).hex()  # noqa: S311
    events = [happened(first + place, errorMessage=noise + noise[::-1]) for place in range(count)]
    await publish(stored.ports, *events)
    for place in lost:
        await lose_body(stored.account, event_table.EVENTS, ENVIRONMENT, f"{first + place + 1:019d}")
    return [event.id for place, event in enumerate(events) if place not in lost]


@pytest.mark.parametrize("top", ["1", "2", "3", "4", "1000"])
async def test_the_list_of_events_goes_on_behind_one_that_is_lost(stored: Stored, top: str) -> None:
    left = await in_log(stored, 6, {0, 3, 5})
    link: Mapping[str, str] | str = {"environmentId": ENVIRONMENT, "top": top}
    found: list[str] = []
    while link:
        answer = await stored.ask("get_events", query=link)
        found += [event["id"] for event in answer["value"]]
        link = answer.get("nextLink", "")
    assert found == left


@pytest.mark.parametrize("top", ["1", "2", "1000"])
async def test_a_flow_that_polls_gets_the_events_behind_one_that_is_lost(stored: Stored, top: str) -> None:
    """And those that come later, each once."""
    asked = {"environmentId": ENVIRONMENT, "top": top}
    answer = await stored.call("poll_trigger_events", http(query=asked, trigger=FAILED))
    found: list[str] = []
    left: list[str] = []
    for count, lost in ((4, {0, 2}), (1, {0}), (3, {2})):
        left += await in_log(stored, count, lost)
        while True:
            answer = await stored.call("poll_trigger_events", http(query=answer.headers["Location"], trigger=FAILED))
            found += [event["id"] for event in told(answer)["value"]]
            if answer.headers["Retry-After"] != "1":
                break
    assert found == left


async def test_a_stretch_of_time_is_sent_again_without_what_is_lost(stored: Stored) -> None:
    made = await stored.save("w", None)
    await rewrite(stored.account, made, Fields="{}")
    left = await in_log(stored, 5, {1, 4})
    query = {"from": "2026-05-04T00:00:00Z", "to": "2026-05-05T00:00:00Z"}
    assert await stored.ask("replay_to_subscription", query=query, id=made) == {"events": 3}
    found: list[str] = []
    while body := stored.stage.queues.take(Queue.REDELIVERIES):
        batch = await stored.stage.queues.read_deliveries(body)
        found += [event.id for event in batch.events]
    assert found == left


@pytest.mark.parametrize("top", ["1", "2", "3", "1000"])
async def test_the_list_of_the_dead_goes_on_behind_one_that_is_lost(stored: Stored, top: str) -> None:
    """What is lost cannot be sent again: 404. The others can."""
    made = await stored.save("w")
    events = [happened(place, errorMessage="x" * MAX_ROW_BYTES) for place in range(5)]
    rows = [DeadDelivery(ENVIRONMENT, made, event, "timeout", 3, at(1)) for event in events]
    for row in rows:
        await stored.ports.dead.save(row)
    ids = sorted(row.id for row in rows)
    for lost in (ids[0], ids[3]):
        await lose_body(stored.account, dead_table.DEAD_LETTERS, ENVIRONMENT, lost)
    link: Mapping[str, str] | str = {"top": top}
    found: list[str] = []
    while link:
        answer = await stored.ask("get_dead_deliveries", query=link)
        found += [one["id"] for one in answer["value"]]
        link = answer.get("nextLink", "")
    assert found == [ids[1], ids[2], ids[4]]
    sent = [(await stored.call("replay_dead_delivery", http(id=one))).status_code for one in ids]
    assert sent == [404, 200, 200, 404, 200]
