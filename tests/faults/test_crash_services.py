"""A crash at any write of any service: no event is lost or gets a second id, and a flow hears at most one batch twice.

The story (crash_story.py) goes through every service that writes.
"""

import inspect
import random
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import FrameType

import pytest

from shared.services import put_off
from tests.faults.crash_judge import Ending, faults_of, live_of, repeats_of
from tests.faults.crash_story import Played, play
from tests.faults.profile import pick
from tests.services.faults import Fuse
from tests.tally import Tally

MODES = {
    "a-process-that-dies-before": {"after": False, "lasting": True},
    "a-process-that-dies-after": {"after": True, "lasting": True},
    "a-write-that-fails": {"after": False, "lasting": False},
    "a-write-whose-answer-is-lost": {"after": True, "lasting": False},
}
CHUNKS = pick(1, 4)
TRIED = pick(30, 100_000)  # of each mode; the story has about a thousand writes
PAIRS_TRIED = pick(20, 400)


@pytest.fixture(autouse=True)
def _long_waits_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days in steps of a quarter of an hour would be thousands of writes of the same kind to crash at."""
    monkeypatch.setattr(put_off, "STEP_SECONDS", 7 * 24 * 3600)


def ending_of(played: Played) -> Ending:
    stage = played.stage
    return Ending(
        history=played.history.entries,
        feed=played.feed,
        died=played.died,
        polled=played.polled,
        live=live_of(stage.subscriptions.rows.values()),
        jobs=len(stage.actions.started),
        writes=played.host.fuse.writes,
        commits=played.commits,
    )


async def without_crashes() -> Ending:
    return ending_of(await play(Fuse()))
