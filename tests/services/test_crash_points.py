"""A crash at any write, before or after it: no event is lost, none gets a second id, the feed stays whole.

A flow may be called twice for one event, with one id; it is never left out.
"""

from collections import deque
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.deliveries import Answer
from shared.domain.snapshot import Job
from shared.domain.subscriptions import Trigger
from shared.errors import DeliveryFailed
from shared.services import put_off
from tests.factories import ENVIRONMENT, job, segment, task, threshold
from tests.services.faults import Fuse, fused
from tests.services.pump import Pump
from tests.services.stage import Stage, callback, failed_refresh, standing_order
from tests.tally import Tally

SETTLING_POLLS = 6
REFUSING = ("off", "gone")


@dataclass(frozen=True)
class Ending:
    """What is left of a story: who was called about what, the feed by fact, and what was given up."""

    called: set[tuple[str, str]]
    feed: list[str]
    dead: set[str]
    writes: int

    @property
    def started(self) -> set[tuple[str, str]]:
        """Which flows took which events."""
        refusing = [callback(name) for name in REFUSING]
        return {(url, event_id) for url, event_id in self.called if url not in refusing}


@pytest.fixture(autouse=True)
def _long_waits_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three days in steps of a quarter of an hour would be a thousand writes of the same kind to crash at."""
    monkeypatch.setattr(put_off, "STEP_SECONDS", 7 * 24 * 3600)


def _refresh_and_unification() -> Job:
    stages = [task(stage, operation=stage, start=2, end=3) for stage in ("map", "match", "merge")]
    return job("job-all", "successful", task("Customers", start=2, end=3), *stages, start=2, end=4)


def _show(stage: Stage, chapter: int) -> None:
    """The story: a failed source, a full refresh with a unification, a segment that grows, a second failure."""
    failed, full = failed_refresh(), _refresh_and_unification()
    again = failed_refresh("Orders", job_id="job-again", start=5)
    stage.insights.listed = ((), (failed,), (full, failed), (again, full, failed))[chapter]
    stage.insights.segment_list = (segment(*((0, 90), (3, 110), (6, 130))[: max(1, chapter)]),)


async def _subscribe(stage: Stage) -> None:
    """Five flows that work, one that answers at the second attempt, one that is off and one that is gone."""
    triggers = (
        Trigger.REFRESH_FAILED,
        Trigger.REFRESH_SUCCEEDED,
        Trigger.FULL_REFRESH_COMPLETED,
        Trigger.UNIFICATION_COMPLETED,
        Trigger.PROCESS_ENDED,
    )
    for trigger in triggers:
        await stage.subscriptions.save(standing_order(trigger, trigger))
    await stage.subscriptions.save(standing_order("grown", Trigger.SEGMENT_CROSSED, threshold=threshold(100)))
    for name in ("late", "off", "gone"):
        await stage.subscriptions.save(standing_order(name))
    stage.flows.answers = {
        callback("late"): deque([DeliveryFailed(reason="timeout"), Answer(503)]),
        callback("off"): deque([Answer(400, "WorkflowTriggerIsNotEnabled")] * 200),
        callback("gone"): deque([Answer(404)] * 200),
    }


async def _play(fuse: Fuse) -> Ending:
    stage = Stage()
    _show(stage, 0)
    await _subscribe(stage)
    await stage.poll()  # the baseline: what a crash before it delays is no event
    stage.wait(minutes=1)
    pump = Pump(stage, fused(stage, fuse), fuse.restart)
    for chapter in (1, 2, 3, *[3] * SETTLING_POLLS):
        _show(stage, chapter)
        await pump.tick([ENVIRONMENT])
        stage.wait(minutes=1)
    assert stage.state.outbox == ()
    await pump.finish()
    return Ending(
        called={(url, event.id) for url, event in stage.flows.calls},
        feed=[f"{event.type} {event.subject} {event.id}" for event in await stage.logged()],
        dead=set(stage.dead.rows),
        writes=fuse.writes,
    )


async def _play_with_crashes(tally: Tally, *, after: bool, lasting: bool) -> None:
    undisturbed = await _play(Fuse())
    assert len(undisturbed.dead) == 3  # one of the flow that is gone, both of the one that is off
    assert len(undisturbed.feed) == len(set(undisturbed.feed)) > 10
    for write in range(1, undisturbed.writes + 1):
        ending = await _play(Fuse(frozenset({write}), after=after, lasting=lasting))
        tally.add()
        _compare(ending, undisturbed, f"write {write}")


def _compare(ending: Ending, undisturbed: Ending, where: str) -> None:
    """The same facts in the feed, once each; every flow that works has them; what was refused is kept."""
    assert sorted(ending.feed) == sorted(undisturbed.feed), f"the feed differs with a crash at {where}"
    assert ending.started == undisturbed.started, f"the flows differ with a crash at {where}"
    assert ending.dead >= undisturbed.dead, f"a dead delivery is missing with a crash at {where}"


async def test_a_process_that_dies_before_any_write_loses_nothing(tally: Tally) -> None:
    await _play_with_crashes(tally, after=False, lasting=True)


async def test_a_process_that_dies_after_any_write_loses_nothing(tally: Tally) -> None:
    await _play_with_crashes(tally, after=True, lasting=True)


async def test_any_write_that_fails_by_itself_loses_nothing(tally: Tally) -> None:
    """The process goes on with its other work."""
    await _play_with_crashes(tally, after=False, lasting=False)


async def test_any_write_that_succeeds_without_saying_so_loses_nothing(tally: Tally) -> None:
    """The connection broke after the service had done it."""
    await _play_with_crashes(tally, after=True, lasting=False)


@given(st.frozensets(st.integers(1, 120), min_size=2, max_size=4), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_several_crashes_lose_nothing_either(
    tally: Tally, writes: frozenset[int], after: bool, lasting: bool
) -> None:
    """The tally counts over all examples."""
    tally.add()
    _compare(await _play(Fuse(writes, after=after, lasting=lasting)), await _play(Fuse()), f"{sorted(writes)}")
