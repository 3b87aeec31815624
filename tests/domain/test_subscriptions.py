"""Which subscriptions get an event, and what they ask to be watched."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.events import Event, EventType, make_event
from shared.domain.subscribing import check_fields, parse_filters
from shared.domain.subscriptions import (
    EVENT_TYPES,
    Directory,
    Filters,
    Subscription,
    SubscriptionState,
    Trigger,
    age,
    receivers,
    replaced,
    watches_of,
)
from shared.domain.watches import FreshnessWatch
from tests.factories import (
    ENVIRONMENT,
    START,
    at,
    found_after,
    job,
    node,
    overdue_after,
    segment,
    snapshot,
    subscription,
    task,
    threshold,
    watching,
)

FAILED, PROCESS = EventType.REFRESH_FAILED, EventType.PROCESS_ENDED


def _event(kind: EventType, **data: Any) -> Event:
    return make_event(ENVIRONMENT, kind, subject="s", occurrence="o", time=at(0), data=data)


def _getting(event: Event, *subscriptions: Subscription) -> list[str]:
    return sorted(one.id for one in Directory(subscriptions).wanting(event))


def _asked(trigger: Trigger, **fields: Any) -> Subscription:
    return subscription("s", trigger, parse_filters(trigger, check_fields(trigger, fields)))


def test_every_event_type_has_a_trigger_and_every_trigger_an_event_type() -> None:
    assert set(EVENT_TYPES) == set(Trigger)
    assert {kind for kinds in EVENT_TYPES.values() for kind in kinds} == set(EventType)


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_trigger_gets_its_own_event_types_and_no_other(trigger: Trigger) -> None:
    one = subscription("s", trigger)
    getting = {kind for kind in EventType if _getting(_event(kind), one)}
    assert getting == set(EVENT_TYPES[trigger])


def test_an_ended_subscription_gets_no_event_and_one_of_a_flow_that_is_off_does() -> None:
    """Delivery keeps them for when the flow is on again."""
    states = [subscription(state, state=state) for state in SubscriptionState]
    assert [one.id for one in receivers(states, START)] == ["active", "suspended"]


def test_one_that_cannot_be_understood_gets_nothing() -> None:
    odd = replace(subscription("odd"), problem="withinHours is too long")
    assert _getting(_event(FAILED), odd, subscription("well")) == ["well"]


def test_a_subscription_for_one_source_gets_only_its_events() -> None:
    all_sources, one = subscription("all"), subscription("one", filters=Filters(data_source_id="a"))
    assert _getting(_event(FAILED, dataSourceId="a"), all_sources, one) == ["all", "one"]
    assert _getting(_event(FAILED, dataSourceId="b"), all_sources, one) == ["all"]
    assert _getting(_event(FAILED), all_sources, one) == ["all"]


def test_nobody_gets_an_event_twice() -> None:
    assert _getting(_event(FAILED, dataSourceId=""), subscription("all")) == ["all"]


def test_a_subscription_for_scheduled_runs_does_not_get_manual_ones() -> None:
    one = subscription("s", Trigger.FULL_REFRESH_COMPLETED, Filters(submission="scheduled"))
    kind = EventType.FULL_REFRESH_COMPLETED
    assert _getting(_event(kind, submission="scheduled"), one) == ["s"]
    assert _getting(_event(kind, submission="onDemand"), one) == []
    assert _getting(_event(kind), one) == []


def test_process_filters_must_all_pass() -> None:
    wanted = Filters(operation_types=("export",), outcomes=("failed", "timedOut"))
    one = subscription("s", Trigger.PROCESS_ENDED, wanted)
    assert _getting(_event(PROCESS, operationType="export", outcome="timedOut"), one) == ["s"]
    assert _getting(_event(PROCESS, operationType="export", outcome="successful"), one) == []
    assert _getting(_event(PROCESS, operationType="merge", outcome="failed"), one) == []
    assert _getting(_event(PROCESS, outcome="failed"), one) == []


def test_choices_are_matched_in_any_casing() -> None:
    one = _asked(Trigger.PROCESS_ENDED, operationTypes=["Export"], outcomes=["TimedOut"])
    assert _getting(_event(PROCESS, operationType="export", outcome="timedOut"), one) == ["s"]


def test_a_choice_that_nobody_knows_yet_can_be_asked_for() -> None:
    one = _asked(Trigger.PROCESS_ENDED, operationTypes=["quantumSync"])
    assert _getting(_event(PROCESS, operationType="quantumSync", outcome="failed"), one) == ["s"]


def test_a_threshold_event_reaches_those_who_asked_for_its_rule() -> None:
    same = [subscription(f"s{n}", Trigger.SEGMENT_CROSSED, Filters(threshold=threshold(100))) for n in (1, 2)]
    other = subscription("other", Trigger.SEGMENT_CROSSED, Filters(threshold=threshold(200)))
    looks = [snapshot(0, segments=[segment((0, 90))]), snapshot(10, segments=[segment((10, 120))])]
    (event,) = found_after(*looks, watches=watches_of([*same, other]))
    assert _getting(event, *same, other) == ["s1", "s2"]


def test_an_overdue_event_reaches_those_who_asked_for_its_rule() -> None:
    any_source = subscription("any", Trigger.OVERDUE, Filters(freshness=overdue_after(2)))
    later = subscription("later", Trigger.OVERDUE, Filters(freshness=overdue_after(99)))
    looks = [snapshot(n, nodes=[node(success=0)]) for n in (1, 130)]
    (event,) = found_after(*looks, watches=watches_of([any_source, later]))
    assert _getting(event, any_source, later) == ["any"]


def test_the_same_rule_of_several_subscriptions_is_watched_once() -> None:
    rules = [subscription(f"s{n}", Trigger.SEGMENT_CROSSED, Filters(threshold=threshold(100))) for n in range(5)]
    fresh = [subscription(f"f{n}", Trigger.OVERDUE, Filters(freshness=overdue_after(2))) for n in range(5)]
    assert watches_of([*rules, *fresh]).count == 2


def test_a_suspended_subscription_is_still_watched_for_and_an_ended_one_is_not() -> None:
    rules = [
        subscription(state, Trigger.OVERDUE, Filters(freshness=FreshnessWatch(timedelta(hours=n))), state)
        for n, state in enumerate(SubscriptionState, start=1)
    ]
    assert sorted(watch.within for watch in watches_of(rules).freshness) == [timedelta(hours=1), timedelta(hours=2)]


def test_without_subscriptions_nothing_is_watched() -> None:
    assert watches_of([subscription()]) == watching()
    assert watches_of([]).count == 0


def test_a_subscription_does_not_show_its_callback_url() -> None:
    assert "sig" not in repr(subscription())


def test_a_data_source_id_may_be_written_in_any_case() -> None:
    source = "0A6E1F34-7C1B-4D55-8F0E-3B1D5A7C2E11"
    by_filter = subscription("filter", Trigger.REFRESH_FAILED, Filters(data_source_id=source))
    by_rule = subscription("rule", Trigger.OVERDUE, Filters(freshness=overdue_after(2, source)))
    here = node(source.lower(), success=0)
    failed = job("j", "failed", task("Orders", "failed"))
    looks = [snapshot(1, nodes=[here]), snapshot(130, failed, nodes=[here])]
    got = {
        event.type: _getting(event, by_filter, by_rule) for event in found_after(*looks, watches=watches_of([by_rule]))
    }
    assert got["datasource.refresh.failed"] == ["filter"]
    assert got["datasource.overdue"] == ["rule"]


@given(st.lists(st.tuples(st.sampled_from(SubscriptionState), st.sampled_from("ab"), st.integers(0, 3)), max_size=12))
def test_of_each_flow_the_newest_live_one_is_called_and_no_other(
    found: list[tuple[SubscriptionState, str, int]],
) -> None:
    listed = [
        replace(subscription(f"s{place:02}", state=state), flow_key=flow, created_at=at(minute))
        for place, (state, flow, minute) in enumerate(found)
    ]
    live = [one for one in listed if one.is_live]
    newest = [max((one for one in live if one.flow_key == flow), key=age, default=None) for flow in "ab"]
    assert sorted(receivers(listed, START), key=age) == sorted((one for one in newest if one), key=age)


def test_those_of_no_flow_are_called_each_and_those_that_ask_by_themselves_never() -> None:
    polls = replace(subscription("polls"), polled_at=START)
    listed = [subscription("one"), polls, subscription("two")]
    assert [one.id for one in receivers(listed, START)] == ["one", "two"]


def _saved_again(minutes: float = 0) -> Subscription:
    return replaced(replace(subscription("old"), flow_key="flow"), by="new", now=at(minutes))


@pytest.mark.parametrize(("minutes", "called"), [(0, ["old"]), (9, ["old"]), (-9, ["old"]), (11, []), (-11, [])])
def test_a_replaced_one_stands_for_the_new_one_that_a_listing_missed(minutes: float, called: list[str]) -> None:
    """For ten minutes, by the clock of another worker too."""
    assert [one.id for one in receivers([_saved_again()], at(minutes))] == called


@pytest.mark.parametrize("state", list(SubscriptionState))
def test_a_replaced_one_stands_for_none_that_is_listed(state: SubscriptionState) -> None:
    new = replace(subscription("new", state=state), flow_key="flow")
    assert receivers([_saved_again(), new], START) == ([new] if new.is_live else [])


def test_of_several_replaced_ones_one_stands_for_the_new_one() -> None:
    older = replaced(replace(subscription("older"), flow_key="flow"), by="old", now=START)
    assert [one.id for one in receivers([_saved_again(), older], START)] == ["old"]


def test_one_that_was_just_replaced_stands_for_its_successor_for_less_than_ten_minutes() -> None:
    """As long as that is not listed; for each flow once, and for one that names no flow by itself."""
    minutes = timedelta(minutes=10)
    for since, listed in ((minutes - timedelta(seconds=1), True), (minutes, False)):
        old = [replaced(subscription(name), by="new", now=START) for name in ("a", "b")]
        assert receivers(old, START + since) == (old if listed else [])
        assert receivers(old, START - since) == (old if listed else [])
    same = [replace(one, flow_key="f") for one in old]
    assert receivers(same, START) == same[:1]


def test_an_event_without_a_source_is_about_none_whatever_a_source_is_called() -> None:
    event = _event(FAILED, status="failed")
    for name in ("None", "none", "xxxx"):
        assert Directory([subscription(filters=Filters(data_source_id=name))]).wanting(event) == []
