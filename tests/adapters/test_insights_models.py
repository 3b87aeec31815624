"""Is what the vendor answers understood, and does a thing that is not understood spoil nothing else?"""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters import insights_models as wire
from shared.adapters.salvage import decode_list, decode_one
from shared.errors import InsightsAnswerInvalid

JOB = {
    "jobId": "job-1",
    "operationType": "All",
    "jobStatus": "Failed",
    "jobSubmissionKind": "OnDemand",
    "submittedTimestamp": "2026-03-02T02:00:00.1234567Z",
    "endTimestamp": "2026-03-02T02:50:00",
    "idList": ["ds-1"],
    "tasks": [
        {
            "taskId": "t-1",
            "operationType": "ingestion",
            "taskStatus": "failed",
            "friendlyName": "Orders",
            "ciErrors": [{"errorCode": "E1", "message": "no key"}, {"message": "again"}, {}],
            "ciError": {"errorCode": "E1", "message": "no key"},
        }
    ],
}
SEGMENT = {
    "name": "Loyal",
    "state": "Active",
    "evaluationStatus": {"jobStatus": "CompletedSuccess", "evaluationDate": "2026-03-02T03:00:00Z", "entityCount": 12},
    "evaluationStatusHistory": [{"evaluationDate": "2026-03-01T03:00:00Z", "entityCount": 10}],
}
MEASURE = {
    "name": "Revenue",
    "latestEvaluation": {"state": "Completed", "endTime": "2026-03-02T03:00:00Z"},
    "output": {"evaluationTime": "2026-03-02T03:00:00Z", "values": {"Total": "1.10", "Count": 3, "None": None}},
    "outputHistory": [{"values": {"Total": "1.00"}}],
}
NODE = {"operationType": "ingestion", "identifier": "ds-1", "friendlyName": "Orders", "jobIds": ["job-1"]}
SOURCE = {"dataSourceMetadata": {"dataSourceId": "ds-1", "name": "orders", "friendlyName": "Orders"}}
KINDS: list[tuple[type[msgspec.Struct], dict[str, Any]]] = [
    (wire.WireJob, JOB),
    (wire.WireNode, NODE),
    (wire.WireSegment, SEGMENT),
    (wire.WireMeasure, MEASURE),
    (wire.WireDataSource, SOURCE),
]
WRONG: list[Any] = [17, "text", True, [1], {"a": 1}, 1.5, "2026-99-99T00:00:00Z"]


def decoded(kind: type[msgspec.Struct], items: Any) -> list[Any]:
    return list(decode_list(json.dumps(items).encode(), kind))


def translated(item: Any) -> Any:
    """The item in the rules' words."""
    for name in ("to_job", "to_node", "to_segment", "to_measure"):
        if hasattr(item, name):
            return getattr(item, name)()
    return item


def test_a_job_is_read_with_its_tasks_and_the_reasons_of_their_failure_once() -> None:
    job = decoded(wire.WireJob, [JOB])[0].to_job()
    assert (job.job_id, job.operation_type, job.status, job.submission) == ("job-1", "all", "failed", "onDemand")
    assert job.submitted_at == datetime(2026, 3, 2, 2, 0, 0, 123457, UTC)
    assert job.ended_at == datetime(2026, 3, 2, 2, 50, tzinfo=UTC)
    assert job.identifiers == ("ds-1",)
    assert job.tasks[0].errors == ("E1: no key", "again")


def test_a_segment_is_read_with_its_current_and_its_earlier_evaluations() -> None:
    segment = decoded(wire.WireSegment, [SEGMENT])[0].to_segment()
    assert [(one.members, one.status) for one in segment.evaluations] == [(10, ""), (12, "CompletedSuccess")]


def test_the_values_of_a_measure_are_texts_and_absent_ones_are_left_out() -> None:
    measure = decoded(wire.WireMeasure, [MEASURE])[0].to_measure()
    assert measure.outputs[0].values == {"Total": "1.10", "Count": "3"}
    assert [output.values for output in measure.history] == [{"Total": "1.00"}]
    assert (measure.state, measure.evaluated_at) == ("Completed", datetime(2026, 3, 2, 3, tzinfo=UTC))


@pytest.mark.parametrize(("kind", "item"), KINDS)
def test_any_field_but_the_key_may_be_missing_or_null(kind: type[msgspec.Struct], item: dict[str, Any]) -> None:
    key = next(iter(item))
    for name in [name for name in item if name != key or kind in (wire.WireNode, wire.WireDataSource)]:
        without = {other: value for other, value in item.items() if other != name}
        for variant in (without, {**item, name: None}):
            (found,) = decoded(kind, [variant])
            translated(found)


@pytest.mark.parametrize(("kind", "item"), KINDS)
def test_fields_that_are_not_known_are_passed_over(kind: type[msgspec.Struct], item: dict[str, Any]) -> None:
    assert decoded(kind, [{**item, "newField": {"deep": [1, None]}}]) == decoded(kind, [item])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("kind", "item"), KINDS)
def test_a_wrong_type_in_one_item_spoils_only_that_item(
    kind: type[msgspec.Struct], item: dict[str, Any], wrong: Any
) -> None:
    good = decoded(kind, [item])
    for name in item:
        found = decoded(kind, [item, {**item, name: wrong}, item])
        assert found[0] == found[-1] == good[0]
        assert len(found) >= 2
        assert [translated(one) for one in found]


@pytest.mark.parametrize("odd", [None, 17, "text", [], [{}]])
def test_an_item_that_is_no_object_spoils_only_itself(odd: Any) -> None:
    found = decoded(wire.WireJob, [JOB, odd, JOB])
    assert [job.job_id for job in found] == ["job-1", "job-1"]


def test_an_item_that_is_left_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    decoded(wire.WireJob, [JOB, {"jobId": {}}])
    assert [getattr(record, "action", "") for record in caplog.records] == ["answer_unreadable"]


def test_a_wrong_field_counts_as_missing_and_spoils_nothing_else() -> None:
    """A garbled end of one task must not swallow the job, its other tasks, or what else that task tells."""
    tasks = [{"taskId": "t1", "friendlyName": "Orders", "endTimestamp": ""}, {"taskId": "t2", "ciErrors": [1, {}]}, 7]
    (found,) = decoded(wire.WireJob, [{"jobId": "j", "jobStatus": 3, "tasks": tasks}])
    job = found.to_job()
    assert (job.job_id, job.status) == ("j", "")
    assert [(task.task_id, task.friendly_name, task.ended_at) for task in job.tasks] == [
        ("t1", "Orders", None),
        ("t2", "", None),
    ]


def test_a_wrong_value_among_a_measures_values_leaves_the_measure() -> None:
    (found,) = decoded(wire.WireMeasure, [{"name": "M", "output": {"values": {"A": [1], "B": "2"}}}])
    assert found.to_measure().name == "M"


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_an_empty_list_is_empty(kind: type[msgspec.Struct]) -> None:
    assert decoded(kind, []) == []


GARBAGE = [
    b"",
    b"null",
    b"{}",
    b"17",
    b'"text"',
    b"<html>",
    b"[",
    b'[{"jobId":"1"}',
    b"\xff\xfe",
    b'{"value":[]}',
    b"[" * 9999,
]


@pytest.mark.parametrize("body", GARBAGE)
def test_a_body_that_is_no_list_is_one_error_in_one_line(body: bytes) -> None:
    with pytest.raises(InsightsAnswerInvalid) as caught:
        decode_list(body, wire.WireJob)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"17", b"{}", b'{"jobId":null}', b"<html>", b"\xff", b'{"jobId":"1"']
)
def test_a_body_that_is_no_job_is_one_error(body: bytes) -> None:
    with pytest.raises(InsightsAnswerInvalid):
        decode_one(body, wire.WireJob)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"value":17}', b'{"value":[17]}', b"<html>", b"\xff"])
def test_a_body_that_holds_no_rows_is_one_error(body: bytes) -> None:
    with pytest.raises(InsightsAnswerInvalid):
        wire.decode_rows(body)


def test_values_of_a_row_are_texts_to_the_last_digit() -> None:
    body = b'{"value":[{"Total":123456789012345678.901234567891,"N":3,"T":"x","None":null,"L":[1]}],"more":1}'
    assert wire.decode_rows(body) == [{"Total": "123456789012345678.901234567891", "N": "3", "T": "x"}]


DATES = {
    "0001-01-01T00:00:00": None,
    "0001-01-01T00:00:00Z": None,
    "0001-01-01T00:00:00+02:00": None,
    "2026-03-02T02:00:00": datetime(2026, 3, 2, 2, tzinfo=UTC),
    "2026-03-02T02:00:00Z": datetime(2026, 3, 2, 2, tzinfo=UTC),
    "2026-03-02T04:00:00+02:00": datetime(2026, 3, 2, 2, tzinfo=UTC),
    "2026-03-02T02:00:00.1234567Z": datetime(2026, 3, 2, 2, 0, 0, 123457, UTC),
    "2026-03-02T02:00:00.5": datetime(2026, 3, 2, 2, 0, 0, 500000, UTC),
}


@pytest.mark.parametrize(("text", "moment"), DATES.items())
def test_dates_are_read_as_dotnet_writes_them(text: str, moment: datetime | None) -> None:
    """Its smallest date stands for none, seven decimals are usual, and a time without a zone is UTC."""
    job = decoded(wire.WireJob, [{**JOB, "endTimestamp": text}])[0].to_job()
    assert job.ended_at == moment


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.9999999-05:00"]
)
def test_the_largest_date_spoils_no_list(text: str) -> None:
    """It is what .NET writes for never, and past what can be told in UTC."""
    found = decoded(wire.WireJob, [JOB, {**JOB, "endTimestamp": text}, JOB])
    assert len([job.to_job() for job in found]) >= 2


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_one_of_our_errors(body: bytes) -> None:
    try:
        decode_list(body, wire.WireSegment)
    except InsightsAnswerInvalid as error:
        assert "\n" not in str(error)  # noqa: PT017 - both ends are right


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)  # JSON has neither
    | st.text()
    | st.sampled_from(list(DATES)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*JOB, *SEGMENT, *MEASURE]), inner),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(JUNK)
def test_whatever_an_item_is_the_item_beside_it_is_read(junk: Any) -> None:
    for kind, item in KINDS:
        found = decoded(kind, [junk, item])
        assert translated(found[-1]) == translated(decoded(kind, [item])[0])
        assert [translated(one) for one in found]
