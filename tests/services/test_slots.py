"""A limited flow: which calls go at once, which wait for their slot, and which come back for it?"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.deliveries import Pair
from shared.domain.subscriptions import Health
from shared.ports import Queue
from shared.services.admit_pair import LONGEST_SLEEP, Pace, admit_pair
from shared.services.serve_subscription import Served, _Turn
from tests.factories import START
from tests.services.delivering import batch_for
from tests.services.stage import Stage, standing_order

SECOND = timedelta(seconds=1)
LIMITED, PATIENT = Pace(rate=10), Pace(rate=10, patient=True)
ORDER = standing_order("one")


def busy_until(moment: datetime) -> Health:
    """A flow whose slots are taken until then."""
    return Health(next_slot_at=moment)


async def admitted(
    stage: Stage, pace: Pace, *, calls: int = 4, health: Health | None = None, slot_at: datetime | None = None
) -> datetime | None:
    """When the first call may go out; None: the pair was put off."""
    order = replace(ORDER, health=health or Health())
    await stage.subscriptions.save(order)
    batch = batch_for("one")
    pair = replace(batch.pairs[0], slot_at=slot_at)
    return await admit_pair(stage.ports, batch, pair, order, pace, calls=calls)


async def waiting(stage: Stage) -> list[tuple[Pair, int]]:
    """What was put off, and for how long."""
    found = stage.queues.messages[Queue.REDELIVERIES]
    return [(pair, delay) for body, delay in found for pair in (await stage.queues.read_deliveries(body)).pairs]


def slots_until(stage: Stage) -> datetime | None:
    return stage.subscriptions.rows[ORDER.id].health.next_slot_at


@pytest.mark.parametrize(("ago", "has_slot"), [(LONGEST_SLEEP, True), (LONGEST_SLEEP + SECOND, False)])
async def test_a_slot_counts_until_ten_seconds_after_its_time(ago: timedelta, has_slot: bool) -> None:
    """Or before it: what is farther off is nobody's any more."""
    for slot_at in (START - ago, START + ago):
        fresh = Stage()
        first = await admitted(fresh, PATIENT, health=busy_until(START + 5 * SECOND), slot_at=slot_at)
        assert (first == START, slots_until(fresh) == START + 5 * SECOND) == (has_slot, has_slot)


@pytest.mark.parametrize(("calls", "slots"), [(10, True), (11, False)])
async def test_a_second_of_calls_takes_slots_at_once_and_more_come_back_first(
    stage: Stage, calls: int, slots: bool
) -> None:
    busy = START + SECOND
    first = await admitted(stage, LIMITED, calls=calls, health=busy_until(busy))
    assert (first, slots_until(stage)) == ((busy, busy + SECOND) if slots else (None, busy))
    assert len(await waiting(stage)) == (0 if slots else 1)


@pytest.mark.parametrize(("ahead", "sleeps"), [(1.0, True), (1.5, False)])
async def test_a_slot_within_a_second_is_waited_for_and_a_later_one_is_come_back_for(
    stage: Stage, ahead: float, sleeps: bool
) -> None:
    slot = START + ahead * SECOND
    assert await admitted(stage, LIMITED, health=busy_until(slot)) == (slot if sleeps else None)
    batch_pair = Pair(ORDER.id, (0, 1, 2, 3), since=START, slot_at=slot)
    assert await waiting(stage) == ([] if sleeps else [(batch_pair, 2)])


@pytest.mark.parametrize(("pace", "ahead", "takes"), [(PATIENT, 10, True), (PATIENT, 11, False), (LIMITED, 11, True)])
async def test_whoever_is_patient_takes_no_slot_that_is_far_ahead(
    stage: Stage, pace: Pace, ahead: int, takes: bool
) -> None:
    slot, old = START + ahead * SECOND, START - 60 * SECOND
    assert await admitted(stage, pace, health=busy_until(slot), slot_at=old) is None
    assert slots_until(stage) == (slot + 0.4 * SECOND if takes else slot)
    ((pair, _),) = await waiting(stage)
    assert pair.slot_at == (slot if takes else None)


async def test_of_one_that_is_gone_no_slot_is_taken(stage: Stage) -> None:
    batch = batch_for("one")
    order = replace(ORDER, health=busy_until(START + SECOND))
    assert await admit_pair(stage.ports, batch, batch.pairs[0], order, LIMITED, calls=4) is None
    assert [pair for pair, _ in await waiting(stage)] == [Pair(ORDER.id, (0, 1, 2, 3), since=START)]


@pytest.mark.parametrize(
    ("left", "slept"), [(-1.0, []), (0.5, [0.5]), (10.0, [10.0]), (10.001, [])], ids=["past", "near", "last", "far"]
)
async def test_a_call_sleeps_until_its_slot_unless_the_clock_was_set_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, left: float, slept: list[float]
) -> None:
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    turn = _Turn(stage.ports, batch_for("one"), ORDER, LIMITED, 1, Served())
    await turn._until(stage.now + timedelta(seconds=left))
    assert found == slept


@pytest.mark.parametrize("health", [Health(open_until=START + 100 * SECOND), Health(failures=1, open_until=START)])
async def test_what_waits_for_a_rest_or_for_anothers_trial_keeps_no_slot(stage: Stage, health: Health) -> None:
    tried = replace(health, probe_until=START + SECOND)
    assert await admitted(stage, LIMITED, health=tried, slot_at=START) is None
    assert [pair for pair, _ in await waiting(stage)] == [Pair(ORDER.id, (0, 1, 2, 3), since=START)]


async def test_a_few_calls_need_no_slots_and_are_counted_for_their_flow(stage: Stage) -> None:
    assert await admitted(stage, LIMITED) == START
    assert slots_until(stage) is None
    assert stage.windows.of(ORDER.id).spent_until == START + 4 * SECOND
