"""Each function by itself: it decodes, calls its service and encodes, over ports in memory."""

import json
import logging
from collections import deque

import pytest

from shared.domain.deliveries import Answer
from shared.errors import InsightsUnavailable, MessageInvalid
from shared.ports import Queue
from tests.factories import ENVIRONMENT
from tests.functions.support import Caller, Tick, http, message
from tests.services.stage import Stage, callback, failed_refresh, standing_order


async def test_liveness_asks_nothing(call: Caller) -> None:
    """It has no house to ask."""
    answer = await call("live", http())
    assert (answer.status_code, json.loads(answer.get_body())) == (200, {"status": "live"})


async def test_subscribing_answers_where_to_unsubscribe(stage: Stage, call: Caller) -> None:
    body = {"environmentId": ENVIRONMENT, "callbackUrl": callback("w")}
    answer = await call("subscribe_to_trigger", http(body, trigger="unification-completed"))
    (made,) = stage.subscriptions.rows
    assert (answer.status_code, json.loads(answer.get_body())) == (201, {"id": made})
    assert answer.headers["Location"] == f"https://signals.example.com/api/subscriptions/{made}"


async def test_a_subscription_that_is_refused_answers_with_the_field(stage: Stage, call: Caller) -> None:
    body = {"environmentId": ENVIRONMENT, "callbackUrl": "https://evil.example/w?sig=very-secret"}
    answer = await call("subscribe_to_trigger", http(body, trigger="unification-completed"))
    assert answer.status_code == 400
    assert json.loads(answer.get_body())["error"]["field"] == "callbackUrl"
    assert b"very-secret" not in answer.get_body()


async def test_unsubscribing_answers_the_same_when_it_is_already_gone(stage: Stage, call: Caller) -> None:
    await stage.subscriptions.save(standing_order("one"))
    for _ in range(2):
        answer = await call("unsubscribe_from_trigger", http(id=standing_order("one").id))
        assert (answer.status_code, answer.get_body()) == (204, b"")
    assert (await call("get_subscription", http(id=standing_order("one").id))).status_code == 404


async def test_the_status_of_an_environment(stage: Stage, call: Caller) -> None:
    assert (await call("get_environment_status", http(environmentId=ENVIRONMENT))).status_code == 404
    await stage.poll()
    answer = await call("get_environment_status", http(environmentId=ENVIRONMENT))
    told = json.loads(answer.get_body())
    assert (answer.status_code, told["healthy"], told["heartbeatAgeSeconds"]) == (200, True, 0)


async def test_an_event_goes_all_the_way_through_the_functions(stage: Stage, call: Caller) -> None:
    await stage.subscriptions.save(standing_order("one"))
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await call("tick", Tick())
    await call("poll", message(stage.queues.take(Queue.POLLS)))
    await call("fan_out_refresh_events", message(stage.queues.take(Queue.REFRESH_EVENTS)))
    stage.flows.answers[callback("one")] = deque([Answer(503)])
    await call("deliver_first", message(stage.queues.take(Queue.DELIVERIES)))
    await call("deliver_again", message(stage.queues.take(Queue.REDELIVERIES)))
    assert [event.type for _, event in stage.flows.calls] == ["datasource.refresh.failed"] * 2


async def test_a_poll_that_fails_is_told_in_one_line_and_ends_well(
    stage: Stage, call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """It is committed; the host has nothing to try again."""
    stage.insights.failure = InsightsUnavailable()
    await call("tick", Tick())
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        await call("poll", message(stage.queues.take(Queue.POLLS)))
    (record,) = caplog.records
    assert record.getMessage() == f"Environment {ENVIRONMENT}: The Customer Insights API cannot be reached."
    assert (record.__dict__["action"], record.__dict__["reason"]) == ("poll_failed", "insights_unavailable")


@pytest.mark.parametrize("name", ["poll", "fan_out_threshold_events", "deliver_first", "deliver_again"])
@pytest.mark.parametrize("body", [b"", b"hello", b'{"v":2}', b'{"v":1}', b'{"v":1,"environmentId":"e"}'])
async def test_a_message_that_nobody_can_read_is_left_to_the_host_as_poison(
    stage: Stage, call: Caller, name: str, body: bytes
) -> None:
    with pytest.raises(MessageInvalid):
        await call(name, message(body))
    assert stage.checkpoints.documents == {}
