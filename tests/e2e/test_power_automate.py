"""Power Automate, played literally against the app over HTTP, on a storage emulator.

After each step there is one live subscription of the flow, or none when it is off; an event then reaches its newest
callback URL, once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import azure.functions as func
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from shared.adapters.memory import MemoryInsights
from shared.domain.events import Event
from shared.domain.snapshot import JobList
from shared.domain.subscriptions import EVENT_TYPES, Trigger
from shared.ports import EventBatch, Ports, Queue
from tests.e2e.app import RunningApp, running_app
from tests.e2e.power_automate import Flow
from tests.feed import wanted_by

FIELDS: dict[Trigger, dict[str, object]] = {
    Trigger.REFRESH_FAILED: {"dataSourceId": "ds-1", "label": "Tell sales"},
    Trigger.REFRESH_SUCCEEDED: {"submission": "any"},
    Trigger.SEGMENT_CROSSED: {"segmentName": "Loyal", "threshold": 100.5, "rearmAt": "90"},
    Trigger.MEASURE_CROSSED: {"measureName": "R", "alias": "Total", "threshold": 1, "dimensions": {"Country": "NO"}},
    Trigger.FULL_REFRESH_COMPLETED: {"submission": "onDemand"},
    Trigger.UNIFICATION_COMPLETED: {},
    Trigger.PROCESS_ENDED: {"operationTypes": ["export"], "outcomes": ["failed"]},
    Trigger.OVERDUE: {"withinHours": 24},
    Trigger.UNREACHABLE: {},
}


class Holding(MemoryInsights):
    """Customer Insights that can keep one subscribe call waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.hold_next = False
        self.held = asyncio.Event()
        self.released = asyncio.Event()

    async def jobs(self, environment_id: str, *, top: int) -> JobList:
        if self.hold_next:
            self.hold_next = False
            self.held.set()
            await self.released.wait()
        return await super().jobs(environment_id, top=top)


@dataclass(slots=True)
class Play:
    """The app, its Customer Insights, and what the flows were called with: path and event."""

    app: RunningApp
    insights: Holding
    receiver: str
    environment: str
    called: list[tuple[str, str]] = field(default_factory=list)
    events: int = 0

    def flow(self, trigger: Trigger = Trigger.REFRESH_FAILED) -> Flow:
        return Flow(self.app, self.receiver, trigger, {"environmentId": self.environment, **FIELDS[trigger]})

    async def live(self) -> list[str]:
        """The Locations of what is live, as the list shows it."""
        listed = await self.app.ask("GET", f"subscriptions?environmentId={self.environment}")
        live = [one["id"] for one in listed.json["value"] if one["state"] in ("active", "suspended")]
        return [f"{self.app.base}/api/subscriptions/{one}" for one in live]

    async def happens(self, flow: Flow) -> Event:
        """Something that the flow wants to know."""
        kept = await self.app.house.ports.subscriptions.show(flow.location.rpartition("/")[2])
        assert kept is not None
        self.events += 1
        event = wanted_by(kept, self.events, EVENT_TYPES[kept.trigger][0])
        await self.app.house.ports.queues.send_events(EventBatch(self.environment, (event,)))
        await self.app.pump()
        return event

    async def check_on(self, flow: Flow) -> None:
        """One live subscription, whose callback is the newest and is called once."""
        assert await self.live() == [flow.location]
        self.called.clear()
        event = await self.happens(flow)
        assert self.called == [(flow.path, event.id)]

    async def check_off(self, flow: Flow) -> None:
        """None, and nothing is called."""
        assert await self.live() == []
        self.called.clear()
        if await self.app.house.ports.subscriptions.show(flow.location.rpartition("/")[2]):
            await self.happens(flow)
        assert self.called == []


@pytest.fixture
async def play(azurite: str, functions: Sequence[func.Function]) -> AsyncIterator[Play]:
    insights, called = Holding(), list[tuple[str, str]]()

    async def receive(request: web.Request) -> web.Response:
        called.append((request.path, (await request.json())["id"]))
        return web.Response(status=202)

    def with_insights(ports: Ports) -> Ports:
        return replace(ports, insights=insights)

    receiver = web.Application()
    receiver.router.add_post("/{path:.*}", receive)
    async with TestServer(receiver) as server, running_app(functions, azurite, with_insights) as app:
        for queue in Queue:
            await app.clear(queue.value)
        yield Play(app, insights, str(server.make_url("")).rstrip("/"), str(uuid4()), called)


Save = Callable[[Play, Flow], Awaitable[None]]


async def post_then_delete(play: Play, flow: Flow) -> None:
    """The new version is subscribed, then the old one goes."""
    old = flow.location
    await flow.turn_on()
    await flow.delete(old)


async def delete_then_post(play: Play, flow: Flow) -> None:
    await flow.turn_off()
    await flow.turn_on()


async def delete_is_lost(play: Play, flow: Flow) -> None:
    await flow.turn_on()


async def both_at_once(play: Play, flow: Flow) -> None:
    await asyncio.gather(flow.delete(flow.location), flow.turn_on())


async def answer_is_lost(play: Play, flow: Flow) -> None:
    """The platform posts the same again, and only knows the second answer."""
    old = flow.location
    await flow.turn_on()
    flow.location = await flow.post()
    await flow.delete(old)


async def answer_is_lost_after_the_delete(play: Play, flow: Flow) -> None:
    await flow.turn_off()
    await flow.turn_on()
    flow.location = await flow.post()


async def posted_again_while_the_first_still_runs(play: Play, flow: Flow) -> None:
    """A time-out on the way: the first call ends after the second one, and its answer reaches nobody."""
    old = flow.location
    flow.version += 1
    play.insights.hold_next = True
    first = asyncio.create_task(flow.post())
    await play.insights.held.wait()
    flow.location = await flow.post()
    await flow.delete(old)
    play.insights.released.set()
    await first
    play.insights.held.clear()
    play.insights.released.clear()


SAVES: Sequence[Save] = (
    post_then_delete,
    delete_then_post,
    delete_is_lost,
    both_at_once,
    answer_is_lost,
    answer_is_lost_after_the_delete,
    posted_again_while_the_first_still_runs,
)


@pytest.mark.parametrize("second", SAVES)
@pytest.mark.parametrize("first", SAVES)
async def test_a_flow_has_one_subscription_or_none_in_every_order_of_calls(
    play: Play, first: Save, second: Save
) -> None:
    """Created, saved twice, switched off, on, saved and deleted."""
    flow = play.flow()
    await flow.turn_on()
    for save in (first, second):
        await save(play, flow)
        assert await play.live() == [flow.location]
    await play.check_on(flow)
    await flow.turn_off()
    await play.check_off(flow)
    await flow.turn_on()
    await first(play, flow)
    await play.check_on(flow)
    await flow.turn_off()
    await flow.turn_off()
    await play.check_off(flow)


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_so_it_is_with_every_trigger(play: Play, trigger: Trigger) -> None:
    flow = play.flow(trigger)
    await flow.turn_on()
    await play.check_on(flow)
    await post_then_delete(play, flow)
    await play.check_on(flow)
    await flow.turn_off()
    await play.check_off(flow)
    await flow.turn_on()
    await play.check_on(flow)
    await flow.turn_off()
    await play.check_off(flow)


async def test_a_delete_that_comes_days_late_ends_nothing_that_is_live(play: Play) -> None:
    """Every Location that the platform ever got can be deleted, in any order, and the newest stays."""
    flow = play.flow()
    old = []
    for _ in range(4):
        await flow.turn_on()
        old.append(flow.location)
    for location in (*reversed(old[:-1]), *old[:-1]):
        await flow.delete(location)
    await play.check_on(flow)


async def test_two_flows_and_two_triggers_of_a_flow_do_not_touch_each_other(play: Play) -> None:
    one, other, same_flow = play.flow(), play.flow(), play.flow(Trigger.UNREACHABLE)
    same_flow.name = one.name
    for flow in (one, other, same_flow):
        await flow.turn_on()
    assert sorted(await play.live()) == sorted([one.location, other.location, same_flow.location])
    await post_then_delete(play, one)
    await other.turn_off()
    assert sorted(await play.live()) == sorted([one.location, same_flow.location])


async def test_events_on_their_way_while_the_flow_is_saved_reach_its_new_version_once(play: Play) -> None:
    """Fanned out to the old subscription, delivered after the save."""
    flow = play.flow()
    await flow.turn_on()
    kept = await play.app.house.ports.subscriptions.show(flow.location.rpartition("/")[2])
    assert kept is not None
    event = wanted_by(kept, 1, EVENT_TYPES[kept.trigger][0])
    await play.app.house.ports.queues.send_events(EventBatch(play.environment, (event,)))
    await play.app.pump("refresh-events")
    await post_then_delete(play, flow)
    await play.app.pump("deliveries", "redeliveries")
    assert play.called == [(flow.path, event.id)]
