"""What a polling twin promises: each event that is wanted, once and in order, from the first poll on; and a watch."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory import MemoryCheckpoints
from shared.domain.callers import Caller
from shared.domain.checkpoint import EnvironmentState
from shared.domain.cursors import read_cursor, write_cursor
from shared.domain.events import Event, NumberedEvent
from shared.domain.subscriptions import SubscriptionState, watches_of
from shared.domain.watches import Series
from shared.errors import CheckpointConflict
from shared.ports import PollRequest, Queue
from shared.services.fan_out import fan_out
from shared.services.poll_trigger import Polled, poll_trigger
from shared.services.sweep import sweep
from tests.factories import ENVIRONMENT
from tests.feed import happened, publish, publish_all
from tests.services.stage import Stage, failed_refresh

ME = Caller("me")
FAILED = "data-source-refresh-failed"
SEGMENT = {"segmentName": "Loyal", "threshold": "100"}


async def ask(
    stage: Stage,
    state: str = "",
    trigger: str = FAILED,
    query: Mapping[str, str] | None = None,
    *,
    caller: Caller = ME,
    top: int = 100,
) -> Polled:
    """One poll."""
    asked = {"environmentId": ENVIRONMENT, **(query or {})}
    return await poll_trigger(stage.ports, trigger, asked, caller, state=state, top=top)


async def test_an_environment_that_is_polled_is_watched_from_then_on(stage: Stage) -> None:
    """The first poll makes a subscription without a callback and asks for a full look; later ones make none."""
    first = await ask(stage, trigger="segment-threshold-crossed", query=SEGMENT)
    await ask(stage, first.state, "segment-threshold-crossed", SEGMENT)
    (order,) = stage.subscriptions.rows.values()
    assert (order.polls, order.callback_url, order.owner, order.polled_at) == (True, "", "me", stage.now)
    assert watches_of([order]).series.keys() == {Series("segments", "Loyal").key}
    assert await stage.subscriptions.environments() == [ENVIRONMENT]
    polls = stage.queues.take(Queue.POLLS)
    assert polls is not None
    assert await stage.queues.read_polls(polls) == PollRequest((ENVIRONMENT,), asked_at=stage.now)
    assert stage.queues.take(Queue.POLLS) is None


async def test_what_happens_after_the_first_poll_is_told(stage: Stage) -> None:
    """Through detection: the baseline fires nothing, the failed refresh comes with the next poll, once."""
    first = await ask(stage)
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    await stage.poll()
    second = await ask(stage, first.state)
    assert [event.type for event in second.events] == ["datasource.refresh.failed"]
    assert (await ask(stage, second.state)).events == ()


async def test_events_that_are_committed_but_not_yet_in_the_log_are_neither_lost_nor_told_twice(stage: Stage) -> None:
    """Those of before the first poll are old although they come into the log later; the others come when they do."""
    old, new = happened(1), happened(2)
    committed = EnvironmentState(outbox=(NumberedEvent(1, old),), sequence=1)
    await stage.checkpoints.write(ENVIRONMENT, committed, None)
    first = await ask(stage)
    await stage.log.append(ENVIRONMENT, committed.outbox)
    second = await ask(stage, first.state)
    await publish(stage.ports, new)
    third = await ask(stage, second.state)
    assert [list(poll.events) for poll in (first, second, third)] == [[], [], [new]]


async def test_a_log_without_a_checkpoint_is_begun_at_its_end(stage: Stage) -> None:
    await stage.log.append(ENVIRONMENT, [NumberedEvent(place, happened(place)) for place in range(1, 8)])
    stage.insights.listed = ()
    first = await ask(stage)
    assert read_cursor(first.state, ENVIRONMENT, field="triggerState") == 7


@given(
    wanted=st.lists(st.booleans(), max_size=60),
    pages=st.lists(st.integers(1, 7), min_size=1, max_size=8),
    read_at_once=st.integers(1, 9),
)
async def test_whatever_the_pages_each_wanted_event_comes_once_and_in_order(
    wanted: list[bool], pages: list[int], read_at_once: int
) -> None:
    """At every page border, of the answers and of the log."""
    stage = Stage()
    query = {"dataSourceId": "Mine"}
    state = (await ask(stage, query=query)).state
    made = [happened(place, dataSourceId="mine" if mine else "other") for place, mine in enumerate(wanted)]
    await publish_all(stage.ports, made, at_once=7)
    found: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.services.poll_trigger._READ_AT_ONCE", read_at_once)
        patch.setattr("shared.services.poll_trigger._MOST_READ", 2 * read_at_once)
        for number in range(200):
            polled = await ask(stage, state, query=query, top=pages[number % len(pages)])
            assert len(polled.events) <= pages[number % len(pages)]
            found += polled.events
            state = polled.state
            if polled.retry_after_seconds > 1:
                break
    assert found == [event for event, mine in zip(made, wanted, strict=True) if mine]


async def test_a_poll_looks_at_so_many_events_and_says_to_come_back(stage: Stage) -> None:
    """Ten thousand events that nobody wants do not hold a call up; the place among them is kept."""
    query = {"dataSourceId": "mine"}
    state = (await ask(stage, query=query)).state
    made = [happened(place, dataSourceId="other") for place in range(5_200)]
    await publish_all(stage.ports, [*made, happened(9_999, dataSourceId="mine")], at_once=600)
    first = await ask(stage, state, query=query)
    second = await ask(stage, first.state, query=query)
    assert (len(first.events), first.retry_after_seconds) == (0, 1)
    assert (len(second.events), second.retry_after_seconds) == (1, 60)


async def test_flows_of_one_owner_that_ask_for_the_same_share_an_order_and_each_keeps_its_own_place(
    stage: Stage,
) -> None:
    one, two = await ask(stage), await ask(stage)
    await ask(stage, caller=Caller("you"))
    await ask(stage, query={"submission": "scheduled"})
    assert len(stage.subscriptions.rows) == 3
    await publish(stage.ports, happened(1))
    assert [len((await ask(stage, poll.state)).events) for poll in (one, two, one)] == [1, 1, 1]


async def test_that_it_is_polled_is_noted_once_a_day(stage: Stage) -> None:
    """A write for every poll would cost more than the polls."""
    state = (await ask(stage)).state
    (order,) = stage.subscriptions.rows
    began = stage.now
    stage.wait(minutes=24 * 60)
    await ask(stage, state)
    assert stage.subscriptions.rows[order].polled_at == began
    stage.wait(minutes=1)
    await ask(stage, state)
    assert stage.subscriptions.rows[order].polled_at == stage.now


@pytest.mark.parametrize("number", [3, 500, 10**17])
async def test_a_place_beyond_the_end_of_a_feed_that_began_anew_is_its_beginning(stage: Stage, number: int) -> None:
    """Its checkpoint and its log were removed; nothing stays hidden until the numbers have come that far again."""
    await ask(stage)
    await publish_all(stage.ports, [happened(1), happened(2)])
    polled = await ask(stage, write_cursor(ENVIRONMENT, number))
    assert len(polled.events) == 2
    assert (await ask(stage, polled.state)).events == ()


async def test_a_place_at_the_end_of_the_feed_is_not_taken_for_beyond_it(stage: Stage) -> None:
    await ask(stage)
    await publish_all(stage.ports, [happened(1), happened(2)])
    assert (await ask(stage, write_cursor(ENVIRONMENT, 2))).events == ()


async def test_an_order_that_nobody_polls_is_swept_and_comes_back_with_its_place(stage: Stage) -> None:
    """A flow that was off for two months goes on where it was, as far as the log goes back."""
    state = (await ask(stage)).state
    stage.wait(minutes=24 * 60 * 31)
    await sweep(stage.ports, suspended_days=14)
    assert stage.subscriptions.rows == {}
    await publish(stage.ports, happened(60 * 24 * 31))
    assert len((await ask(stage, state)).events) == 1
    assert [one.state for one in stage.subscriptions.rows.values()] == [SubscriptionState.ACTIVE]


async def test_one_that_is_polled_is_not_swept(stage: Stage) -> None:
    state = (await ask(stage)).state
    for _ in range(40):
        stage.now += timedelta(days=2)
        state = (await ask(stage, state)).state
        await sweep(stage.ports, suspended_days=14)
    assert len(stage.subscriptions.rows) == 1


async def test_a_flow_that_polls_is_never_called(stage: Stage) -> None:
    await ask(stage)
    await publish(stage.ports, happened(1))
    body = stage.queues.take(Queue.REFRESH_EVENTS)
    assert body is not None
    assert await fan_out(stage.ports, await stage.queues.read_events(body)) == 0
    assert stage.queues.take(Queue.DELIVERIES) is None


async def test_a_feed_that_began_anew_is_told_page_by_page_too(stage: Stage) -> None:
    await ask(stage)
    await stage.log.append(ENVIRONMENT, [NumberedEvent(number, happened(number)) for number in range(1, 4)])
    polled = await ask(stage, write_cursor(ENVIRONMENT, 900), top=2)
    assert (len(polled.events), polled.retry_after_seconds) == (2, 1)


async def test_an_environment_that_nobody_watched_begins_anew_with_the_first_poll(stage: Stage) -> None:
    await stage.baseline()
    await ask(stage)
    assert stage.state.checkpoint is None


async def test_two_who_begin_at_the_same_time_are_both_answered(stage: Stage) -> None:
    """The other one has it begin anew."""

    class Taken(MemoryCheckpoints):
        async def write(self, environment_id: str, state: EnvironmentState, etag: str | None) -> str:
            raise CheckpointConflict

    await stage.baseline()
    taken = Taken()
    taken.documents = stage.checkpoints.documents
    stage.checkpoints = taken
    assert (await ask(stage)).events == ()
