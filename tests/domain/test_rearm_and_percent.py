"""Thresholds that wait to be re-armed, and changes in percent."""

from decimal import Decimal

import pytest

from shared.domain.events import Event
from shared.domain.watches import Direction, ThresholdWatch, change_percent
from tests.factories import follow, found_after, segment, snapshot, threshold, watching

ABOVE, BELOW, BOTH = Direction.ABOVE, Direction.BELOW, Direction.BOTH


def _through(values: list[int], watch: ThresholdWatch) -> list[Event]:
    """What the watch says to these values, the first of which is the baseline."""
    looks = [snapshot(n * 10, segments=[segment((n * 10, value))]) for n, value in enumerate(values)]
    return found_after(*looks, watches=watching(watch))


def _values(values: list[int], watch: ThresholdWatch) -> list[tuple[object, object]]:
    return [(event.data["value"], event.data["direction"]) for event in _through(values, watch)]


def test_a_value_that_flutters_around_the_threshold_is_told_once_until_it_was_down_at_the_rearm_level() -> None:
    watch = threshold(100, ABOVE, rearm_at=80)
    assert _values([90, 101, 99, 102, 81, 103, 80, 104], watch) == [(101, "above"), (104, "above")]


def test_a_fall_waits_until_the_value_was_up_at_the_rearm_level() -> None:
    watch = threshold(100, BELOW, rearm_at=120)
    assert _values([110, 99, 101, 98, 119, 97, 120, 96], watch) == [(99, "below"), (96, "below")]


def test_with_both_directions_the_distance_counts_on_either_side() -> None:
    watch = threshold(100, BOTH, rearm_at=90)
    told = _values([95, 105, 95, 105, 90, 105, 110, 95], watch)
    assert told == [(105, "above"), (95, "below"), (105, "above"), (95, "below")]


@pytest.mark.parametrize("rearm_at", [90, 110])
def test_with_both_directions_the_rearm_level_may_be_given_on_either_side(rearm_at: int) -> None:
    told = _values([95, 105, 95, 105, 90, 105], threshold(100, BOTH, rearm_at=rearm_at))
    assert told == [(105, "above"), (95, "below"), (105, "above")]


def test_a_rearm_level_on_the_threshold_changes_nothing() -> None:
    values = [90, 101, 100, 102, 99, 103]
    assert _values(values, threshold(100, rearm_at=100)) == _values(values, threshold(100))


def test_the_wait_survives_a_look_in_which_the_segment_is_missing() -> None:
    watch = watching(threshold(100, rearm_at=80))
    looks = [
        snapshot(0, segments=[segment((0, 90))]),
        snapshot(10, segments=[segment((10, 110))]),
        snapshot(20, segments=[]),
        snapshot(30, segments=[segment((30, 95))]),
        snapshot(40, segments=[segment((40, 110))]),
    ]
    assert len(found_after(*looks, watches=watch)) == 1


def test_a_rearm_seen_only_in_the_history_counts() -> None:
    looks = [
        snapshot(0, segments=[segment((0, 90))]),
        snapshot(10, segments=[segment((10, 110))]),
        snapshot(30, segments=[segment((20, 70), (30, 110))]),
    ]
    assert len(found_after(*looks, watches=watching(threshold(100, rearm_at=80)))) == 2


def test_watches_with_one_threshold_and_different_rearm_levels_are_two() -> None:
    rules = watching(threshold(100), threshold(100, rearm_at=80))
    looks = [snapshot(n * 10, segments=[segment((n * 10, value))]) for n, value in enumerate([90, 101, 99, 101])]
    assert len(found_after(*looks, watches=rules)) == 3


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([100, 111], [(111, "above")]),
        ([100, 110], []),
        ([100, 89], []),
        ([100, 108, 117], []),
        ([0, 1], [(1, "above")]),
        ([0, 0], []),
        ([100, 0], []),
        ([-100, -89], [(-89, "above")]),
        ([-100, -90], []),
        ([-100, -111], []),
        ([-10, 10], [(10, "above")]),
    ],
)
def test_a_rise_in_percent_is_judged_against_the_previous_evaluation(
    values: list[int], told: list[tuple[int, str]]
) -> None:
    assert _values(values, threshold(10, ABOVE, percent=True)) == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([100, 89], [(89, "below")]),
        ([100, 90], []),
        ([100, 111], []),
        ([100, 0], [(0, "below")]),
        ([-100, -111], [(-111, "below")]),
        ([0, -1], [(-1, "below")]),
    ],
)
def test_a_fall_in_percent_is_judged_against_the_previous_evaluation(
    values: list[int], told: list[tuple[int, str]]
) -> None:
    assert _values(values, threshold(10, BELOW, percent=True)) == told


def test_both_directions_in_percent() -> None:
    assert _values([100, 120, 100, 105], threshold(10, BOTH, percent=True)) == [(120, "above"), (100, "below")]


def test_a_change_in_percent_is_told_as_such() -> None:
    (event,) = _through([200, 251], threshold(25, percent=True))
    assert event.data["thresholdKind"] == "percentChange"
    assert event.data["changePercent"] == Decimal("25.5")
    assert event.data["summary"] == "Loyal rose by more than 25 %: 200 to 251."


def test_a_change_from_zero_has_no_percentage_in_its_data() -> None:
    (event,) = _through([0, 5], threshold(25, percent=True))
    assert "changePercent" not in event.data


def test_a_level_and_a_percentage_with_the_same_number_are_two_rules() -> None:
    assert threshold(10).id != threshold(10, percent=True).id


def test_the_change_in_percent_is_exact() -> None:
    assert change_percent(Decimal("0.1"), Decimal("0.3")) == 200
    assert change_percent(Decimal(0), Decimal(5)) is None
    assert change_percent(Decimal(-4), Decimal(-2)) == 50


def test_a_rule_that_was_given_up_while_it_waited_starts_armed_again() -> None:
    """A flow that is switched off and on again must not miss the next crossing."""
    rule = watching(threshold(100, rearm_at=50))
    fired = follow(snapshot(1, segments=[segment((1, 90))]), snapshot(6, segments=[segment((5, 150))]), watches=rule)
    (nobody,) = follow(snapshot(11, segments=[segment((10, 40))]), after=fired[-1].checkpoint)
    looks = [snapshot(16, segments=[segment((15, 60))]), snapshot(21, segments=[segment((20, 150))])]
    again = follow(*looks, watches=rule, after=nobody.checkpoint)
    assert [len(look.events) for look in (fired[-1], nobody, *again)] == [1, 0, 0, 1]
