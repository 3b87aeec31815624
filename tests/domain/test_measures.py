"""Measures: decimals from text, several aggregates, dimensions, evaluations that failed."""

from decimal import Decimal

import pytest

from shared.domain.detection import Detection
from shared.domain.events import Event
from shared.domain.snapshot import Measure
from shared.domain.watches import Direction, Series, ThresholdWatch
from tests.factories import at, follow, measure, output, snapshot, threshold, watching


def _total(value: float | str, *, alias: str = "Total", **dimensions: str) -> ThresholdWatch:
    return threshold(value, Direction.BOTH, series=Series("measures", "Revenue", alias, tuple(dimensions.items())))


def _last(*looks: list[Measure], watches: list[ThresholdWatch]) -> Detection:
    rules = watching(*watches)
    return follow(*(snapshot(n * 10, measures=look) for n, look in enumerate(looks)), watches=rules)[-1]


def _crossed(*looks: list[Measure], watches: list[ThresholdWatch]) -> list[Event]:
    return list(_last(*looks, watches=watches).events)


def _moves(before: str, after: str, *watches: ThresholdWatch) -> Detection:
    return _last([measure(output(1, Total=before))], [measure(output(5, Total=after))], watches=list(watches))


def test_a_measure_that_passes_its_target_is_told() -> None:
    (event,) = _moves("99.5", "100.25", _total(100)).events
    assert (event.type, event.subject, event.time) == ("measure.threshold.crossed", "measures/Revenue", at(5))
    assert (event.data["measureName"], event.data["alias"]) == ("Revenue", "Total")
    assert (event.data["previousValue"], event.data["value"]) == (Decimal("99.5"), Decimal("100.25"))
    assert "dimensions" not in event.data


def test_decimals_are_never_floats() -> None:
    assert len(_moves("0.1", "0.30000000000000001", _total("0.3")).events) == 1
    assert _moves("0.1", "0.30", _total("0.3")).events == ()


@pytest.mark.parametrize("text", ["NaN", "", "  ", "n/a", "Infinity", "-Infinity", "sNaN", "1,5", "12 EUR", "0x10"])
def test_a_value_that_is_no_number_is_counted_and_fires_nothing(text: str) -> None:
    detection = _moves("120", text, _total(100))
    assert detection.events == ()
    assert detection.not_understood == {"measure_not_a_number": 1}


def test_after_a_value_that_was_no_number_the_next_is_judged_against_the_last_that_was() -> None:
    looks = [[measure(output(minute, Total=text))] for minute, text in ((1, "120"), (5, "NaN"), (15, "90"))]
    (event,) = _crossed(*looks, watches=[_total(100)])
    assert event.data["previousValue"] == 120


def test_a_missing_value_fires_nothing() -> None:
    assert _crossed([measure(output(1, Total="120"))], [measure(output(5))], watches=[_total(100)]) == []
    assert _crossed([measure(output(1, Total="120"))], [measure()], watches=[_total(100)]) == []


def test_a_value_without_an_evaluation_time_fires_nothing() -> None:
    assert _crossed([measure(output(1, Total="120"))], [measure(output(None, Total="1"))], watches=[_total(100)]) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [("-5", "-15", ["below"]), ("-15", "-5", ["above"]), ("-10", "-10.1", ["below"]), ("-9", "-10", [])],
)
def test_negative_values_cross_negative_thresholds(before: str, after: str, told: list[str]) -> None:
    assert [event.data["direction"] for event in _moves(before, after, _total(-10)).events] == told


def test_a_value_of_30_digits_keeps_every_digit() -> None:
    just_over = "123456789012345678901234567891"
    (event,) = _moves("123456789012345678901234567889", just_over, _total("123456789012345678901234567890")).events
    assert str(event.data["value"]) == just_over


def test_a_value_of_30_digits_after_the_point_keeps_every_digit() -> None:
    just_over = "0.123456789012345678901234567891"
    (event,) = _moves("0.1", just_over, _total("0.123456789012345678901234567890")).events
    assert str(event.data["value"]) == just_over


def test_a_leap_from_a_fraction_to_30_digits_is_told() -> None:
    (event,) = _moves("0.5", "1" * 30, _total(100)).events
    assert event.data["value"] == int("1" * 30)


@pytest.mark.parametrize("text", ["1E+30", "1e30", "+1E30", " 1E+30 "])
def test_a_value_with_an_exponent_is_a_number_and_told_without_one(text: str) -> None:
    (event,) = _moves("1", text, _total(100)).events
    assert str(event.data["value"]) == "1" + "0" * 30


@pytest.mark.parametrize("text", ["1E+1000000", "1E+999999999999999999", "-1E+400", "1E-999999999", "9" * 5000])
def test_a_number_of_absurd_size_is_counted_and_blocks_nothing(text: str) -> None:
    looks = [[measure(output(1, Total="1", Other="1"))], [measure(output(5, Total=text, Other="500"))]]
    detection = _last(*looks, watches=[_total(100), _total(100, alias="Other")])
    assert [event.data["alias"] for event in detection.events] == ["Other"]
    assert detection.not_understood == {"measure_not_a_number": 1}


def test_an_absurd_number_at_first_sight_is_no_baseline() -> None:
    looks = [[measure(output(minute, Total=text))] for minute, text in ((1, "1E+1000000"), (5, "1"), (15, "500"))]
    assert len(_crossed(*looks, watches=[_total(100)])) == 1


def test_each_aggregate_is_watched_by_its_alias() -> None:
    looks = [[measure(output(1, Total="90", Average="90"))], [measure(output(5, Total="120", Average="95"))]]
    rules = [_total(100), _total(100, alias="Average")]
    assert [event.data["alias"] for event in _crossed(*looks, watches=rules)] == ["Total"]


def test_an_aggregate_that_is_new_starts_from_a_baseline() -> None:
    looks = [[measure(output(1, Total="90"))], [measure(output(5, Total="90", Average="500"))]]
    assert _crossed(*looks, watches=[_total(100, alias="Average")]) == []


def test_a_measure_with_dimensions_is_watched_by_their_values() -> None:
    def _look(minute: int, norway: str, sweden: str) -> list[Measure]:
        rows = [output(minute, {"Country": "NO"}, Total=norway), output(minute, {"Country": "SE"}, Total=sweden)]
        return [measure(*rows)]

    looks = _look(1, "90", "90"), _look(5, "120", "130")
    (event,) = _crossed(*looks, watches=[_total(100, Country="NO")])
    assert (event.data["dimensions"], event.data["value"]) == ({"Country": "NO"}, 120)
    assert _crossed(*looks, watches=[_total(100)]) == []


def test_the_order_of_dimensions_does_not_matter() -> None:
    before = output(1, {"Year": "2026", "Country": "NO"}, Total="90")
    after = output(5, {"Country": "NO", "Year": "2026"}, Total="120")
    looks = [measure(before)], [measure(after)]
    assert len(_crossed(*looks, watches=[_total(100, Country="NO", Year="2026")])) == 1
    assert len(_crossed(*looks, watches=[_total(100, Year="2026", Country="NO")])) == 1


def test_a_dip_and_return_between_two_polls_is_found_in_the_history_of_a_measure() -> None:
    history = [output(3, Total="80"), output(1, Total="110")]
    looks = [measure(output(1, Total="110"))], [measure(output(9, Total="115"), history=history)]
    assert [event.time for event in _crossed(*looks, watches=[_total(100)])] == [at(3), at(9)]


@pytest.mark.parametrize("state", ["failed", "running", "none", "Failed", "novel"])
def test_the_output_of_an_evaluation_that_did_not_complete_does_not_count(state: str) -> None:
    looks = [measure(output(1, Total="110"))], [measure(output(5, Total="0"), state=state, evaluated=5)]
    assert _crossed(*looks, watches=[_total(100)]) == []


@pytest.mark.parametrize("state", ["completed", "Completed", "COMPLETED", ""])
def test_the_output_of_a_completed_evaluation_counts_in_any_casing(state: str) -> None:
    looks = [measure(output(1, Total="90"))], [measure(output(5, Total="120"), state=state)]
    assert len(_crossed(*looks, watches=[_total(100)])) == 1


def test_a_crossing_is_told_from_the_history_although_the_evaluation_after_it_failed() -> None:
    crossing = output(5, Total="120")
    failed_later = measure(crossing, state="failed", history=[crossing], evaluated=8)
    (event,) = _crossed([measure(output(1, Total="90"))], [failed_later], watches=[_total(100)])
    assert event.time == at(5)


def test_a_measure_whose_evaluation_time_goes_backwards_fires_nothing() -> None:
    looks = [[measure(output(minute, Total=text))] for minute, text in ((5, "90"), (3, "500"), (5, "90"))]
    assert _crossed(*looks, watches=[_total(100)]) == []


def test_a_measure_that_is_deleted_or_created_anew_fires_nothing() -> None:
    before, anew = measure(output(1, Total="110")), measure(output(15, Total="1"), created=at(12))
    assert _crossed([before], [], watches=[_total(100)]) == []
    assert _crossed([before], [anew], watches=[_total(100)]) == []
    assert _crossed([before], [], [anew], watches=[_total(100)]) == []


def test_a_measure_and_a_segment_of_one_name_are_two_series() -> None:
    assert Series("segments", "X").key != Series("measures", "X", "").key
