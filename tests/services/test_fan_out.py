"""What the fan-out promises: each event goes to whoever wants it, in order, and to nobody else."""

from dataclasses import replace

from shared.domain.events import Event, EventType, make_event
from shared.domain.subscriptions import Filters, SubscriptionState, Trigger
from shared.ports import EventBatch, Queue
from shared.services.fan_out import fan_out
from shared.telemetry import SpanName
from tests.factories import ENVIRONMENT, at
from tests.services.stage import Stage, standing_order


def refresh(number: int, source: str = "ds-orders") -> Event:
    """A failed refresh."""
    return make_event(
        ENVIRONMENT,
        EventType.REFRESH_FAILED,
        subject=f"datasources/{source}",
        occurrence=str(number),
        time=at(number),
        data={"dataSourceId": source, "status": "failed"},
    )


async def _pairs(stage: Stage) -> dict[str, list[str]]:
    """The ids of the events of each subscription, in order, over all messages."""
    found: dict[str, list[str]] = {}
    for body, _ in stage.queues.messages[Queue.DELIVERIES]:
        batch = await stage.queues.read_deliveries(body)
        for pair in batch.pairs:
            assert pair.attempt == 1
            found.setdefault(pair.subscription_id, []).extend(batch.events[place].id for place in pair.events)
    return found


async def test_each_subscription_gets_the_events_it_wants_in_order(stage: Stage) -> None:
    everything = standing_order("all")
    orders = replace(standing_order("orders"), filters=Filters(data_source_id="ds-orders"))
    for one in (everything, orders, standing_order("other", Trigger.REFRESH_SUCCEEDED)):
        await stage.subscriptions.save(one)
    events = (refresh(1), refresh(2, "ds-customers"), refresh(3))
    assert await fan_out(stage.ports, EventBatch(ENVIRONMENT, events)) == 5
    ids = [event.id for event in events]
    assert await _pairs(stage) == {everything.id: ids, orders.id: [ids[0], ids[2]]}


async def test_events_that_nobody_wants_cost_no_message(stage: Stage) -> None:
    assert await fan_out(stage.ports, EventBatch(ENVIRONMENT, (refresh(1),))) == 0
    assert not stage.queues.messages[Queue.DELIVERIES]


async def test_an_ended_subscription_gets_nothing_and_a_suspended_one_is_left_to_delivery(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("off", state=SubscriptionState.SUSPENDED))
    await stage.subscriptions.save(standing_order("gone", state=SubscriptionState.ENDED))
    assert await fan_out(stage.ports, EventBatch(ENVIRONMENT, (refresh(1),))) == 1


async def test_subscriptions_of_another_environment_get_nothing(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("elsewhere", environment_id="another"))
    assert await fan_out(stage.ports, EventBatch(ENVIRONMENT, (refresh(1),))) == 0


async def test_a_thousand_subscriptions_and_sixty_events_leave_none_out_and_none_twice(stage: Stage) -> None:
    for number in range(1000):
        await stage.subscriptions.save(standing_order(f"flow-{number:04}"))
    events = tuple(refresh(number) for number in range(60))
    assert await fan_out(stage.ports, EventBatch(ENVIRONMENT, events)) == 60_000
    pairs = await _pairs(stage)
    assert len(pairs) == 1000
    assert all(ids == [event.id for event in events] for ids in pairs.values())
    assert max(len(body) for body, _ in stage.queues.messages[Queue.DELIVERIES]) <= 48 * 1024


async def test_a_fan_out_is_a_step_of_the_trace_that_brought_it(stage: Stage) -> None:
    """And delivery goes on with it."""
    await stage.subscriptions.save(standing_order("one"))
    stage.telemetry.here = f"00-{'a' * 32}-{'b' * 16}-01"
    before = f"00-{'a' * 32}-{'c' * 16}-01"
    await fan_out(stage.ports, EventBatch(ENVIRONMENT, (refresh(1), refresh(2)), before))
    (span,) = stage.telemetry.spans
    assert (span.name, span.parent) == (SpanName.FAN_OUT, before)
    assert span.attributes == {"environment": ENVIRONMENT, "events": 2}
    ((body, _),) = stage.queues.messages[Queue.DELIVERIES]
    assert (await stage.queues.read_deliveries(body)).traceparent == stage.telemetry.here
