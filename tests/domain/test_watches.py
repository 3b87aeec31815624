"""The index of watches: rules with one meaning are one, and a move finds its crossings without a scan."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.watches import Direction, Series, SeriesWatches, ThresholdWatch, change_percent
from tests.factories import overdue_after, threshold, watching

SERIES = Series("segments", "Loyal")
NUMBERS = st.integers(-6, 6).map(Decimal) | st.sampled_from([Decimal("0.5"), Decimal("-0.5"), Decimal("2.50")])
WATCHES = st.builds(
    ThresholdWatch,
    series=st.just(SERIES),
    threshold=NUMBERS,
    direction=st.sampled_from(list(Direction)),
    rearm_at=st.none() | NUMBERS,
    percent=st.booleans(),
)


def _naively(watch: ThresholdWatch, previous: Decimal, value: Decimal) -> set[Direction]:
    """The sides that a move crosses, straight from the words of the rule."""
    if watch.percent:
        change = change_percent(previous, value)
        big = change is None or abs(change) > watch.threshold
        rose, fell = big and value > previous, big and value < previous
    else:
        rose, fell = previous <= watch.threshold < value, previous >= watch.threshold > value
    found = {Direction.ABOVE} if rose else {Direction.BELOW} if fell else set()
    return found if watch.direction is Direction.BOTH else found & {watch.direction}


@given(st.lists(WATCHES, max_size=30), NUMBERS, NUMBERS)
def test_crossings_by_index_are_those_of_a_scan_over_all_watches(
    watches: list[ThresholdWatch], previous: Decimal, value: Decimal
) -> None:
    index = SeriesWatches.of(watches)
    found = list(index.crossed(previous, value))
    scanned = {(watch.id, side) for watch in watches for side in _naively(watch, previous, value)}
    assert {(watch.id, side) for watch, side in found} == scanned
    assert len(found) == len(scanned)


@given(st.lists(WATCHES, max_size=30), NUMBERS, NUMBERS)
def test_levels_are_met_in_the_order_of_the_move(
    watches: list[ThresholdWatch], previous: Decimal, value: Decimal
) -> None:
    met = [watch.threshold for watch, _ in SeriesWatches.of(watches).crossed(previous, value) if not watch.percent]
    assert met == sorted(met, reverse=value < previous)


class _Counting(Decimal):
    """A number that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: object) -> bool:
        _Counting.compared += 1
        return Decimal.__lt__(self, other)  # type: ignore[operator]

    def __gt__(self, other: object) -> bool:
        _Counting.compared += 1
        return Decimal.__gt__(self, other)  # type: ignore[operator]


def test_a_move_among_very_many_watches_costs_a_binary_search() -> None:
    index = SeriesWatches.of([threshold(n, Direction.BOTH) for n in range(20_000)])
    _Counting.compared = 0
    found = list(index.crossed(_Counting(10_000), _Counting(10_003)))
    assert [watch.threshold for watch, _ in found] == [10_000, 10_001, 10_002]
    assert 0 < _Counting.compared < 100


def test_equal_rules_have_equal_ids() -> None:
    assert threshold("1").id == threshold("1.0").id == threshold("1E0").id
    assert threshold(100, rearm_at="80").id == threshold(100, rearm_at="80.00").id
    assert overdue_after(24).id == overdue_after(24.0).id


@pytest.mark.parametrize(
    "other",
    [
        threshold(101),
        threshold(100, Direction.BELOW),
        threshold(100, Direction.BOTH),
        threshold(100, rearm_at=80),
        threshold(100, percent=True),
        threshold(100, series=Series("segments", "Other")),
        threshold(100, series=Series("measures", "Loyal", "")),
    ],
)
def test_rules_that_differ_have_different_ids(other: ThresholdWatch) -> None:
    assert other.id != threshold(100).id


def test_thresholds_of_30_digits_are_told_apart() -> None:
    assert threshold("1" * 30).id != threshold("1" * 29 + "2").id


def test_freshness_rules_that_differ_have_different_ids() -> None:
    assert len({overdue_after(1).id, overdue_after(2).id, overdue_after(1, "a").id, overdue_after(1, "b").id}) == 4


@given(st.lists(st.tuples(st.text("ab=", max_size=3), st.text("ab=", max_size=3)), max_size=2), st.data())
def test_two_series_never_share_a_key(dimensions: list[tuple[str, str]], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.tuples(st.text("ab=", max_size=3), st.text("ab=", max_size=3)), max_size=2))
    one = Series("measures", "m", "a", tuple(sorted(dimensions)))
    two = Series("measures", "m", "a", tuple(sorted(other)))
    assert (one.key == two.key) == (one == two)


def test_dimension_values_with_an_equals_sign_do_not_run_together() -> None:
    assert Series("measures", "m", "a", (("x", "y=z"),)).key != Series("measures", "m", "a", (("x=y", "z"),)).key


def test_the_count_is_of_distinct_rules() -> None:
    rules = watching(threshold(1), threshold("1.0"), threshold(2), overdue_after(1), overdue_after(1))
    assert rules.count == 3


def test_the_measures_that_are_watched_are_named_once() -> None:
    revenue = [threshold(n, series=Series("measures", "Revenue", alias)) for n, alias in ((1, "a"), (2, "b"))]
    assert watching(*revenue, threshold(5)).measure_names == ["Revenue"]
