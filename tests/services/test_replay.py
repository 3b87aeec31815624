"""What replay and the list of events promise: what was wanted in a stretch of time, once, oldest first, with its id."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory import MemoryEventLog
from shared.domain.cursors import read_cursor
from shared.domain.events import Event, NumberedEvent
from shared.domain.subscriptions import Filters, Subscription, SubscriptionState
from shared.errors import Conflict, NotFound
from shared.ports import Queue
from shared.services.list_events import list_events
from shared.services.replay_subscription import Replayed, replay_subscription
from shared.stores import EventQuery
from tests.factories import ENVIRONMENT, START, at
from tests.services.stage import ADMINISTRATOR, MAKER, OTHER, Stage, standing_order
from tests.services.test_fan_out import refresh

ORDER = standing_order("one")


async def log(stage: Stage, *events: Event) -> None:
    """Put events into the feed."""
    first = await stage.log.last_number(ENVIRONMENT) + 1
    await stage.log.append(ENVIRONMENT, [NumberedEvent(first + place, one) for place, one in enumerate(events)])


async def replayed(stage: Stage, *, minutes: tuple[float, float] = (0, 10**6), after: int = 0) -> Replayed:
    """Replay a stretch."""
    since, until = at(minutes[0]), at(minutes[1])
    return await replay_subscription(stage.ports, ORDER.id, MAKER, since=since, until=until, after=after)


async def sent(stage: Stage) -> list[str]:
    """Take what was handed to delivery, behind whatever is new: the ids of the events, in order."""
    assert not stage.queues.messages[Queue.DELIVERIES]
    found = []
    while (body := stage.queues.take(Queue.REDELIVERIES)) is not None:
        batch = await stage.queues.read_deliveries(body)
        (pair,) = batch.pairs
        assert (pair.subscription_id, pair.attempt) == (ORDER.id, 1)
        found += [batch.events[place].id for place in pair.events]
    return found


async def test_a_stretch_of_time_is_sent_again_from_its_beginning_on_and_before_its_end(stage: Stage) -> None:
    await stage.subscriptions.save(ORDER)
    events = [refresh(number) for number in range(10)]
    await log(stage, *events)
    assert await replayed(stage, minutes=(3, 7)) == Replayed(4, "")
    assert await sent(stage) == [event.id for event in events[3:7]]


async def test_only_what_the_subscription_wants_is_sent(stage: Stage) -> None:
    await stage.subscriptions.save(replace(ORDER, filters=Filters(data_source_id="ds-customers")))
    other = refresh(2, "ds-customers")
    await log(stage, refresh(1), other, refresh(3))
    assert (await replayed(stage)).events == 1
    assert await sent(stage) == [other.id]


async def test_ten_thousand_events_a_call_and_the_rest_from_where_it_ended(stage: Stage) -> None:
    await stage.subscriptions.save(ORDER)
    events = [refresh(number) for number in range(10_700)]
    await log(stage, *events)
    first = await replayed(stage)
    assert first.events == 10_000
    rest = await replayed(stage, after=read_cursor(first.next_cursor, ENVIRONMENT, field="after"))
    assert rest == Replayed(700, "")
    assert await sent(stage) == [event.id for event in events]


async def test_ten_thousand_events_are_read_a_call_also_when_none_is_wanted(stage: Stage) -> None:
    await stage.subscriptions.save(replace(ORDER, filters=Filters(data_source_id="ds-customers")))
    wanted = refresh(10_600, "ds-customers")
    await log(stage, *(refresh(number) for number in range(10_600)), wanted)
    reads = stage.log.search
    pages: list[int] = []

    async def counted(environment_id: str, query: EventQuery, *, limit: int) -> list[NumberedEvent]:
        pages.append(limit)
        return await reads(environment_id, query, limit=limit)

    stage.log.search = counted  # type: ignore[method-assign]
    first = await replayed(stage)
    assert (first.events, sum(pages), await sent(stage)) == (0, 10_000, [])
    rest = await replayed(stage, after=read_cursor(first.next_cursor, ENVIRONMENT, field="after"))
    assert (rest, await sent(stage)) == (Replayed(1, ""), [wanted.id])


@pytest.mark.parametrize(
    "one",
    [
        replace(ORDER, state=SubscriptionState.ENDED),
        replace(ORDER, state=SubscriptionState.REPLACED),
        replace(ORDER, polled_at=START),
    ],
)
async def test_a_subscription_that_is_not_called_is_sent_nothing(stage: Stage, one: Subscription) -> None:
    await stage.subscriptions.save(one)
    await log(stage, refresh(1))
    with pytest.raises(Conflict):
        await replayed(stage)
    assert await sent(stage) == []


async def test_a_suspended_one_is_sent_its_events_for_when_it_is_on_again(stage: Stage) -> None:
    await stage.subscriptions.save(replace(ORDER, state=SubscriptionState.SUSPENDED))
    await log(stage, refresh(1))
    assert (await replayed(stage)).events == 1


async def test_somebody_elses_subscription_looks_like_an_unknown_one(stage: Stage) -> None:
    await stage.subscriptions.save(ORDER)
    until = at(9)
    for subscription_id, caller in ((ORDER.id, OTHER), ("nothing", MAKER)):
        with pytest.raises(NotFound):
            await replay_subscription(stage.ports, subscription_id, caller, since=START, until=until)
    done = await replay_subscription(stage.ports, ORDER.id, ADMINISTRATOR, since=START, until=until)
    assert done == Replayed(0, "")


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 7))
async def test_pages_of_the_list_hold_each_event_that_was_asked_for_once(mine: list[bool], top: int) -> None:
    stage, subject = Stage(), "datasources/ds-orders"
    events = [refresh(number, "ds-orders" if one else "ds-other") for number, one in enumerate(mine)]
    await log(stage, *events)
    seen: list[Event] = []
    query = EventQuery(subject=subject)
    while True:
        page = await list_events(stage.ports, MAKER, ENVIRONMENT, query, top=top)
        assert len(page.events) <= top
        seen += page.events
        if not page.next_cursor:
            break
        query = replace(query, after=read_cursor(page.next_cursor, ENVIRONMENT, field="after"))
    assert seen == [event for event in events if event.subject == subject]


async def test_a_list_can_begin_and_end_at_a_time(stage: Stage) -> None:
    events = [refresh(number) for number in range(6)]
    await log(stage, *events)
    query = EventQuery(since=at(2), until=at(4) + timedelta(seconds=1), types=(events[0].type,))
    assert (await list_events(stage.ports, MAKER, ENVIRONMENT, query, top=100)).events == tuple(events[2:5])
    assert (await list_events(stage.ports, MAKER, "unknown", query, top=100)).events == ()


async def test_a_replay_asks_for_no_other_types_and_goes_behind_new_events(stage: Stage) -> None:
    """It is a step of the trace that asked for it, and late by wish."""
    queries: list[EventQuery] = []

    class Asked(MemoryEventLog):
        async def search(self, environment_id: str, query: EventQuery, *, limit: int) -> list[NumberedEvent]:
            queries.append(query)
            return await super().search(environment_id, query, limit=limit)

    stage.log = Asked()
    stage.telemetry.here = f"00-{'a' * 32}-{'b' * 16}-01"
    await stage.subscriptions.save(ORDER)
    await log(stage, refresh(1))
    await replayed(stage)
    assert queries == [EventQuery(0, at(0), at(10**6), ("datasource.refresh.failed",))]
    ((body, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    batch = await stage.queues.read_deliveries(body)
    assert (delay, batch.traceparent, batch.replayed) == (0, stage.telemetry.here, True)
