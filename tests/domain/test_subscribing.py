"""What a subscribe call may ask for, trigger by trigger."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.subscribing import check_fields, environment_id, fields_of_query, parse_filters, text
from shared.domain.subscriptions import Filters, Trigger
from shared.domain.watches import Direction, FreshnessWatch, Series, ThresholdWatch
from shared.errors import RequestInvalid

COMMON = {"environmentId": "e", "callbackUrl": "https://a.logic.azure.com/", "label": "My flow"}
SEGMENT: Mapping[str, Any] = {"segmentName": "Loyal", "threshold": 100}
MEASURE: Mapping[str, Any] = {"measureName": "Revenue", "alias": "Total", "threshold": "99.5"}
MINIMAL: Mapping[Trigger, Mapping[str, Any]] = {
    Trigger.REFRESH_FAILED: {},
    Trigger.REFRESH_SUCCEEDED: {},
    Trigger.SEGMENT_CROSSED: SEGMENT,
    Trigger.MEASURE_CROSSED: MEASURE,
    Trigger.FULL_REFRESH_COMPLETED: {},
    Trigger.UNIFICATION_COMPLETED: {},
    Trigger.PROCESS_ENDED: {},
    Trigger.OVERDUE: {"withinHours": 24},
    Trigger.UNREACHABLE: {},
}


def _parse(trigger: Trigger, body: object) -> Filters:
    return parse_filters(trigger, check_fields(trigger, body))


def _segment_watch(**fields: Any) -> ThresholdWatch:
    watch = _parse(Trigger.SEGMENT_CROSSED, {**SEGMENT, **fields}).threshold
    assert watch is not None
    return watch


def _refusal(trigger: Trigger, body: object) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as caught:
        _parse(trigger, body)
    return caught.value


@pytest.mark.parametrize("trigger", list(Trigger))
def test_each_trigger_takes_the_common_fields_and_its_own(trigger: Trigger) -> None:
    assert isinstance(_parse(trigger, {**COMMON, **MINIMAL[trigger]}), Filters)


@pytest.mark.parametrize("trigger", [one for one in Trigger if not MINIMAL[one]])
def test_a_trigger_without_fields_wants_all_of_its_events(trigger: Trigger) -> None:
    assert _parse(trigger, COMMON) == Filters()


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_null_is_as_good_as_a_field_left_out(trigger: Trigger) -> None:
    assert _parse(trigger, {**MINIMAL[trigger], "label": None}) == _parse(trigger, MINIMAL[trigger])


@pytest.mark.parametrize("trigger", list(Trigger))
def test_an_unknown_field_is_named_with_those_that_the_trigger_takes(trigger: Trigger) -> None:
    refusal = _refusal(trigger, {**MINIMAL[trigger], "treshold": 1})
    assert refusal.field == "treshold"
    assert "environmentId" in refusal.problem


def test_a_field_of_another_trigger_is_unknown() -> None:
    assert _refusal(Trigger.REFRESH_FAILED, {"segmentName": "Loyal"}).field == "segmentName"
    assert _refusal(Trigger.FULL_REFRESH_COMPLETED, {"dataSourceId": "a"}).field == "dataSourceId"


@pytest.mark.parametrize("body", [None, [], "x", 1, True])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert _refusal(Trigger.REFRESH_FAILED, body).field == "body"


def test_a_very_long_unknown_field_is_not_repeated_in_full() -> None:
    assert len(_refusal(Trigger.REFRESH_FAILED, {"x" * 10_000: 1}).field) <= 100


@pytest.mark.parametrize(
    ("trigger", "body", "missing"),
    [
        (Trigger.SEGMENT_CROSSED, {"threshold": 1}, "segmentName"),
        (Trigger.SEGMENT_CROSSED, {"segmentName": "x"}, "threshold"),
        (Trigger.MEASURE_CROSSED, {"alias": "a", "threshold": 1}, "measureName"),
        (Trigger.MEASURE_CROSSED, {"measureName": "m", "threshold": 1}, "alias"),
        (Trigger.MEASURE_CROSSED, {"measureName": "m", "alias": "a"}, "threshold"),
        (Trigger.OVERDUE, {}, "withinHours"),
        (Trigger.OVERDUE, {"withinHours": None}, "withinHours"),
    ],
)
def test_a_missing_field_is_named(trigger: Trigger, body: object, missing: str) -> None:
    refusal = _refusal(trigger, body)
    assert refusal.field == missing
    assert refusal.problem.startswith("is missing")


@pytest.mark.parametrize("label", ["two\nlines", "a\x1b[31mred", "tab\there", "\u2028"])
def test_a_label_with_control_characters_is_refused(label: str) -> None:
    """It is shown in logs: one line stays one line."""
    with pytest.raises(RequestInvalid, match="label"):
        text({"label": f"x{label}x"}, "label")


@pytest.mark.parametrize(("word", "status"), [("Canceled", "aborted"), ("succeeded", "successful"), ("odd", "odd")])
def test_outcomes_may_be_named_as_the_product_names_them(word: str, status: str) -> None:
    assert parse_filters(Trigger.PROCESS_ENDED, {"outcomes": [word]}).outcomes == (status,)


@pytest.mark.parametrize(
    ("trigger", "field", "value"),
    [
        (Trigger.REFRESH_FAILED, "dataSourceId", 7),
        (Trigger.REFRESH_FAILED, "dataSourceId", ""),
        (Trigger.REFRESH_FAILED, "dataSourceId", "x" * 513),
        (Trigger.REFRESH_FAILED, "submission", "byHand"),
        (Trigger.REFRESH_FAILED, "submission", 1),
        (Trigger.SEGMENT_CROSSED, "segmentName", ["Loyal"]),
        (Trigger.SEGMENT_CROSSED, "segmentName", "   "),
        (Trigger.SEGMENT_CROSSED, "threshold", "many"),
        (Trigger.SEGMENT_CROSSED, "threshold", True),
        (Trigger.SEGMENT_CROSSED, "threshold", [1]),
        (Trigger.SEGMENT_CROSSED, "threshold", ""),
        (Trigger.SEGMENT_CROSSED, "threshold", "NaN"),
        (Trigger.SEGMENT_CROSSED, "threshold", float("nan")),
        (Trigger.SEGMENT_CROSSED, "threshold", float("inf")),
        (Trigger.SEGMENT_CROSSED, "threshold", "1E+1000000"),
        (Trigger.SEGMENT_CROSSED, "threshold", "9" * 61),
        pytest.param(Trigger.SEGMENT_CROSSED, "threshold", 10**5000, id="an integer of 5001 digits"),
        (Trigger.SEGMENT_CROSSED, "threshold", "1_000"),
        (Trigger.SEGMENT_CROSSED, "direction", "up"),
        (Trigger.SEGMENT_CROSSED, "direction", 1),
        (Trigger.SEGMENT_CROSSED, "thresholdKind", "ratio"),
        (Trigger.SEGMENT_CROSSED, "rearmAt", "low"),
        (Trigger.MEASURE_CROSSED, "dimensions", ["NO"]),
        (Trigger.MEASURE_CROSSED, "dimensions", {"Country": 47}),
        (Trigger.MEASURE_CROSSED, "dimensions", "Country=NO"),
        (Trigger.MEASURE_CROSSED, "alias", 1),
        (Trigger.PROCESS_ENDED, "operationTypes", {"a": 1}),
        (Trigger.PROCESS_ENDED, "operationTypes", [1]),
        (Trigger.PROCESS_ENDED, "outcomes", [""]),
        (Trigger.PROCESS_ENDED, "outcomes", ["failed"] * 51),
        (Trigger.PROCESS_ENDED, "outcomes", 3),
        (Trigger.OVERDUE, "withinHours", 0),
        (Trigger.OVERDUE, "withinHours", -1),
        (Trigger.OVERDUE, "withinHours", 24 * 91),
        (Trigger.OVERDUE, "withinHours", "a day"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(trigger: Trigger, field: str, value: object) -> None:
    assert _refusal(trigger, {**MINIMAL[trigger], field: value}).field == field


def test_a_refresh_trigger_can_be_for_one_source_and_one_way_of_starting() -> None:
    body = {"dataSourceId": " ds-orders ", "submission": "OnDemand"}
    assert _parse(Trigger.REFRESH_SUCCEEDED, body) == Filters(data_source_id="ds-orders", submission="onDemand")


def test_any_submission_is_no_filter() -> None:
    assert _parse(Trigger.FULL_REFRESH_COMPLETED, {"submission": "any"}) == Filters()


def test_a_segment_threshold_is_above_by_default() -> None:
    assert _segment_watch() == ThresholdWatch(Series("segments", "Loyal"), Decimal(100))


@pytest.mark.parametrize("value", [100, 100.0, "100", " 100 ", "1E2", Decimal(100)])
def test_a_threshold_may_be_written_in_several_ways(value: object) -> None:
    assert _segment_watch(threshold=value).id == _segment_watch().id


def test_a_threshold_given_as_a_fraction_is_what_was_written() -> None:
    assert _segment_watch(threshold=0.1).threshold == Decimal("0.1")


@pytest.mark.parametrize(("given", "direction"), [("below", "below"), ("Both", "both"), ("ABOVE", "above")])
def test_a_direction_is_taken_in_any_casing(given: str, direction: str) -> None:
    assert _segment_watch(direction=given).direction is Direction(direction)


def test_a_measure_is_watched_by_alias_and_dimensions_in_any_order() -> None:
    one, two = (
        _parse(Trigger.MEASURE_CROSSED, {**MEASURE, "dimensions": dimensions}).threshold
        for dimensions in ({"Year": "2026", "Country": "NO"}, {"Country": "NO", "Year": "2026"})
    )
    assert one == two
    assert one is not None
    assert one.series == Series("measures", "Revenue", "Total", (("Country", "NO"), ("Year", "2026")))


def test_a_change_in_percent_may_not_be_negative() -> None:
    assert _segment_watch(thresholdKind="percentChange", threshold=10).percent
    assert _refusal(Trigger.SEGMENT_CROSSED, {**SEGMENT, "thresholdKind": "percentChange", "threshold": -1})


@pytest.mark.parametrize(
    ("fields", "fine"),
    [
        ({"rearmAt": 80}, True),
        ({"rearmAt": 100}, True),
        ({"rearmAt": 101}, False),
        ({"rearmAt": 120, "direction": "below"}, True),
        ({"rearmAt": 99, "direction": "below"}, False),
        ({"rearmAt": 80, "direction": "both"}, True),
        ({"rearmAt": 120, "direction": "both"}, True),
        ({"rearmAt": 5, "thresholdKind": "percentChange"}, False),
    ],
)
def test_a_rearm_level_must_lie_on_the_side_from_which_the_value_comes(fields: dict[str, Any], fine: bool) -> None:
    if fine:
        assert _segment_watch(**fields).rearm_at == Decimal(fields["rearmAt"])
    else:
        assert _refusal(Trigger.SEGMENT_CROSSED, {**SEGMENT, **fields}).field == "rearmAt"


def test_overdue_takes_hours_and_perhaps_a_source() -> None:
    body = {"withinHours": "1.5", "dataSourceId": "ds-orders"}
    assert _parse(Trigger.OVERDUE, body).freshness == FreshnessWatch(timedelta(minutes=90), "ds-orders")
    assert _parse(Trigger.OVERDUE, {"withinHours": 24}).freshness == FreshnessWatch(timedelta(days=1))


@pytest.mark.parametrize("hours", [0.25, 24 * 90])
def test_overdue_takes_a_quarter_of_an_hour_to_ninety_days(hours: float) -> None:
    assert _parse(Trigger.OVERDUE, {"withinHours": hours}).freshness == FreshnessWatch(timedelta(hours=hours))


def test_process_choices_may_be_one_text_or_a_list() -> None:
    one = _parse(Trigger.PROCESS_ENDED, {"operationTypes": "export", "outcomes": ["failed", "timedOut"]})
    assert (one.operation_types, one.outcomes) == (("export",), ("failed", "timedOut"))


def test_a_callback_url_may_be_longer_than_other_texts() -> None:
    long = "https://a.logic.azure.com/" + "x" * 2000
    assert text({"callbackUrl": long}, "callbackUrl") == long
    with pytest.raises(RequestInvalid):
        text({"label": "x" * 513}, "label")


@pytest.mark.parametrize("given", ["0c1f6f9e-55b2-4c1c-8f57-9f4f3f1a8c02", "A", "1" * 64, " e-1 "])
def test_an_environment_is_named_by_letters_digits_and_dashes(given: str) -> None:
    assert environment_id({"environmentId": given}) == given.strip().lower()


@pytest.mark.parametrize("given", [None, "", 7, "a/b", "a b", "..", "-a", "a\nb", "a'", "é", "1" * 65, "a#b"])
def test_an_environment_that_could_not_be_a_key_is_refused(given: object) -> None:
    with pytest.raises(RequestInvalid) as caught:
        environment_id({"environmentId": given})
    assert caught.value.field == "environmentId"


def test_limits_are_the_last_that_is_taken() -> None:
    """Ten dimensions, texts of 512 characters, choices of 100, and fifty of them; a value may be negative."""
    measured = {"measureName": "M" * 512, "alias": "Total", "threshold": -5}
    many = {f"d{number}": "x" * 512 for number in range(10)}
    threshold = parse_filters(Trigger.MEASURE_CROSSED, {**measured, "dimensions": many}).threshold
    assert threshold is not None
    assert (dict(threshold.series.dimensions), threshold.threshold) == (many, Decimal(-5))
    for direction in ("above", "below"):
        level = {"segmentName": "S", "threshold": "1e60", "rearmAt": "1" + "0" * 59, "direction": direction}
        assert parse_filters(Trigger.SEGMENT_CROSSED, {**level, "threshold": level["rearmAt"]}).threshold is not None
    assert parse_filters(Trigger.SEGMENT_CROSSED, {"segmentName": "S", "threshold": "1e60"}).threshold is not None
    words = ["x" * 100] * 50
    assert parse_filters(Trigger.PROCESS_ENDED, {"operationTypes": words}).operation_types == tuple(words)
    with pytest.raises(RequestInvalid, match="operationTypes"):
        parse_filters(Trigger.PROCESS_ENDED, {"operationTypes": "x" * 101})
    with pytest.raises(RequestInvalid, match="thresholdKind: must be one of value, percentChange"):
        parse_filters(Trigger.MEASURE_CROSSED, {**measured, "thresholdKind": "both"})


def test_a_query_writes_lists_with_commas_and_leaves_out_what_is_empty() -> None:
    words = {"outcomes": "failed, aborted,", "operationTypes": "map", "submission": ""}
    query = {"environmentId": "e", "top": "1", **words}
    assert fields_of_query(Trigger.PROCESS_ENDED, query) == {
        "environmentId": "e",
        "outcomes": ["failed", "aborted"],
        "operationTypes": ["map"],
    }
