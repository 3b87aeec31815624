"""After a rest one worker tries the flow: who may, and what is kept of that."""

from dataclasses import replace
from datetime import timedelta

from shared.domain.health import PROBE_LOOK, begin_probe
from shared.domain.subscriptions import Health
from shared.ports import Queue
from shared.services.admit_pair import admit_pair
from tests.services.delivering import PACE, batch_for, identity
from tests.services.stage import Stage, standing_order

MINUTE = timedelta(minutes=1)


async def admitted(stage: Stage, health: Health, kept: Health | None) -> bool:
    """Whether a pair of a subscription with that health may go out, when another is kept by now."""
    order = replace(standing_order("one"), health=health)
    if kept is not None:
        await stage.subscriptions.save(replace(order, health=kept))
    batch = batch_for("one")
    pair = replace(batch.pairs[0], slot_at=stage.now)
    goes = await admit_pair(stage.ports, batch, pair, order, PACE, calls=4) is not None
    bodies = [body for body, _ in stage.queues.messages[Queue.REDELIVERIES]]
    assert [one.slot_at for body in bodies for one in (await stage.queues.read_deliveries(body)).pairs] in ([], [None])
    return goes


def delays(stage: Stage) -> list[int]:
    return [delay for _, delay in stage.queues.messages[Queue.REDELIVERIES]]


async def test_who_comes_first_after_a_rest_tries(stage: Stage) -> None:
    rested = Health(failures=5, open_until=stage.now - MINUTE)
    assert await admitted(stage, rested, rested)
    kept = stage.subscriptions.rows[identity("one")]
    assert kept == begin_probe(replace(kept, health=rested), stage.now)
    assert kept.health != rested
    assert delays(stage) == []


async def test_while_another_tries_the_events_wait(stage: Stage) -> None:
    rested = Health(failures=5, open_until=stage.now - MINUTE)
    tried = begin_probe(replace(standing_order("one"), health=rested), stage.now).health
    stage.wait(seconds=1)
    assert not await admitted(stage, rested, tried)
    assert stage.subscriptions.rows[identity("one")].health == tried
    assert len(delays(stage)) == 1
    assert delays(stage)[0] >= PROBE_LOOK.total_seconds()


async def test_a_flow_that_is_well_by_now_needs_no_trial(stage: Stage) -> None:
    rested = Health(failures=5, open_until=stage.now - MINUTE)
    assert await admitted(stage, rested, Health(delivered=1))
    assert stage.subscriptions.rows[identity("one")].health == Health(delivered=1)


async def test_what_is_gone_by_now_is_not_tried(stage: Stage) -> None:
    rested = Health(failures=5, open_until=stage.now - MINUTE)
    assert not await admitted(stage, rested, None)
    assert len(delays(stage)) == 1
