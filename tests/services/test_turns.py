"""A flow that has no room for a call keeps nobody waiting: its events come back in a while, without their slot."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.deliveries import Pair
from shared.ports import Queue
from shared.services import serve_subscription as module
from shared.services.deliver import deliver
from tests.services.awkward import Bug
from tests.services.delivering import PACE, batch_for, called, identity, order_for
from tests.services.stage import Stage


async def delivered(stage: Stage) -> tuple[dict[str, int], Pair, int]:
    """What became of a pair that has a slot: the counts, and what waits for how long."""
    batch = batch_for("one", count=2)
    pair = replace(batch.pairs[0], slot_at=stage.now)
    ports = replace(stage.ports, jitter=lambda: 0.5)
    counts = await deliver(ports, replace(batch, pairs=(pair,)), PACE)
    ((body, delay),) = stage.queues.messages[Queue.REDELIVERIES]
    (waiting,) = (await stage.queues.read_deliveries(body)).pairs
    return dict(counts), waiting, delay


@pytest.mark.parametrize(("is_slow", "delay"), [(True, 15), (False, 2)], ids=["slow", "busy"])
async def test_where_all_calls_are_under_way_the_events_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, is_slow: bool, delay: int
) -> None:
    """In ten seconds if the flow is slow, in one if it is only busy, and a little later by chance."""
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0)
    await order_for(stage, "one")
    window = stage.windows.of(identity("one"))
    assert window.try_enter(stage.now)
    window.closed_until = stage.now - timedelta(seconds=1)  # a rest that is over says nothing more
    window.is_slow = is_slow
    assert await delivered(stage) == ({"postponed": 2}, Pair(identity("one"), (0, 1), since=stage.now), delay)
    assert called(stage, "one") == []


async def test_where_the_flow_wants_a_rest_they_come_back_after_it(stage: Stage) -> None:
    await order_for(stage, "one")
    stage.windows.of(identity("one")).rest_until(stage.now + timedelta(seconds=100), stage.now)
    assert await delivered(stage) == ({"postponed": 2}, Pair(identity("one"), (0, 1), since=stage.now), 105)


async def test_after_a_fault_of_ours_they_come_back_as_a_second_attempt(stage: Stage) -> None:
    await order_for(stage, "one", Bug())
    again = Pair(identity("one"), (0, 1), attempt=2, since=stage.now)
    assert await delivered(stage) == ({"fault": 2}, again, 5)
