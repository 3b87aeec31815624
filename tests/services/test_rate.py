"""What the rate limit promises: no flow is called more often than it takes, and each event arrives. In virtual time."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest

from shared.domain.deliveries import DeliveryBatch, Pair
from tests.factories import ENVIRONMENT
from tests.services.hosting import Host, TimedFlows, TimedQueues
from tests.services.stage import Stage, callback, standing_order
from tests.services.test_fan_out import refresh
from tests.services.virtual_time import in_virtual_time

RATE = 10
ONE = standing_order("one").id
MIXES = {
    "one message": (300,),
    "one event a message": (1,) * 300,
    "half a second a message": (5,) * 60,
    "four seconds a message": (40,) * 8,
    "small and large": (1, 100, 1, 1, 50) * 2,
}


class Town:
    """One flow, its messages and the workers that share them."""

    def __init__(self, workers: int, *, batch: bool = False) -> None:
        self.stage, self.queues, self.flows = Stage(), TimedQueues(), TimedFlows(0.02)
        self.stage.flows = self.flows
        self.stage.subscriptions.rows[ONE] = standing_order("one", batch=batch)
        self.workers = [Host(self.stage, self.queues, rate=RATE) for _ in range(workers)]
        self.sent = 0

    async def send(self, *counts: int) -> None:
        """A message for each number of events."""
        for count in counts:
            events = tuple(refresh(number) for number in range(self.sent, self.sent + count))
            self.sent += count
            pair = Pair(ONE, tuple(range(count)))
            await self.queues.send_deliveries(DeliveryBatch(ENVIRONMENT, events, (pair,)))

    async def work(self, seconds: float) -> None:
        """Have all workers work."""
        await asyncio.gather(*(worker.run(seconds) for worker in self.workers))

    @property
    def calls(self) -> list[float]:
        """When the flow was called."""
        return self.flows.began[callback("one")]

    @property
    def got(self) -> list[str]:
        """The events that it took, in order."""
        return [event for event, _ in self.flows.answered[callback("one")]]


def busiest_second(calls: list[float]) -> int:
    """The most calls that began within any second."""
    return max(sum(1 for other in calls if began <= other < began + 1) for began in calls)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("counts", MIXES.values(), ids=MIXES.keys())
def test_no_second_holds_much_more_than_the_rate_and_every_event_arrives_once(
    counts: tuple[int, ...], workers: int
) -> None:
    """A worker that knows of no other lets one second's calls through before it asks."""

    async def story() -> Town:
        town = Town(workers)
        await town.send(*counts)
        await town.work(120)
        return town

    town = in_virtual_time(story())
    assert Counter(town.got) == {refresh(number).id: 1 for number in range(sum(counts))}
    assert busiest_second(town.calls) <= RATE * (workers + 1)
    assert max(town.calls) < 2 * sum(counts) / RATE


def test_the_events_of_a_message_go_out_in_order_at_the_rate() -> None:
    async def story() -> Town:
        town = Town(1)
        await town.send(100)
        await town.work(60)
        return town

    town = in_virtual_time(story())
    assert town.got == [refresh(number).id for number in range(100)]
    assert min(after - before for before, after in pairwise(town.calls)) >= 1 / RATE - 0.001


def test_what_had_to_wait_takes_its_slots_only_once() -> None:
    """The slots end where the last event goes out, however often a pair was put off."""

    async def story() -> tuple[Town, float]:
        town = Town(1)
        await town.send(*[30] * 10)
        await town.work(1)
        until = town.stage.subscriptions.rows[ONE].health.next_slot_at
        await town.work(120)
        assert town.stage.subscriptions.rows[ONE].health.next_slot_at == until
        return town, max(town.calls)

    town, last = in_virtual_time(story())
    assert len(town.got) == 300
    assert last == pytest.approx(300 / RATE, abs=3)


def test_a_flow_that_is_called_seldom_costs_no_slot() -> None:
    async def story() -> Town:
        town = Town(1)
        for _ in range(5):
            await town.send(RATE)
            await town.work(3)
        return town

    town = in_virtual_time(story())
    assert len(town.got) == 5 * RATE
    assert town.stage.subscriptions.rows[ONE].health.next_slot_at is None


def test_a_list_is_one_call() -> None:
    async def story() -> Town:
        town = Town(1, batch=True)
        await town.send(*[140] * 5)
        await town.work(10)
        return town

    town = in_virtual_time(story())
    assert (len(town.calls), len(town.got)) == (10, 700)
    assert max(town.calls) < 1.5
