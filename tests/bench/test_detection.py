"""How much does detection look at? Counts that are the same on every machine."""

import asyncio
from decimal import Decimal
from math import log2

import pytest

from bench.answers import client, look
from bench.detection_run import comparisons, ladder, one_crossing
from bench.made_up import EVALUATIONS, MadeUp, environment_of
from shared.domain.checkpoint import Checkpoint
from shared.domain.detection import detect
from shared.domain.snapshot import Snapshot
from shared.domain.watches import Watches

SIZE = environment_of(50, changed=50)


@pytest.mark.parametrize("count", [1_000, 16_384])
def test_a_value_is_compared_with_few_of_the_thresholds_on_its_segment(count: int) -> None:
    """A search for each end of the move, whatever its direction."""
    low, high = one_crossing(count)
    for move in ((low, high), (high, low)):
        assert comparisons(ladder(count), move) <= 2 * (log2(count) + 1) + 2


def test_a_value_that_stays_is_compared_with_no_threshold() -> None:
    (series,) = ladder(1_000).series.values()
    assert list(series.crossed(Decimal(500), Decimal(500))) == []


def _look(made: MadeUp, before: Checkpoint | None, *, grown: bool = False) -> Snapshot:
    return asyncio.run(look(client(lambda name: made.answer(name, grown=grown)), before))


def test_only_evaluations_that_were_not_judged_yet_are_translated() -> None:
    """All at first, none when nothing is new, and of each segment the new one."""
    made = MadeUp(SIZE)
    first = _look(made, None)
    before = detect(None, first, Watches()).checkpoint
    for snapshot, each in ((first, EVALUATIONS), (_look(made, before), 0), (_look(made, before, grown=True), 1)):
        assert snapshot.segments is not None
        assert {len(segment.evaluations) for segment in snapshot.segments} == {each}
