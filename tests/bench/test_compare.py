"""Does a comparison find what got worse, and nothing else?"""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.compare import NOISE, compare, is_worse
from bench.results import Measured, Promised
from tests.bench.stand_ins import GOOD, of_calls, run_of

COUNTS = st.integers(0, 10**9)
RATIOS = st.floats(1e-6, 1e6)


def worse(before: Measured, now: Measured) -> list[str]:
    """What is worse."""
    return [one.says for one in compare(run_of(before), run_of(now)) if one.is_worse]


@given(COUNTS, COUNTS)
def test_a_count_may_not_grow(before: int, now: int) -> None:
    """One that shrank is told, and is not worse; the same is not told at all."""
    found = compare(run_of(of_calls(before)), run_of(of_calls(now)))
    assert [one.is_worse for one in found] == ([] if before == now else [now > before])


@given(RATIOS, RATIOS, st.booleans())
def test_a_ratio_may_be_worse_by_noise_only(before: float, now: float, more: bool) -> None:
    share = before / now if more else now / before
    if share != pytest.approx(NOISE):
        expected = share > NOISE
        assert bool(worse(of_calls(3, before, more=more), of_calls(3, now, more=more))) == expected


@pytest.mark.parametrize(("now", "said"), [(1.29, []), (1.31, ["slow by fast: 1.31, was 1"])])
def test_noise_is_three_tenths(now: float, said: list[str]) -> None:
    assert worse(of_calls(3, 1.0), of_calls(3, now)) == said


@given(RATIOS, RATIOS, st.booleans())
def test_a_ratio_turned_upside_down_is_judged_the_same(before: float, now: float, more: bool) -> None:
    share = before / now if more else now / before
    if share != pytest.approx(NOISE):
        upside_down = is_worse(1 / before, Promised("a", 1 / now, not more))
        assert is_worse(before, Promised("a", now, more)) == upside_down


@given(COUNTS, RATIOS, st.booleans())
def test_a_run_is_not_worse_than_itself(calls: int, ratio: float, more: bool) -> None:
    run = run_of(of_calls(calls, ratio, more=more))
    assert compare(run, run) == ()


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=5))
def test_times_are_not_compared(runs: list[float]) -> None:
    """They say more of the machine than of the app."""
    now = of_calls(3)
    slower = tuple(one if one.exact else replace(one, runs=tuple(runs)) for one in now.figures)
    assert compare(run_of(now), run_of(msgspec.structs.replace(now, figures=slower))) == ()


def test_a_count_that_is_no_longer_there_is_worse() -> None:
    """As is one that is no longer exact: a guard does not go away unseen."""
    now = of_calls(3)
    gone = msgspec.structs.replace(now, figures=now.figures[:2])
    inexact = msgspec.structs.replace(now, figures=(*now.figures[:2], replace(now.figures[2], exact=False)))
    assert worse(now, gone) == worse(now, inexact) == ["calls: it is no longer counted"]
    no_ratio = msgspec.structs.replace(now, ratios=())
    assert worse(now, no_ratio) == ["slow by fast: there is no such ratio any more"]


def test_what_this_machine_cannot_measure_is_not_worse() -> None:
    """A peer that is missing, or a whole part; but a part that broke is."""
    before = of_calls(3)
    unmeasured = msgspec.structs.replace(before.ratios[0], value=None)
    assert worse(before, msgspec.structs.replace(before, ratios=(unmeasured,))) == []
    assert worse(msgspec.structs.replace(before, ratios=(unmeasured,)), before) == []
    assert worse(before, Measured(GOOD.name, left_out="no Redis")) == []
    assert worse(before, Measured(GOOD.name, broke="of ours")) == ["not compared: of ours"]


def test_only_parts_of_both_runs_are_compared() -> None:
    other = msgspec.structs.replace(of_calls(9), part="new")
    (found,) = compare(run_of(of_calls(3)), run_of(other))
    assert (found.part, found.is_worse) == ("new", False)
