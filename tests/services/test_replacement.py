"""What subscribing again promises: in each order of calls, and at the same time, a flow has one live subscription."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.callers import Caller, flow_of
from shared.domain.subscriptions import Subscription, SubscriptionState, Trigger
from shared.errors import RequestInvalid
from shared.ports import Ports
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe, unsubscribe_callback, unsubscribe_flow
from shared.stores import Change
from tests.services.stage import MAKER, OTHER, Stage, callback
from tests.services.test_subscribe import PARSE, body

HEADERS = {"x-ms-workflow-name": "5f0c", "x-ms-environment-id": "Default-1", "x-ms-workflow-run-id": "0858"}
FLOW = replace(MAKER, flow=flow_of({**HEADERS, "x-ms-workflow-run-id": ""}))
TRIGGER = Trigger.REFRESH_FAILED


def flow(owner: str = MAKER.owner, **headers: str) -> Caller:
    """A flow that names itself like FLOW, but for these headers."""
    changed = {f"x-ms-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Caller(owner, flow=flow_of({**HEADERS, "x-ms-workflow-run-id": "", **changed}))


async def save(
    stage: Stage, version: int, caller: Caller = FLOW, trigger: Trigger = TRIGGER, **changes: object
) -> Subscription:
    """What a flow sends when it is saved: each version has a callback URL of its own."""
    stage.wait(seconds=1)
    sent = body(trigger, callbackUrl=callback(f"w-{version}"), **changes)
    return await subscribe(stage.ports, trigger, sent, caller, PARSE)


def live(stage: Stage) -> list[str]:
    """The subscriptions that get events."""
    return sorted(one.id for one in stage.subscriptions.rows.values() if one.is_live)


async def test_a_flow_that_is_saved_again_has_its_newest_subscription_only(stage: Stage) -> None:
    first, second = await save(stage, 1), await save(stage, 2)
    assert live(stage) == [second.id]
    older = stage.subscriptions.rows[first.id]
    assert (older.state, older.replaced_by, older.state_since) == (SubscriptionState.REPLACED, second.id, stage.now)


async def test_the_call_that_the_platform_repeats_makes_one_subscription(stage: Stage) -> None:
    made = [await save(stage, 1) for _ in range(4)]
    assert live(stage) == [made[-1].id]


async def test_a_suspended_subscription_is_replaced_like_an_active_one(stage: Stage) -> None:
    first = await save(stage, 1)
    stage.subscriptions.rows[first.id] = replace(first, state=SubscriptionState.SUSPENDED)
    second = await save(stage, 2)
    assert live(stage) == [second.id]


async def test_a_late_delete_of_the_older_id_is_harmless(stage: Stage) -> None:
    first, second = await save(stage, 1), await save(stage, 2)
    for _ in range(2):
        await unsubscribe(stage.ports, first.id, FLOW)
    assert live(stage) == [second.id]
    await unsubscribe(stage.ports, second.id, FLOW)
    assert live(stage) == []


@given(st.lists(st.none() | st.integers(0, 9), max_size=14))
@example([None, None, 0, 1, None])  # created, saved again, the late DELETE, off, on
@example([None, 0, None, 1])
async def test_in_each_order_of_posts_and_deletes_there_is_one_or_none(calls: list[int | None]) -> None:
    """None: the flow subscribes; a number: a DELETE of that id, whenever it was made."""
    stage, made, ended = Stage(), list[str](), set[str]()
    for call in calls:
        if call is None:
            made.append((await save(stage, len(made))).id)
        elif call < len(made):
            await unsubscribe(stage.ports, made[call], FLOW)
            ended.add(made[call])
        assert live(stage) == [one for one in made[-1:] if one not in ended]


class Interleaved(MemorySubscriptions):
    """Each of its calls lets the others go first, as often as a test says."""

    def __init__(self, turns: Iterator[int]) -> None:
        super().__init__()
        self._turns = turns

    async def _others_first(self) -> None:
        for _ in range(next(self._turns, 0)):
            await asyncio.sleep(0)

    async def save(self, subscription: Subscription) -> None:
        await self._others_first()
        await super().save(subscription)

    async def with_key(self, key: str) -> list[Subscription]:
        await self._others_first()
        return await super().with_key(key)

    async def change(self, subscription_id: str, change: Change) -> Subscription | None:
        await self._others_first()
        return await super().change(subscription_id, change)

    async def remove(self, subscription_id: str) -> None:
        await self._others_first()
        await super().remove(subscription_id)


def _interleaved(turns: list[int]) -> tuple[Stage, Ports]:
    stage = Stage()
    stage.subscriptions = Interleaved(iter(turns))
    return stage, stage.ports


TURNS = st.lists(st.integers(0, 6), max_size=30)


@given(TURNS, st.integers(2, 4), st.booleans())
async def test_calls_at_the_same_time_leave_one_live_subscription(turns: list[int], calls: int, ticks: bool) -> None:
    """In each interleaving, and whether or not their clocks agree."""
    stage, _ = _interleaved(turns)

    async def call(version: int) -> Subscription:
        ports = replace(stage.ports, clock=lambda: stage.now.replace(microsecond=version if ticks else 0))
        return await subscribe(ports, TRIGGER, body(TRIGGER, callbackUrl=callback(f"w-{version}")), FLOW, PARSE)

    made = await asyncio.gather(*(call(version) for version in range(calls)))
    newest = max(made, key=lambda one: (one.created_at, one.id))
    assert live(stage) == [newest.id]


@given(TURNS)
async def test_a_delete_of_the_older_one_during_the_call_leaves_the_newer_one(turns: list[int]) -> None:
    stage, ports = _interleaved(turns)
    first = await save(stage, 1)
    second, _ = await asyncio.gather(save(stage, 2), unsubscribe(ports, first.id, FLOW))
    assert live(stage) == [second.id]


APART: Mapping[str, tuple[Caller, Trigger]] = {
    "another flow": (flow(workflow_name="77aa"), TRIGGER),
    "the same name elsewhere": (flow(environment_id="Default-2"), TRIGGER),
    "another owner's flow of the same name": (flow(OTHER.owner), TRIGGER),
    "another trigger of the same flow": (FLOW, Trigger.REFRESH_SUCCEEDED),
    "another run's webhook action": (flow(workflow_run_id="9999", workflow_operation_name="Wait"), TRIGGER),
}


@pytest.mark.parametrize("what", list(APART))
async def test_what_is_not_the_same_flow_and_trigger_is_left_alone(stage: Stage, what: str) -> None:
    caller, trigger = APART[what]
    first, second = await save(stage, 1), await save(stage, 2, caller, trigger)
    assert live(stage) == sorted([first.id, second.id])


async def test_each_run_of_a_logic_app_waits_for_a_call_of_its_own_and_repeats_itself_only(stage: Stage) -> None:
    runs = [flow(workflow_run_id=run, workflow_operation_name="Wait") for run in ("a", "b", "a")]
    _, second, third = [await save(stage, version, run) for version, run in enumerate(runs)]
    assert live(stage) == sorted([second.id, third.id])


async def test_a_flow_that_now_watches_another_environment_is_one_subscription(stage: Stage) -> None:
    await save(stage, 1)
    moved = await save(stage, 2, environmentId="another")
    assert live(stage) == [moved.id]


async def test_a_caller_that_names_no_flow_replaces_only_the_same_order(stage: Stage) -> None:
    first = await save(stage, 1, MAKER)
    others = [
        await save(stage, 2, MAKER),
        await save(stage, 1, MAKER, submission="onDemand"),
        await save(stage, 1, MAKER, batch=True),
        await save(stage, 1, OTHER),
    ]
    assert live(stage) == sorted([first.id, *(one.id for one in others)])
    again = await save(stage, 1, MAKER, label="a label is no part of it")
    assert live(stage) == sorted([again.id, *(one.id for one in others)])


async def test_somebody_elses_delete_changes_nothing(stage: Stage) -> None:
    made = await save(stage, 1)
    await unsubscribe(stage.ports, made.id, OTHER)
    await unsubscribe_callback(stage.ports, callback("w-1"), OTHER, PARSE)
    assert live(stage) == [made.id]


async def test_an_administrator_ends_anybodys(stage: Stage) -> None:
    made = await save(stage, 1)
    await unsubscribe(stage.ports, made.id, Caller("administrator", is_administrator=True))
    assert live(stage) == []


async def test_what_calls_a_url_can_be_ended_by_the_url(stage: Stage) -> None:
    """Logic Apps' HttpWebhook keeps no id."""
    await save(stage, 1)
    second, elsewhere = await save(stage, 1, trigger=Trigger.PROCESS_ENDED), await save(stage, 2, OTHER)
    await unsubscribe_callback(stage.ports, callback("w-3"), FLOW, PARSE)
    await unsubscribe_callback(stage.ports, "no url", FLOW, PARSE)
    assert second.id in live(stage)
    for _ in range(2):
        await unsubscribe_callback(stage.ports, callback("w-1"), FLOW, PARSE)
    assert live(stage) == [elsewhere.id]


async def test_what_a_flow_ordered_can_be_ended_by_its_headers_alone(stage: Stage) -> None:
    """Of that trigger, flow and owner only; a caller that names no flow ends nothing."""
    made = await save(stage, 1)
    left = [await save(stage, 2 + place, *apart) for place, apart in enumerate(APART.values())]
    assert made.id in live(stage)
    for _ in range(2):
        await unsubscribe_flow(stage.ports, TRIGGER, FLOW)
        assert live(stage) == sorted(one.id for one in left)
    with pytest.raises(RequestInvalid):
        await unsubscribe_flow(stage.ports, TRIGGER, MAKER)


async def test_each_of_a_line_leads_to_the_one_that_took_its_place(stage: Stage) -> None:
    made = [await save(stage, version) for version in range(4)]
    rows = stage.subscriptions.rows
    assert [rows[one.id].replaced_by for one in made] == [*(one.id for one in made[1:]), ""]
