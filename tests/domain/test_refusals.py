"""What does a maker read when something cannot be taken? The field, and what it must be, word by word."""

from collections.abc import Callable, Mapping

import pytest

from shared.domain import asking
from shared.domain.cursors import read_cursor, write_cursor
from shared.domain.entity_schemas import use_of
from shared.domain.subscribing import check_fields, environment_id, fields_of_query, flag, parse_filters, text
from shared.domain.subscriptions import Trigger
from shared.errors import RequestInvalid

MEASURE = {"measureName": "M", "alias": "Total", "threshold": 1}
LONG = "a" * (asking.LONGEST_TEXT + 1)
A_TIME = "must be a time with its offset from UTC, such as 2026-03-02T12:00:00Z"
NAME = "must be a unique name or id: letters, digits, _ and - only"
FILE = "must be a partition's name: letters, digits, dots, _ and - only"
ITEM = "must be an item's id: letters, digits and . _ - @ : + = | only"


def filters(trigger: Trigger, **fields: object) -> object:
    """What a body asks for."""
    return parse_filters(trigger, check_fields(trigger, fields))


REFUSALS: Mapping[str, tuple[Callable[[], object], str]] = {
    "no environment": (lambda: asking.environment({}), "environmentId: is missing"),
    "another environment": (
        lambda: asking.environment({"environmentId": "a/b"}),
        "environmentId: must be an id of letters, digits and dashes",
    ),
    "a name": (lambda: asking.name({"n": "a b"}, "n"), f"n: {NAME}"),
    "a file": (lambda: asking.file_name({"n": "a/b"}, "n"), f"n: {FILE}"),
    "an item": (lambda: asking.item_id({"n": "a/b"}, "n"), f"n: {ITEM}"),
    "a version": (lambda: asking.version({"version": "ü"}), "version: must be as nextLink gives it"),
    "a column": (lambda: asking.column({"c": "a b"}, "c", "Id"), "c: must be the name of a column"),
    "a number": (
        lambda: asking.whole_number({"n": "x"}, "n", default=1, most=7),
        "n: must be a whole number from 1 to 7",
    ),
    "no time": (lambda: asking.moment({"since": "today"}, "since"), f"since: {A_TIME}"),
    "a time long ago": (lambda: asking.moment({"since": "1999-12-31T23:59:59Z"}, "since"), f"since: {A_TIME}"),
    "a long option": (
        lambda: asking.item_query({"$filter": LONG}),
        "$filter: must not be longer than 4000 characters",
    ),
    "an option of lines": (
        lambda: asking.item_query({"$filter": "a\nb"}),
        "$filter: must be a text of one line, without control characters",
    ),
    "a long caller": (
        lambda: asking.write_options({"caller": "a" * 201}),
        "caller: must not be longer than 200 characters",
    ),
    "a use": (lambda: use_of("delete"), "use: must be one of read, list, create, update"),
    "a cursor": (
        lambda: read_cursor("x", "a", field="cursor"),
        "cursor: is not one that this app gave out; leave it away to begin now",
    ),
    "a cursor of elsewhere": (
        lambda: read_cursor(write_cursor("b", 1), "a", field="cursor"),
        "cursor: belongs to another environment; leave it away to begin now",
    ),
    "no object": (lambda: check_fields(Trigger.OVERDUE, []), "body: must be a JSON object"),
    "an unknown field": (
        lambda: check_fields(Trigger.UNREACHABLE, {"x": 1}),
        "x: is not a field of environment-unreachable; it takes environmentId, callbackUrl, label, batch",
    ),
    "a flag": (lambda: flag({"batch": "yes"}, "batch"), "batch: must be true or false"),
    "an environment to watch": (
        lambda: environment_id({"environmentId": "a/b"}),
        "environmentId: must be an id of letters, digits and dashes",
    ),
    "no alias": (
        lambda: text({}, "alias"),
        "alias: is missing: the name of one of the measure's calculations, such as Total",
    ),
    "no callback": (lambda: text({}, "callbackUrl"), "callbackUrl: is missing"),
    "an empty text": (lambda: text({"alias": " "}, "alias"), "alias: must be a text that is not empty"),
    "a long text": (lambda: text({"alias": "a" * 513}, "alias"), "alias: must not be longer than 512 characters"),
    "a text of lines": (lambda: text({"alias": "a\nb"}, "alias"), "alias: must not have control characters"),
    "a change that is rearmed": (
        lambda: filters(
            Trigger.SEGMENT_CROSSED, segmentName="S", threshold=1, thresholdKind="percentChange", rearmAt=1
        ),
        "rearmAt: does not go with thresholdKind percentChange",
    ),
    "no hours": (lambda: filters(Trigger.OVERDUE), "withinHours: is missing"),
    "hours in words": (lambda: filters(Trigger.OVERDUE, withinHours="x"), "withinHours: must be a number"),
    "few hours": (lambda: filters(Trigger.OVERDUE, withinHours=0), "withinHours: must be from 0.25 to 2160"),
    "a fall in percent": (
        lambda: filters(Trigger.SEGMENT_CROSSED, segmentName="S", threshold=-1, thresholdKind="percentChange"),
        "threshold: must be 0 or more",
    ),
    "a direction": (
        lambda: filters(Trigger.SEGMENT_CROSSED, segmentName="S", threshold=1, direction="up"),
        "direction: must be one of above, below, both",
    ),
    "rearmed above": (
        lambda: filters(Trigger.SEGMENT_CROSSED, segmentName="S", threshold=1, rearmAt=2),
        "rearmAt: must not be over the threshold when direction is above",
    ),
    "rearmed below": (
        lambda: filters(Trigger.SEGMENT_CROSSED, segmentName="S", threshold=1, rearmAt=0, direction="below"),
        "rearmAt: must not be under the threshold when direction is below",
    ),
    "dimensions that are no object": (
        lambda: filters(Trigger.MEASURE_CROSSED, **MEASURE, dimensions=["NO"]),
        'dimensions: must be an object of texts, such as {"Country": "NO"}',
    ),
    "eleven dimensions": (
        lambda: filters(Trigger.MEASURE_CROSSED, **MEASURE, dimensions={f"d{n}": "x" for n in range(11)}),
        "dimensions: takes 10 names at most, of letters, digits and underscores",
    ),
    "dimensions in a query": (
        lambda: fields_of_query(Trigger.MEASURE_CROSSED, {"dimensions": "{"}),
        'dimensions: must be a JSON object of texts, such as {"Country": "NO"}',
    ),
    "a submission": (
        lambda: filters(Trigger.REFRESH_FAILED, submission="now"),
        "submission: must be one of any, scheduled, onDemand",
    ),
    "no texts": (
        lambda: filters(Trigger.PROCESS_ENDED, outcomes=[1]),
        "outcomes: must be a list of texts of 100 characters at most",
    ),
    "many texts": (
        lambda: filters(Trigger.PROCESS_ENDED, outcomes=["x"] * 51),
        "outcomes: takes 50 entries at most",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_names_the_field_and_what_it_must_be(what: str) -> None:
    call, expected = REFUSALS[what]
    with pytest.raises(RequestInvalid) as raised:
        call()
    assert str(raised.value) == expected
