"""Subscriptions over HTTP: listed, shown, ended, sent events again, given a new secret."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from local.entra.directory import ADMIN, TENANT
from shared.domain.cursors import write_cursor
from shared.domain.health import after_success
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.errors import InsightsNotFound, InsightsThrottled, SubscriptionBusy
from shared.ports import Queue
from tests.factories import ENVIRONMENT, at
from tests.feed import happened, publish
from tests.functions.support import BASE, Caller, http, mistake, told
from tests.services.stage import Stage, callback, standing_order

OTHER = "e0e0e0e0-0000-4000-8000-00000000000f"
UNKNOWN = f"{ENVIRONMENT}.nobody"
ODD_IDS = (UNKNOWN, "x", "a/b", "..", f"{ENVIRONMENT}.a'b", f"{ENVIRONMENT}.\x00", "é" * 400)
FLOW = {"x-ms-workflow-name": "f-1", "x-ms-environment-id": "Default-1"}


async def make(call: Caller, name: str = "w", headers: Mapping[str, str] | None = None, **fields: object) -> str:
    """Subscribe; answers the id."""
    body = {"environmentId": ENVIRONMENT, "callbackUrl": callback(name), **fields}
    answer = await call("subscribe_to_trigger", http(body, headers=headers, trigger="data-source-refresh-failed"))
    assert answer.status_code == 201, answer.get_body()
    return str(told(answer)["id"])


async def ids(call: Caller, query: Mapping[str, str] | str = "") -> list[str]:
    """The ids of a list."""
    answer = await call("get_subscriptions", http(query=query))
    assert answer.status_code == 200
    return [one["id"] for one in told(answer)["value"]]


async def test_a_subscription_is_shown_with_what_people_ask_for(stage: Stage, call: Caller) -> None:
    """Label, flow, filters, state, how it went; the host and a short hash instead of the URL."""
    made = await make(call, headers=FLOW, label="Tell sales", dataSourceId="ds-1", batch=True)
    await stage.subscriptions.change(made, lambda one: after_success(one, at(5), delivered=3, run_id="run-1"))
    shown = told(await call("get_subscription", http(id=made)))
    hashed = shown.pop("callback")
    assert hashed.startswith("prod-01.westeurope.logic.azure.com (...")
    assert shown == {
        "id": made,
        "environmentId": ENVIRONMENT,
        "trigger": "data-source-refresh-failed",
        "kind": "webhook",
        "label": "Tell sales",
        "owner": f"{TENANT}/{ADMIN.oid}",
        "flow": {"name": "f-1", "environment": "Default-1"},
        "filters": {"dataSourceId": "ds-1"},
        "batch": True,
        "state": "active",
        "stateSince": "2026-05-04T02:00:00Z",
        "createdAt": "2026-05-04T02:00:00Z",
        "delivered": 3,
        "failedAttempts": 0,
        "lastSuccessAt": "2026-05-04T02:05:00Z",
        "lastRunId": "run-1",
    }
    assert told(await call("get_subscriptions", http()))["value"] == [{**shown, "callback": hashed}]


async def test_a_polling_flow_is_listed_as_one(stage: Stage, call: Caller) -> None:
    query = {"environmentId": ENVIRONMENT}
    await call("poll_trigger_events", http(query=query, trigger="unification-completed"))
    (shown,) = told(await call("get_subscriptions", http()))["value"]
    assert (shown["kind"], shown["lastPolledAt"]) == ("polling", "2026-05-04T02:00:00Z")
    assert {"callback", "delivered", "failedAttempts"}.isdisjoint(shown)


@pytest.mark.parametrize("top", [1, 2, 3, 5, 1000])
async def test_a_list_is_walked_by_its_next_link(stage: Stage, call: Caller, top: int) -> None:
    """Each once, whatever the page; the link keeps the query."""
    for place in range(5):
        await stage.subscriptions.save(standing_order(f"one-{place}"))
    await stage.subscriptions.save(standing_order("elsewhere", environment_id=OTHER))
    link, found = f"?environmentId={ENVIRONMENT}&top={top}", []
    while link:
        answer = told(await call("get_subscriptions", http(query=link)))
        found += [one["id"] for one in answer["value"]]
        link = answer.get("nextLink", "")
        assert not link or link.startswith(f"{BASE}/api/subscriptions?environmentId={ENVIRONMENT}&top={top}&after=")
    assert found == [f"{ENVIRONMENT}.one-{place}" for place in range(5)]
    assert len(await ids(call)) == 6
    assert await ids(call, {"environmentId": OTHER.upper()}) == [f"{OTHER}.elsewhere"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"top": "0"}, "top"),
        ({"top": "1001"}, "top"),
        ({"top": "all"}, "top"),
        ({"environmentId": "../x"}, "environmentId"),
        ({"after": "nonsense"}, "after"),
        ({"state": "on"}, "state"),
        ({"filter": "x"}, "filter"),
        ({"$top": "5"}, "$top"),
    ],
)
async def test_a_mistake_in_the_query_names_its_parameter(
    stage: Stage, call: Caller, query: dict[str, str], field: str
) -> None:
    assert mistake(await call("get_subscriptions", http(query=query))) == field


async def test_a_list_has_what_was_not_replaced_or_is_in_one_state(stage: Stage, call: Caller) -> None:
    for state in SubscriptionState:
        await stage.subscriptions.save(standing_order(state, state=state))
    assert await ids(call) == [f"{ENVIRONMENT}.{state}" for state in ("active", "ended", "suspended")]
    for state in SubscriptionState:
        assert await ids(call, {"state": state, "top": "1"}) == [f"{ENVIRONMENT}.{state}"]


async def test_a_function_key_of_earlier_times_is_a_mistake_that_is_named(stage: Stage, call: Caller) -> None:
    answer = await call("get_subscriptions", http(query={"code": "function-key", "top": "1"}))
    assert mistake(answer) == "code"


@pytest.mark.parametrize("name", ["get_subscription", "replay_to_subscription", "renew_signing_secret"])
@pytest.mark.parametrize("unknown", ODD_IDS)
async def test_what_is_not_there_is_404(stage: Stage, call: Caller, name: str, unknown: str) -> None:
    answer = await call(name, http(query={"from": "2026-05-04T02:00:00Z"}, id=unknown))
    assert (answer.status_code, told(answer)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("unknown", ODD_IDS)
async def test_ending_what_is_not_there_is_no_mistake(stage: Stage, call: Caller, unknown: str) -> None:
    assert (await call("unsubscribe_from_trigger", http(id=unknown))).status_code == 204


async def test_a_callback_url_ends_what_calls_it_and_nothing_else(stage: Stage, call: Caller) -> None:
    """For Logic Apps' HttpWebhook, which does not keep a Location."""
    kept = await make(call, "other")
    await make(call, "w")
    await make(call, "w", label="again", submission="scheduled")
    for _ in range(2):
        assert (await call("unsubscribe_without_location", http({"callbackUrl": callback("w")}))).status_code == 204
        assert await ids(call) == [kept]
    for url in ("https://evil.example/w?sig=x", "nonsense"):
        assert (await call("unsubscribe_without_location", http({"callbackUrl": url}))).status_code == 204


async def test_a_flow_that_keeps_no_location_ends_its_subscription_to_a_trigger(stage: Stage, call: Caller) -> None:
    """HttpWebhook names itself in its headers; a run's webhook action ends its own only."""
    run = {**FLOW, "x-ms-workflow-run-id": "run-1", "x-ms-workflow-operation-name": "Wait"}
    kept, _, in_run = await make(call, "other"), await make(call, headers=FLOW), await make(call, headers=run)
    for headers, left in ((FLOW, [kept, in_run]), (run, [kept]), (run, [kept])):
        asked = http({"trigger": "data-source-refresh-failed"}, headers=headers)
        assert (await call("unsubscribe_without_location", asked)).status_code == 204
        assert await ids(call) == sorted(left)
    nameless = http({"trigger": "data-source-refresh-failed"})
    assert mistake(await call("unsubscribe_without_location", nameless)) == "trigger"
    unknown = http({"trigger": "none"}, headers=FLOW)
    assert (await call("unsubscribe_without_location", unknown)).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'"https://x"', "body"),
        ({}, "body"),
        ({"callbackurl": "https://x"}, "body"),
        ({"callbackUrl": "https://x", "trigger": "process-ended"}, "body"),
        ({"callbackUrl": 1}, "callbackUrl"),
        ({"callbackUrl": [callback("w")]}, "callbackUrl"),
        ({"callbackUrl": ""}, "callbackUrl"),
        ({"callbackUrl": "https://x/" + "x" * 2048}, "callbackUrl"),
        (b'{"callbackUrl": "' + b"x" * 65_536 + b'"}', "body"),
    ],
)
async def test_an_unsubscribe_body_without_a_callback_url_is_a_mistake(
    stage: Stage, call: Caller, body: object, field: str
) -> None:
    assert mistake(await call("unsubscribe_without_location", http(body))) == field


async def replayed(call: Caller, subscription_id: str, query: Mapping[str, str] | str) -> func.HttpResponse:
    """Ask for events to be sent again."""
    answer: func.HttpResponse = await call("replay_to_subscription", http(query=query, id=subscription_id))
    return answer


async def sent(stage: Stage) -> list[str]:
    """The ids of the events that wait for delivery behind the new ones, which are taken."""
    found: list[str] = []
    while body := stage.queues.take(Queue.REDELIVERIES):
        batch = await stage.queues.read_deliveries(body)
        found += [batch.events[place].id for pair in batch.pairs for place in pair.events]
    return found


async def test_a_stretch_of_time_is_sent_again_oldest_first_with_the_same_ids(stage: Stage, call: Caller) -> None:
    made = await make(call)
    events = [happened(place) for place in range(6)]
    await publish(stage.ports, *events)
    answer = await replayed(call, made, {"from": "2026-05-04T04:01:00+02:00", "to": "2026-05-04T02:04:00Z"})
    assert (answer.status_code, told(answer)) == (200, {"events": 3})
    assert await sent(stage) == [event.id for event in events[1:4]]


async def test_without_an_end_everything_until_now_is_sent_again(stage: Stage, call: Caller) -> None:
    made = await make(call)
    await publish(stage.ports, *(happened(place) for place in range(3)))
    stage.now += timedelta(hours=1)
    assert told(await replayed(call, made, {"from": "2026-05-04T02:01:00 00:00"})) == {"events": 2}


async def test_a_long_stretch_goes_on_by_its_next_link(
    stage: Stage, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.replay_subscription._MOST_READ", 4)
    monkeypatch.setattr("shared.services.replay_subscription._READ_AT_ONCE", 2)
    made = await make(call)
    events = [happened(place) for place in range(9)]
    await publish(stage.ports, *events)
    link, counts = "?from=2026-05-04T02:00:00Z&to=2026-05-05T02:00:00Z", []
    while link:
        answer = told(await replayed(call, made, link))
        counts.append(answer["events"])
        link = answer.get("nextLink", "")
    assert counts == [4, 4, 1]
    assert await sent(stage) == [event.id for event in events]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-05-04"}, "from"),
        ({"from": "2026-05-04T02:00:00"}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"from": "9999-12-31T23:59:59-14:00"}, "from"),
        ({"from": "2026-05-04T02:00:00Z", "to": "x"}, "to"),
        ({"from": "2026-05-04T02:00:00Z", "after": "x"}, "after"),
        ({"from": "2026-05-04T02:00:00Z", "after": write_cursor(OTHER, 1)}, "after"),
        ({"from": "2026-05-04T02:00:00Z", "until": "2026-05-04T02:00:00Z"}, "until"),
    ],
)
async def test_a_mistake_in_a_replay_names_its_parameter(
    stage: Stage, call: Caller, query: dict[str, str], field: str
) -> None:
    made = await make(call)
    assert mistake(await replayed(call, made, query)) == field


@pytest.mark.parametrize("change", [{"state": SubscriptionState.ENDED}, {"polled_at": at(0)}])
async def test_what_is_not_called_cannot_be_sent_events(stage: Stage, call: Caller, change: dict[str, Any]) -> None:
    ended: Subscription = replace(standing_order("one"), **change)
    await stage.subscriptions.save(ended)
    answer = await replayed(call, ended.id, {"from": "2026-05-04T02:00:00Z"})
    assert (answer.status_code, told(answer)["error"]["code"]) == (409, "not_called")


async def test_a_new_signing_secret_is_shown_once_and_never_kept_by_a_cache(stage: Stage, call: Caller) -> None:
    made = await make(call)
    before = stage.subscriptions.rows[made].signing_secrets
    answer = await call("renew_signing_secret", http(id=made))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    kept = stage.subscriptions.rows[made]
    assert [one.secret for one in kept.signing_secrets] == [told(answer)["secret"], before[0].secret]
    assert kept.callback_url == callback("w")


async def test_secrets_can_be_encrypted_anew(stage: Stage, call: Caller) -> None:
    answer = await call("reencrypt_secrets", http())
    assert (answer.status_code, told(answer)) == (200, {"rewritten": 0, "unreadable": 0, "left": 0})


async def test_what_customer_insights_says_reaches_the_subscriber(stage: Stage, call: Caller) -> None:
    body = {"environmentId": ENVIRONMENT, "callbackUrl": callback("w")}
    for failure, status in ((InsightsNotFound(), 404), (InsightsThrottled(retry_after_seconds=7), 429)):
        stage.insights.failure = failure
        answer = await call("subscribe_to_trigger", http(body, trigger="unification-completed"))
        assert answer.status_code == status
    assert answer.headers["Retry-After"] == "8"


async def test_a_subscription_that_everybody_changes_is_to_be_tried_again(
    stage: Stage, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(call)

    async def busy(*_: object) -> None:
        raise SubscriptionBusy

    monkeypatch.setattr(stage.subscriptions, "change", busy)
    answer = await call("renew_signing_secret", http(id=made))
    assert (answer.status_code, told(answer)["error"]["code"]) == (503, "subscription_busy")
