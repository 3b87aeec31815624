"""Until when was a segment judged? What is told until then may be left out of a look, and nothing else."""

from datetime import timedelta

import pytest

from shared.domain.detection.thresholds import judged_until
from shared.domain.watches import Series, segment_key
from tests.factories import BIRTH, at, follow, found_after, measure, output, segment, snapshot, threshold, watching

LOYAL = segment_key("Loyal")
REBORN = BIRTH + timedelta(days=1)
DAY = 24 * 60


def test_a_segment_was_judged_until_its_last_evaluation() -> None:
    series = follow(snapshot(10, segments=[segment((1, 90), (5, 100)), segment((2, 1), name="Lapsed")]))[-1]
    marks = series.checkpoint.series
    assert judged_until(marks, "Loyal", BIRTH) == at(5)
    assert judged_until(marks, "Lapsed", BIRTH) == at(2)


def test_one_that_is_new_or_was_created_anew_was_not_judged() -> None:
    """Its evaluations begin with a baseline, for which the oldest may be needed."""
    marks = follow(snapshot(10, segments=[segment((5, 100))]))[-1].checkpoint.series
    assert judged_until({}, "Loyal", BIRTH) is None
    assert judged_until(marks, "Lapsed", BIRTH) is None
    assert judged_until(marks, "Loyal", REBORN) is None


def test_one_that_was_away_was_judged_if_its_creation_says_that_it_is_itself() -> None:
    looks = snapshot(10, segments=[segment((5, 100))]), snapshot(20, segments=[])
    marks = follow(*looks)[-1].checkpoint.series
    assert judged_until(marks, "Loyal", BIRTH) == at(5)
    assert judged_until(marks, "Loyal", None) is None


def test_one_that_is_back_without_news_is_missing_no_more() -> None:
    """Else it would be forgotten a week after it first was away, and its next crossing with it."""
    looks = (
        snapshot(10, segments=[segment((5, 90))]),
        snapshot(1 * DAY, segments=[]),
        snapshot(2 * DAY, segments=[segment()]),
        snapshot(3 * DAY, segments=[]),
        snapshot(9 * DAY, segments=[]),
        snapshot(9 * DAY + 1, segments=[segment((9 * DAY, 110))]),
    )
    assert follow(*looks[:3])[-1].checkpoint.series[LOYAL].missing_since is None
    assert len(found_after(*looks, watches=watching(threshold(100)))) == 1


def test_a_measure_that_was_away_and_does_not_say_that_it_is_itself_begins_anew() -> None:
    watch = threshold(100, series=Series("measures", "Revenue", "total"))
    looks = (
        snapshot(10, measures=[measure(output(5, total="90"), created=None)]),
        snapshot(20, measures=[]),
        snapshot(30, measures=[measure(output(25, total="110"), created=None)]),
    )
    assert found_after(*looks, watches=watching(watch)) == []
    assert len(found_after(looks[0], looks[2], watches=watching(watch))) == 1


@pytest.mark.parametrize(("status", "counted"), [("running", 0), ("CompletedFailure", 0), ("Evaporated", 1)])
def test_only_a_status_that_nobody_knows_is_counted_as_not_understood(status: str, counted: int) -> None:
    look = snapshot(10, segments=[segment((5, 1, status))])
    assert follow(look)[-1].not_understood.get("unknown_evaluation_status", 0) == counted
