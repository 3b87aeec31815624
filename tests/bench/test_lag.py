"""Is the time of a delivery told whole, and in the right parts?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Bench
from bench.lag import PART
from bench.lag_parts import FUNCTIONS, PARTS, Moment, moments, parts, percentile
from bench.processes import can_tell

needs_proc = pytest.mark.skipif(not can_tell(), reason="the storage emulator is found in /proc")
LOG = """\
2026-11-21 03:41:43,511 INFO    local.host.runner: Executing 'Functions.poll' (Reason='New queue message', Id=505a)
2026-11-21 03:41:43,546 INFO    functions.polling: Environment 5b1c: 20 events
2026-11-21 03:41:43,546 INFO    local.host.runner: Executed 'Functions.poll' (Succeeded, Id=505a, Duration=35ms)
"""


@needs_proc
def test_every_flow_hears_of_every_change_once(tmp_path: Path) -> None:
    figures = {one.name: one for one in PART.run(Bench(tmp_path, 1, quick=True, tell=lambda _: None))}
    assert figures["under load: p50"].note == "of 100 deliveries"
    for when in ("at rest", "under load"):
        ordered = [figures[f"{when}: {share}"].value for share in ("p50", "p95", "p99")]
        assert ordered == sorted(ordered)
    assert {f"at rest: {name}" for name in PARTS} < set(figures)


def test_the_log_of_the_host_is_read_in_utc() -> None:
    began = datetime(2026, 11, 21, 3, 41, 43, 511_000, tzinfo=UTC).timestamp()
    found = list(moments(LOG))
    assert [(run.function, run.is_end) for run in found] == [("poll", False), ("poll", True)]
    assert [run.at - began for run in found] == pytest.approx([0.0, 0.035], abs=1e-6)


def runs_of(gaps: Sequence[float], lasted: Sequence[float]) -> tuple[list[Moment], float]:
    """A log in which each function began some time after the one before; and when the call came."""
    *starts, came_at = accumulate(gaps, initial=1000.0)
    begun = list(zip(FUNCTIONS, starts[1:], lasted, strict=True))
    found = [Moment(at, name, is_end=False) for name, at, _ in begun]
    return found + [Moment(at + seconds, name, is_end=True) for name, at, seconds in begun], came_at


TIMES = st.floats(0, 100)


@given(st.lists(TIMES, min_size=4, max_size=4), st.lists(TIMES, min_size=3, max_size=3))
def test_the_parts_are_the_whole_and_none_is_less_than_nothing(gaps: list[float], lasted: list[float]) -> None:
    """Also where a run goes on after it has handed on."""
    runs, came_at = runs_of(gaps, lasted)
    found = parts(runs, 1000.0, came_at)
    assert tuple(found) == PARTS
    assert min(found.values()) >= 0
    assert sum(found.values()) == pytest.approx(came_at - 1000.0, abs=1e-6)


def test_a_wait_ends_where_the_next_function_begins() -> None:
    runs, came_at = runs_of([1.0, 2.0, 4.0, 0.25], [0.5, 8.0, 0.5])
    assert list(parts(runs, 1000.0, came_at).values()) == [1.0, 0.5, 1.5, 4.0, 0.0, 0.25]


def test_what_ran_before_the_change_is_not_its_own() -> None:
    runs, came_at = runs_of([1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 0.5])
    earlier = [Moment(run.at - 500, run.function, run.is_end) for run in runs]
    assert parts([*earlier, *runs], 1000.0, came_at) == parts(runs, 1000.0, came_at)
    with pytest.raises(LookupError, match="no poll"):
        parts(earlier, 1000.0, came_at)


@given(st.lists(TIMES, min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_enough_are_no_higher(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert percentile(values, 1.0) == max(values)
