"""A crash at any write of any service: no event is lost or gets a second id, and a flow hears at most one batch twice.

The story (crash_story.py) goes through every service that writes.
"""

import random
from collections.abc import Iterator

import pytest

from shared.services import put_off
from tests.faults.crash_fuse import StoryFuse
from tests.faults.crash_host import in_silence
from tests.faults.crash_judge import Ending, faults_of, live_of, repeats_of
from tests.faults.crash_story import play
from tests.faults.profile import pick
from tests.services.virtual_time import in_virtual_time
from tests.tally import Tally

MODES = {
    "a-process-that-dies-before": (False, True),
    "a-process-that-dies-after": (True, True),
    "a-write-that-fails": (False, False),
    "a-write-whose-answer-is-lost": (True, False),
}
CHUNKS = pick(1, 4)
TRIED = pick(14, 100_000)  # of each mode; the story has about a thousand writes
PAIRS_TRIED = pick(8, 200)


@pytest.fixture(autouse=True)
def _long_waits_in_one_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Days in steps of a quarter of an hour would be thousands of writes of the same kind to crash at."""
    monkeypatch.setattr(put_off, "STEP_SECONDS", 7 * 24 * 3600)
    with in_silence():
        yield


def ending_of(fuse: StoryFuse) -> Ending:
    """What is left of the story."""
    played = in_virtual_time(play(fuse))
    stage = played.stage
    return Ending(
        history=played.history.entries,
        feed=played.feed,
        died=played.died,
        polled=played.polled,
        live=live_of(stage.subscriptions.rows.values()),
        jobs=len(stage.actions.started),
        writes=played.host.fuse.writes,
    )


def judge(fuse: StoryFuse, whole: Ending, tally: Tally) -> None:
    """Play with crashes, and compare."""
    ending = ending_of(fuse)
    assert fuse.blown
    tally.add()
    if len(fuse.at) == 1:
        tally.figure("events that flows took twice after one crash, at most", repeats_of(ending, whole).total())
    faults = faults_of(ending, whole, died=fuse.lasting, after=fuse.after)
    where = f"{'after' if fuse.after else 'before'} write {sorted(fuse.at)}, lasting: {fuse.lasting}"
    assert not faults, f"with a crash {where}: {faults}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("mode", MODES)
def test_a_crash_at_any_write_loses_nothing_and_repeats_one_batch_at_most(mode: str, chunk: int, tally: Tally) -> None:
    whole = ending_of(StoryFuse())
    tally.figure("writes of the story", whole.writes)
    after, lasting = MODES[mode]
    writes = random.Random(mode).sample(range(1, whole.writes + 1), min(TRIED, whole.writes))  # noqa: S311
    for write in writes[chunk::CHUNKS]:
        judge(StoryFuse(frozenset({write}), after=after, lasting=lasting), whole, tally)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_two_crashes_lose_nothing_either(chunk: int, tally: Tally) -> None:
    """The second is often close to the first, and always within the story."""
    whole = ending_of(StoryFuse())
    chance = random.Random(chunk)  # noqa: S311
    both = 0
    for _ in range(PAIRS_TRIED // CHUNKS):
        first = chance.randint(1, whole.writes - 1)
        second = chance.randint(first + 1, min(whole.writes, first + chance.choice((5, whole.writes))))
        fuse = StoryFuse(frozenset({first, second}), chance.random() < 0.5, chance.random() < 0.5)
        judge(fuse, whole, tally)
        both += fuse.blown == 2
    assert both >= 0.9 * (PAIRS_TRIED // CHUNKS), "after the first crash, the story was over too soon"


def test_the_story_has_what_it_should() -> None:
    """Retries, refusals, a breaker, the dead and those that come back: else a crash there would show nothing."""
    whole = ending_of(StoryFuse())
    assert whole.writes > 800
    assert {flow for flow, _ in whole.died} == {"off", "leaver", "caller-back", "nameless"}
    assert {flow for flow, _ in whole.runs} >= {"steady", "late", "sick", "busy", "refuser", "saver", "ended", "other"}
    assert set(whole.live.values()) == {1}
    assert not whole.live.keys() & {"off", "gone", "leaver", "caller-back", "nameless"}
    assert (whole.jobs, len(whole.feed), len(whole.polled)) == (2, 20, 2)
    assert not faults_of(whole, whole)
