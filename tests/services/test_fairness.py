"""A dead flow and a slow one among fifty: the other forty-eight hardly notice, and nothing is lost.

All of it is in virtual time, so the numbers are the same in every run.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import Event
from tests.factories import ENVIRONMENT
from tests.services.hosting import Host, TimedFlows, TimedQueues
from tests.services.stage import Stage, callback, standing_order
from tests.services.test_fan_out import refresh
from tests.services.virtual_time import in_virtual_time

WELL = [f"flow-{number:02}" for number in range(48)]
DEAD, SLOW = "dead", "slow"
ANSWER_SECONDS = 0.02
STORY_SECONDS = 400


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A dead flow fills the log."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@dataclass(frozen=True)
class Shape:
    """How events come: so many a message, a message every so many seconds (0: all at once), at a rate limit."""

    events: int
    in_a_message: int
    every_seconds: float = 0
    rate: int = 10


@dataclass
class Story:
    """What happened to the events of all flows."""

    stage: Stage = field(default_factory=Stage)
    queues: TimedQueues = field(default_factory=TimedQueues)
    flows: TimedFlows = field(default_factory=lambda: TimedFlows(ANSWER_SECONDS, dead=20, slow=5))
    sent_at: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)

    @property
    def p95(self) -> float:
        """Of the time from the queue to the answer, over the forty-eight."""
        took = sorted(at - self.sent_at[event] for name in WELL for event, at in self.flows.answered[callback(name)])
        return took[len(took) * 95 // 100]

    def got(self, name: str) -> Counter[str]:
        """How often a flow took each event."""
        return Counter(event for event, _ in self.flows.answered[callback(name)])

    async def send(self, names: list[str], shape: Shape) -> None:
        """Hand first attempts to delivery."""
        for first in range(0, shape.events, shape.in_a_message):
            events = tuple(refresh(number) for number in range(first, first + shape.in_a_message))
            self._note(events)
            pairs = tuple(Pair(standing_order(name).id, tuple(range(len(events)))) for name in names)
            await self.queues.send_deliveries(DeliveryBatch(ENVIRONMENT, events, pairs))
            await asyncio.sleep(shape.every_seconds)

    def _note(self, events: tuple[Event, ...]) -> None:
        now = asyncio.get_running_loop().time()
        self.sent_at.update({event.id: now for event in events})


async def _play(names: list[str], shape: Shape) -> Story:
    story = Story()
    story.stage.flows = story.flows
    for name in names:
        await story.stage.subscriptions.save(standing_order(name))
    host = Host(story.stage, story.queues, rate=shape.rate)
    await asyncio.gather(story.send(names, shape), host.run(STORY_SECONDS))
    for batch in await story.queues.left():
        for pair in batch.pairs:
            waiting = story.waiting.setdefault(pair.subscription_id, set())
            waiting.update(batch.events[place].id for place in pair.events)
    return story


def play(names: list[str], shape: Shape) -> Story:
    """Four hundred seconds of a worker with these flows."""
    return in_virtual_time(_play(names, shape))


SHAPES = {
    "a burst in packed messages": Shape(300, 300),
    "a burst in packed messages without a rate limit": Shape(300, 300, rate=0),
    "a burst in many messages": Shape(240, 1),
    "a stream over two minutes": Shape(360, 6, every_seconds=2),
    "a stream without a rate limit": Shape(400, 1, every_seconds=0.3, rate=0),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_dead_and_a_slow_flow_do_not_delay_the_others(shape: Shape) -> None:
    """The p95 of forty-eight flows grows by less than a tenth, and nothing is lost."""
    alone, together = play(WELL, shape), play([*WELL, DEAD, SLOW], shape)
    assert together.p95 < 1.1 * alone.p95
    everything = dict.fromkeys(together.sent_at, 1)
    assert all(together.got(name) == everything for name in WELL)
    slow, dead = standing_order(SLOW).id, standing_order(DEAD).id
    assert max(together.got(SLOW).values()) == 1
    assert together.got(SLOW).keys() | together.waiting.get(slow, set()) == everything.keys()
    assert len(together.got(SLOW)) > 0.8 * STORY_SECONDS / 5
    assert together.waiting[dead] == everything.keys()
    assert len(together.flows.began[callback(DEAD)]) < 10


def test_without_a_rate_limit_a_burst_that_fills_a_worker_loses_half_a_second_once() -> None:
    """Until a flow has been silent for that long nobody knows that it hangs; what waits for it holds a place."""
    shape = Shape(300, 2, rate=0)
    alone, together = play(WELL, shape), play([*WELL, DEAD, SLOW], shape)
    assert together.p95 < alone.p95 + 0.5


def test_a_quick_flow_gets_its_events_side_by_side_where_nothing_limits_it() -> None:
    story = play(WELL[:1], Shape(1000, 5, rate=0))
    assert max(at for _, at in story.flows.answered[callback(WELL[0])]) < 1000 * ANSWER_SECONDS / 5
