"""Which thresholds a segment crosses: equality, jumps, history, what does not count."""

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.domain.events import Event
from shared.domain.snapshot import Segment
from shared.domain.watches import Direction
from tests.factories import START, at, follow, found_after, segment, snapshot, threshold, watching

ABOVE, BELOW, BOTH = Direction.ABOVE, Direction.BELOW, Direction.BOTH
CROSSED = "segment.threshold.crossed"


def _crossings(*looks: list[Segment], watches: list[tuple[int, Direction]]) -> list[Event]:
    """What the looks, the first of which is the baseline, say to watches given as (threshold, direction)."""
    rules = watching(*(threshold(value, direction) for value, direction in watches))
    events = found_after(*(snapshot(n * 10, segments=look) for n, look in enumerate(looks)), watches=rules)
    assert all(event.type == CROSSED for event in events)
    return events


def _told(events: list[Event]) -> list[tuple[object, object]]:
    return [(event.data["threshold"], event.data["direction"]) for event in events]


def test_the_first_sight_of_a_segment_over_its_threshold_fires_nothing() -> None:
    assert _crossings([segment((1, 900))], watches=[(100, BOTH)]) == []


def test_a_segment_that_appears_later_over_its_threshold_fires_nothing() -> None:
    assert _crossings([], [segment((5, 900))], watches=[(100, BOTH)]) == []


def test_a_rise_through_the_threshold_is_told_with_both_values() -> None:
    (event,) = _crossings(
        [segment((1, 90), display="Loyal customers")],
        [segment((5, 120), display="Loyal customers")],
        watches=[(100, ABOVE)],
    )
    assert (event.subject, event.time) == ("segments/Loyal", at(5))
    assert event.data["segmentName"] == "Loyal"
    assert event.data["segmentDisplayName"] == "Loyal customers"
    assert (event.data["previousValue"], event.data["value"], event.data["threshold"]) == (90, 120, 100)
    assert (event.data["direction"], event.data["evaluatedAt"]) == ("above", "2026-05-04T02:05:00Z")
    assert event.data["changePercent"] == Decimal("33.33")
    assert event.data["summary"] == "Loyal customers rose above 100: 90 to 120."


@pytest.mark.parametrize(
    ("previous", "value", "fires"),
    [
        (99, 100, []),
        (100, 101, [(100, "above")]),
        (99, 101, [(100, "above")]),
        (101, 100, []),
        (100, 99, [(100, "below")]),
        (101, 99, [(100, "below")]),
        (100, 100, []),
        (101, 102, []),
        (98, 99, []),
    ],
)
def test_equality_is_not_a_crossing_but_leaving_it_is(previous: int, value: int, fires: list[tuple[int, str]]) -> None:
    assert _told(_crossings([segment((1, previous))], [segment((5, value))], watches=[(100, BOTH)])) == fires


def test_a_rise_that_stops_on_the_threshold_for_a_while_is_told_once() -> None:
    history = segment((1, 90), (2, 100), (3, 100), (4, 101), (5, 102))
    assert [event.time for event in _crossings([segment((1, 90))], [history], watches=[(100, ABOVE)])] == [at(4)]


def test_a_fall_that_stops_on_the_threshold_for_a_while_is_told_once() -> None:
    history = segment((1, 110), (2, 100), (3, 100), (4, 99))
    assert [event.time for event in _crossings([segment((1, 110))], [history], watches=[(100, BELOW)])] == [at(4)]


def test_a_jump_up_meets_every_threshold_on_its_way_lowest_first() -> None:
    rules = [(300, ABOVE), (100, ABOVE), (200, ABOVE), (400, ABOVE), (150, BELOW)]
    told = _told(_crossings([segment((1, 100))], [segment((5, 301))], watches=rules))
    assert told == [(100, "above"), (200, "above"), (300, "above")]


def test_a_jump_down_meets_every_threshold_on_its_way_highest_first() -> None:
    rules = [(300, BELOW), (100, BELOW), (200, BELOW), (400, BELOW), (150, ABOVE)]
    told = _told(_crossings([segment((1, 400))], [segment((5, 100))], watches=rules))
    assert told == [(400, "below"), (300, "below"), (200, "below")]


def test_direction_both_tells_each_way() -> None:
    told = _told(_crossings([segment((1, 90))], [segment((5, 110))], [segment((15, 80))], watches=[(100, BOTH)]))
    assert told == [(100, "above"), (100, "below")]


def test_direction_above_keeps_quiet_about_falls_and_below_about_rises() -> None:
    looks = [segment((1, 90))], [segment((5, 110))], [segment((15, 80))]
    assert _told(_crossings(*looks, watches=[(100, ABOVE)])) == [(100, "above")]
    assert _told(_crossings(*looks, watches=[(100, BELOW)])) == [(100, "below")]


def test_a_dip_and_return_between_two_polls_is_found_in_the_history() -> None:
    history = segment((9, 115), (3, 80), (1, 110))  # in any order
    events = _crossings([segment((1, 110))], [history], watches=[(100, BOTH)])
    assert [(event.time, event.data["direction"]) for event in events] == [(at(3), "below"), (at(9), "above")]
    assert [(event.data["previousValue"], event.data["value"]) for event in events] == [(110, 80), (80, 115)]


def test_an_evaluation_listed_as_current_and_in_the_history_counts_once() -> None:
    twice = segment((5, 120), (5, 120), (1, 90))
    assert len(_crossings([segment((1, 90))], [twice], [twice], watches=[(100, BOTH)])) == 1


@pytest.mark.parametrize(
    "status", ["CompletedFailure", "Cancelled", "Interrupted", "NotQualified", "Running", "Queued", "None", "", "Novel"]
)
def test_an_evaluation_that_did_not_complete_does_not_count(status: str) -> None:
    failed = segment((5, 0, status), (1, 110))
    events = _crossings([segment((1, 110))], [failed], [segment((15, 105), (5, 0, status))], watches=[(100, BOTH)])
    assert events == []


@pytest.mark.parametrize("status", ["completedSuccess", "COMPLETEDSUCCESS", "completedsuccess"])
def test_a_completed_evaluation_counts_in_any_casing(status: str) -> None:
    assert len(_crossings([segment((1, 90))], [segment((5, 120, status))], watches=[(100, ABOVE)])) == 1


def test_an_evaluation_time_that_goes_backwards_does_not_count() -> None:
    looks = [segment((5, 90))], [segment((3, 200))], [segment((5, 90))]
    assert _crossings(*looks, watches=[(100, BOTH)]) == []


def test_after_an_evaluation_time_went_backwards_the_next_newer_one_is_judged_against_the_last_that_counted() -> None:
    looks = [segment((5, 90))], [segment((3, 200))], [segment((8, 120))]
    (event,) = _crossings(*looks, watches=[(100, BOTH)])
    assert (event.data["previousValue"], event.data["value"]) == (90, 120)


def test_an_evaluation_without_time_or_count_is_counted_and_blocks_nothing() -> None:
    before = snapshot(0, segments=[segment((1, 90))])
    odd = segment((2, None), (5, 120))
    _, detection = follow(before, snapshot(10, segments=[odd]), watches=watching(threshold(100)))
    assert len(detection.events) == 1
    assert detection.not_understood == {"segment_without_count": 1}


def test_a_segment_that_is_deleted_fires_nothing() -> None:
    assert _crossings([segment((1, 110))], [], [], watches=[(100, BOTH)]) == []


@pytest.mark.parametrize("state", ["inactive", "Inactive"])
def test_a_segment_that_is_deactivated_fires_nothing(state: str) -> None:
    looks = [segment((1, 110))], [segment((5, 0), state=state)]
    assert _crossings(*looks, watches=[(100, BOTH)]) == []


@pytest.mark.parametrize("state", ["active", "", "validated", "somethingNew"])
def test_a_completed_evaluation_counts_in_a_state_that_we_do_not_know(state: str) -> None:
    looks = [segment((1, 110))], [segment((5, 90), state=state)]
    assert len(_crossings(*looks, watches=[(100, BOTH)])) == 1


def test_an_evaluation_with_an_unknown_status_is_counted_and_not_believed() -> None:
    odd = segment((5, 90))
    odd = replace(odd, evaluations=tuple(replace(one, status="CompletedWithWarnings") for one in odd.evaluations))
    _, last = follow(snapshot(2, segments=[segment((1, 110))]), snapshot(6, segments=[odd]))
    assert (last.events, dict(last.not_understood)) == ((), {"unknown_evaluation_status": 1})


def test_a_segment_that_is_active_again_goes_on_from_its_last_value() -> None:
    looks = [segment((1, 110))], [segment((5, 0), state="inactive")], [segment((15, 120))], [segment((25, 90))]
    (event,) = _crossings(*looks, watches=[(100, BOTH)])
    assert (event.data["previousValue"], event.data["value"]) == (120, 90)


@pytest.mark.parametrize("state", ["Active", "ACTIVE", ""])
def test_an_active_segment_is_read_in_any_casing(state: str) -> None:
    assert len(_crossings([segment((1, 90))], [segment((5, 120), state=state)], watches=[(100, ABOVE)])) == 1


def test_a_segment_that_is_created_anew_starts_from_a_baseline() -> None:
    anew = segment((5, 0), created=at(3))
    assert _crossings([segment((1, 110))], [anew], watches=[(100, BOTH)]) == []


def test_a_segment_that_was_created_anew_is_watched_from_its_new_baseline() -> None:
    looks = [segment((1, 110))], [segment((5, 0), created=at(3))], [segment((15, 130), created=at(3))]
    (event,) = _crossings(*looks, watches=[(100, BOTH)])
    assert event.data["previousValue"] == 0


def test_a_segment_created_anew_and_not_evaluated_yet_does_not_compare_with_its_predecessor() -> None:
    looks = [segment((1, 110))], [segment(created=at(3))], [segment((15, 0), created=at(3))]
    assert _crossings(*looks, watches=[(100, BOTH)]) == []


def test_a_segment_that_is_renamed_fires_nothing() -> None:
    looks = [segment((1, 110))], [segment((5, 0), name="Loyal_2")]
    assert _crossings(*looks, watches=[(100, BOTH)]) == []


def test_a_new_display_name_is_still_the_same_segment() -> None:
    looks = [segment((1, 90), display="Old")], [segment((5, 120), display="New")]
    (event,) = _crossings(*looks, watches=[(100, ABOVE)])
    assert event.data["segmentDisplayName"] == "New"


def test_a_segment_missing_from_one_answer_and_back_goes_on_from_its_last_value() -> None:
    (event,) = _crossings([segment((1, 90))], [], [segment((15, 120))], watches=[(100, BOTH)])
    assert (event.data["previousValue"], event.data["value"]) == (90, 120)


def test_a_segment_that_is_away_twice_for_one_answer_in_two_weeks_is_still_the_same() -> None:
    day = 24 * 60
    looks = [
        snapshot(0, segments=[segment((0, 90))]),
        snapshot(day, segments=[]),
        snapshot(2 * day, segments=[segment((0, 90))]),
        snapshot(14 * day, segments=[]),
        snapshot(15 * day, segments=[segment((15 * day - 1, 120))]),
    ]
    assert len(found_after(*looks, watches=watching(threshold(100)))) == 1


def test_another_count_for_an_evaluation_that_was_judged_does_not_count() -> None:
    assert _crossings([segment((5, 90))], [segment((5, 120))], watches=[(100, BOTH)]) == []


def test_a_segment_that_was_away_and_tells_no_creation_time_starts_from_a_baseline() -> None:
    before, after = segment((1, 110), created=None), segment((15, 0), created=None)
    assert _crossings([before], [], [after], watches=[(100, BOTH)]) == []


def test_a_segment_that_is_away_for_weeks_is_forgotten() -> None:
    days = 24 * 60
    looks = [snapshot(day * days, segments=[]) for day in range(1, 20)]
    *_, last = follow(snapshot(0, segments=[segment((0, 90))]), *looks)
    assert last.checkpoint.series == {}


def test_a_creation_time_that_one_answer_leaves_out_does_not_make_the_segment_new() -> None:
    looks = [segment((1, 90))], [segment((5, 95), created=None)], [segment((15, 120))]
    assert len(_crossings(*looks, watches=[(100, ABOVE)])) == 1


def test_a_look_at_the_jobs_only_leaves_the_values_as_they_were() -> None:
    rules = watching(threshold(100))
    looks = [snapshot(0, segments=[segment((1, 90))]), snapshot(10), snapshot(20, segments=[segment((15, 120))])]
    assert len(found_after(*looks, watches=rules)) == 1


def test_a_new_watch_starts_from_the_last_known_value() -> None:
    """A watch that comes while the value is over its threshold waits for the next crossing."""
    baseline, *_ = follow(snapshot(0, segments=[segment((1, 120))]))
    rules = watching(threshold(100))
    looks = [snapshot(m, segments=[segment((m - 1, members))]) for m, members in ((10, 130), (20, 90), (30, 101))]
    detections = follow(*looks, watches=rules, after=baseline.checkpoint)
    assert [len(detection.events) for detection in detections] == [0, 0, 1]


def test_a_removed_watch_fires_nothing() -> None:
    baseline, *_ = follow(snapshot(0, segments=[segment((1, 90))]), watches=watching(threshold(100)))
    (after,) = follow(snapshot(10, segments=[segment((5, 120))]), after=baseline.checkpoint)
    assert after.events == ()


def test_one_rule_of_many_subscriptions_is_one_event() -> None:
    rules = watching(threshold(100), threshold("100.0"), threshold("1E2"))
    looks = [snapshot(0, segments=[segment((1, 90))]), snapshot(10, segments=[segment((5, 120))])]
    assert len(found_after(*looks, watches=rules)) == 1


def test_segments_do_not_disturb_each_other() -> None:
    both = [[segment((m, a), name="A"), segment((m, b), name="Loyal")] for m, a, b in ((1, 500, 90), (5, 1, 120))]
    assert len(_crossings(*both, watches=[(100, BOTH)])) == 1


def test_only_a_look_at_segments_and_measures_counts_as_the_last_look() -> None:
    """How far back both histories have to be read is reckoned from it."""
    looks = [
        snapshot(0),
        snapshot(10, segments=[], measures=[]),
        snapshot(20),
        snapshot(30, segments=[]),
        snapshot(40, measures=[]),
        snapshot(50, segments=[], measures=[]),
    ]
    checkpoints = [detection.checkpoint for detection in follow(*looks)]
    assert [one.looked_at for one in checkpoints] == [None, at(10), at(10), at(10), at(10), at(50)]
    assert [one.seen_at for one in checkpoints] == [at(minute) for minute in (0, 10, 20, 30, 40, 50)]


def test_the_baseline_of_a_segment_is_remembered_from_its_newest_evaluation() -> None:
    (detection,) = follow(snapshot(0, segments=[segment((-5, 10), (-1, 50), (-9, 200))]))
    (mark,) = detection.checkpoint.series.values()
    assert (mark.value, mark.at) == (Decimal(50), at(-1))
    assert mark.at < START
