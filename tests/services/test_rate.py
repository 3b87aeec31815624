"""What the rate limit promises: no flow is called more often than it takes, and each event arrives. In virtual time."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import NumberedEvent
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.replay_subscription import replay_subscription
from tests.factories import ENVIRONMENT, START
from tests.services.hosting import Host, TimedFlows, TimedQueues
from tests.services.stage import MAKER, Stage, callback, standing_order
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
        self.workers = [self._worker() for _ in range(workers)]
        self.sent = 0
        self.new: dict[str, float] = {}

    def _worker(self) -> Host:
        return Host(self.stage, self.queues, rate=RATE)

    def restart(self) -> None:
        """Workers that remember nothing."""
        self.workers = [self._worker() for _ in self.workers]

    async def send(self, *counts: int, patient: bool = False) -> None:
        """A message for each number of events."""
        for count in counts:
            batch = self._batch(count)
            if patient:
                await self.queues.send_redeliveries(batch, delay_seconds=0)
            else:
                await self.queues.send_deliveries(batch)

    def hand_to(self, worker: Host, count: int) -> asyncio.Task[object]:
        """A message that this worker takes at once."""
        turn = deliver(worker.ports, self._batch(count), Pace(RATE))
        return asyncio.get_running_loop().create_task(turn)

    def _batch(self, count: int) -> DeliveryBatch:
        events = tuple(refresh(number) for number in range(self.sent, self.sent + count))
        self.sent += count
        return DeliveryBatch(ENVIRONMENT, events, (Pair(ONE, tuple(range(count))),))

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


@pytest.mark.parametrize("patient", [False, True])
def test_slots_end_where_the_last_event_goes_out_however_often_its_message_was_put_off(patient: bool) -> None:
    async def story() -> Town:
        town = Town(1)
        await town.send(*[30] * 10, patient=patient)
        await town.work(120)
        return town

    town = in_virtual_time(story())
    until = town.stage.subscriptions.rows[ONE].health.next_slot_at
    assert len(town.got) == 300
    assert max(town.calls) == pytest.approx(300 / RATE, abs=3)
    assert until is not None
    assert (until - START).total_seconds() == pytest.approx(max(town.calls), abs=1)


def test_a_flow_that_is_called_seldom_costs_no_slot() -> None:
    """A second's calls every ten seconds."""

    async def story() -> Town:
        town = Town(1)
        for _ in range(5):
            await town.send(RATE)
            await town.work(10)
        return town

    town = in_virtual_time(story())
    assert len(town.got) == 5 * RATE
    assert town.stage.subscriptions.rows[ONE].health.next_slot_at is None


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(("events", "every"), [(8, 1), (1, 0.05), (5, 0.25), (10, 0.5)])
def test_a_load_that_goes_on_and_on_gets_the_rate_whatever_the_number_of_workers(
    events: int, every: float, workers: int
) -> None:
    """Each worker has a message of its own every so many seconds; alone, a call a second more for each at most."""

    async def story() -> Town:
        town = Town(workers)
        under_way = []
        while asyncio.get_running_loop().time() < 60:
            under_way += [town.hand_to(worker, events) for worker in town.workers]
            await asyncio.gather(asyncio.sleep(every), town.work(every))
        await asyncio.gather(*under_way)
        return town

    calls = in_virtual_time(story()).calls
    assert sum(3 <= began < 60 for began in calls) / 57 <= RATE + workers
    assert busiest_second([began for began in calls if began >= 6]) <= 2 * RATE
    assert busiest_second(calls) <= RATE * (workers + 1)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_new_event_does_not_wait_for_the_thousands_that_are_sent_again(workers: int) -> None:
    async def story() -> Town:
        town = Town(workers)
        town.sent = 3000
        await town.stage.log.append(ENVIRONMENT, [NumberedEvent(place + 1, refresh(place)) for place in range(3000)])
        ports = replace(town.stage.ports, queues=town.queues)
        await replay_subscription(ports, ONE, MAKER, since=START, until=START + timedelta(days=9))
        for place in range(8):
            await town.work(13.7)
            town.new[refresh(3000 + place).id] = asyncio.get_running_loop().time()
            await town.send(1)
        await town.work(300)
        return town

    town = in_virtual_time(story())
    answered = dict(town.flows.answered[callback("one")])
    assert len(answered) == len(town.got) == 3008
    assert max(answered[event] - sent_at for event, sent_at in town.new.items()) < 20
    assert max(town.calls) == pytest.approx(3008 / RATE, rel=0.1)


@pytest.mark.parametrize("workers", [1, 3])
def test_slots_that_passed_while_the_app_stood_still_are_not_used_all_at_once(workers: int) -> None:
    async def story() -> Town:
        town = Town(workers)
        await town.send(3000)
        await town.work(8)
        assert 50 < len(town.calls) < 150
        await asyncio.sleep(600)
        town.restart()
        await town.work(400)
        return town

    town = in_virtual_time(story())
    assert Counter(town.got) == {refresh(number).id: 1 for number in range(3000)}
    assert busiest_second([began for began in town.calls if began > 600]) <= 2 * RATE


def test_a_list_is_one_call() -> None:
    async def story() -> Town:
        town = Town(1, batch=True)
        await town.send(*[140] * 5)
        await town.work(10)
        return town

    town = in_virtual_time(story())
    assert (len(town.calls), len(town.got)) == (10, 700)
    assert max(town.calls) < 1.5
