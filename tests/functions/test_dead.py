"""What could not be delivered, over HTTP: listed by pages, sent again, put back on its queue."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.subscriptions import Subscription, SubscriptionState, replaced
from shared.ports import EventBatch, Queue
from tests.factories import ENVIRONMENT, at
from tests.feed import happened
from tests.functions.support import BASE, Caller, Tick, http, mistake, told
from tests.services.stage import Stage, standing_order

OTHER = "e0e0e0e0-0000-4000-8000-00000000000f"
ONE = standing_order("one")
UNKNOWN = (f"{ENVIRONMENT}.nobody.event", "x", "a/b", f"{ENVIRONMENT}.a'b", "\x00", "é" * 400, "-poison")


async def died(stage: Stage, place: int = 1, subscription: Subscription = ONE) -> DeadDelivery:
    """Have an event die."""
    event = happened(place, environment_id=subscription.environment_id, summary=f"No. {place}")
    dead = DeadDelivery(subscription.environment_id, subscription.id, event, "http_400", 3, at(place))
    await stage.dead.save(dead)
    return dead


async def listed(call: Caller, query: Mapping[str, str] | str = "") -> list[str]:
    """The ids of all pages."""
    link, found = query, []
    while True:
        answer = await call("get_dead_deliveries", http(query=link))
        assert answer.status_code == 200
        found += [one["id"] for one in told(answer)["value"]]
        link = told(answer).get("nextLink", "")
        if not link:
            return found
        assert str(link).startswith(f"{BASE}/api/deliveries/dead?")


async def test_a_dead_delivery_is_shown_with_its_reason(stage: Stage, call: Caller) -> None:
    """The event's data stays out but for its summary: a list is for people."""
    dead = await died(stage)
    (shown,) = told(await call("get_dead_deliveries", http()))["value"]
    assert shown == {
        "id": f"{ONE.id}.{dead.event.id}",
        "environmentId": ENVIRONMENT,
        "subscriptionId": ONE.id,
        "eventId": dead.event.id,
        "type": "datasource.refresh.failed",
        "subject": "datasources/1",
        "time": "2026-05-04T02:01:00Z",
        "summary": "No. 1",
        "reason": "http_400",
        "attempts": 3,
        "diedAt": "2026-05-04T02:01:00Z",
    }


@pytest.mark.parametrize("top", [1, 2, 3, 7, 1000])
async def test_the_list_is_walked_by_its_next_link(stage: Stage, call: Caller, top: int) -> None:
    """Each once, of everywhere, of one environment, of one subscription."""
    two, elsewhere = standing_order("two"), standing_order("one", environment_id=OTHER)
    of: dict[str, list[str]] = {}
    for subscription in (ONE, two, elsewhere):
        await stage.subscriptions.save(subscription)
        of[subscription.id] = sorted([(await died(stage, place, subscription)).id for place in range(3)])
    query = {"top": str(top)}
    assert await listed(call, query) == of[ONE.id] + of[two.id] + of[elsewhere.id]
    assert await listed(call, {**query, "environmentId": OTHER}) == of[elsewhere.id]
    assert await listed(call, {**query, "subscriptionId": two.id}) == of[two.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"top": "0"}, "top"),
        ({"environmentId": " /"}, "environmentId"),
        ({"after": "x"}, "after"),
        ({"reason": "x"}, "reason"),
    ],
)
async def test_a_mistake_in_the_query_names_its_parameter(
    stage: Stage, call: Caller, query: dict[str, str], field: str
) -> None:
    assert mistake(await call("get_dead_deliveries", http(query=query))) == field


async def test_an_administrator_finds_the_dead_of_a_subscription_that_is_gone(stage: Stage, call: Caller) -> None:
    answer = await call("get_dead_deliveries", http(query={"subscriptionId": "x"}))
    assert (answer.status_code, told(answer)["value"]) == (200, [])


async def pairs(stage: Stage) -> list[tuple[str, str]]:
    """The subscription and the event of the one message that waits for delivery."""
    body = stage.queues.take(Queue.DELIVERIES)
    assert body is not None
    batch = await stage.queues.read_deliveries(body)
    return [(pair.subscription_id, batch.events[place].id) for pair in batch.pairs for place in pair.events]


@pytest.mark.parametrize("body", [None, b" ", {}])
async def test_a_dead_delivery_is_sent_again_and_no_longer_dead(stage: Stage, call: Caller, body: object) -> None:
    await stage.subscriptions.save(ONE)
    dead = await died(stage)
    answer = await call("replay_dead_delivery", http(body, id=dead.id))
    assert (answer.status_code, told(answer)) == (200, {"id": dead.id})
    assert await pairs(stage) == [(ONE.id, dead.event.id)]
    assert await listed(call) == []
    assert (await call("replay_dead_delivery", http(id=dead.id))).status_code == 404


async def test_it_goes_to_the_subscription_that_took_the_place_of_its_own_or_that_is_named(
    stage: Stage, call: Caller
) -> None:
    two, three = standing_order("two"), standing_order("three")
    for one in (replaced(ONE, by=two.id, now=at(0)), two, three):
        await stage.subscriptions.save(one)
    for body, target in ((None, two), ({"subscriptionId": three.id}, three)):
        dead = await died(stage)
        assert (await call("replay_dead_delivery", http(body, id=dead.id))).status_code == 200
        assert await pairs(stage) == [(target.id, dead.event.id)]


async def test_there_has_to_be_somebody_to_send_it_to(stage: Stage, call: Caller) -> None:
    """409 says why, 404 when the named one is not there; it stays dead."""
    gone = standing_order("gone", state=SubscriptionState.ENDED)
    elsewhere = standing_order("elsewhere", environment_id=OTHER)
    for one in (gone, elsewhere):
        await stage.subscriptions.save(one)
    dead = await died(stage, subscription=gone)
    for body, status, code in (
        (None, 409, "subscription_ended"),
        ({"subscriptionId": gone.id}, 409, "subscription_ended"),
        ({"subscriptionId": elsewhere.id}, 409, "other_environment"),
        ({"subscriptionId": f"{ENVIRONMENT}.nobody"}, 404, "not_found"),
    ):
        answer = await call("replay_dead_delivery", http(body, id=dead.id))
        assert (answer.status_code, told(answer)["error"]["code"]) == (status, code)
    assert await listed(call) == [dead.id]
    assert stage.queues.take(Queue.DELIVERIES) is None


@pytest.mark.parametrize("unknown", UNKNOWN)
async def test_what_is_not_there_is_404(stage: Stage, call: Caller, unknown: str) -> None:
    assert (await call("replay_dead_delivery", http(id=unknown))).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"[" * 60_000, "body"),
        (b'"' + b"x" * 65_536 + b'"', "body"),
        ({"to": "x"}, "body"),
        ({"subscriptionId": ""}, "subscriptionId"),
        ({"subscriptionId": None}, "subscriptionId"),
        ({"subscriptionId": ["x"]}, "subscriptionId"),
        ({"subscriptionId": "x" * 513}, "subscriptionId"),
    ],
)
async def test_a_mistake_in_the_body_names_its_field(stage: Stage, call: Caller, body: object, field: str) -> None:
    dead = await died(stage)
    assert mistake(await call("replay_dead_delivery", http(body, id=dead.id))) == field


async def test_messages_that_nobody_could_handle_are_drained_listed_and_put_back(stage: Stage, call: Caller) -> None:
    """Shown without their text, on the first page only; put back as they were."""
    await stage.queues.send_events(EventBatch(ENVIRONMENT, (happened(1),)))
    body = stage.queues.take(Queue.REFRESH_EVENTS)
    assert body is not None
    stage.queues.poisoned = [
        PoisonMessage("m-1", Queue.REFRESH_EVENTS, body, at(1)),
        PoisonMessage("m-2", Queue.POLLS, b"\xff sig=x", at(2)),
    ]
    await call("drain", Tick())
    await died(stage)
    answer = told(await call("get_dead_deliveries", http(query={"top": "1"})))
    assert answer["messages"] == [
        {"id": "m-1", "queue": "refresh-events", "bytes": len(body), "diedAt": "2026-05-04T02:01:00Z"},
        {"id": "m-2", "queue": "environment-polls", "bytes": 7, "diedAt": "2026-05-04T02:02:00Z"},
    ]
    assert told(await call("get_dead_deliveries", http(query=answer["nextLink"])))["messages"] == []
    assert (await call("replay_dead_delivery", http(id="m-1"))).status_code == 200
    assert stage.queues.take(Queue.REFRESH_EVENTS) == body
    no_text = await call("replay_dead_delivery", http(id="m-2"))
    assert (no_text.status_code, told(no_text)["error"]["code"]) == (409, "not_text")


async def test_the_sweep_forgets_what_died_a_month_ago(stage: Stage, call: Caller) -> None:
    await died(stage)
    stage.now += timedelta(days=31)
    await call("sweep_daily", Tick())
    assert await listed(call) == []
