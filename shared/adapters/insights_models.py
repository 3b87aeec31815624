"""The Customer Insights API's JSON, as far as it is read, and its translation to the rules' words.

Names are those of the vendor's client library 1.0.8 (GraphJobInfo, GraphTaskInfo, GraphNodeInfo, SegmentMetadata,
MeasureMetadata, DataSourceInfo). Every field may be missing.
"""

from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

import msgspec

from shared.adapters.salvage import UNREADABLE
from shared.domain.snapshot import Evaluation, Job, Judged, Measure, Node, Output, Segment, Task
from shared.errors import InsightsAnswerInvalid

_COMPLETED = "CompletedSuccess"
_LONG_AGO = datetime(MINYEAR + 2, 1, 1, tzinfo=UTC)  # after every time that stands for none


class _Vendor(msgspec.Struct, rename="camel"):
    """The vendor writes camelCase."""


class WireError(_Vendor):
    """CIResult."""

    message: str | None = None
    error_code: str | None = None
    name: str | None = None


class WireTask(_Vendor):
    """GraphTaskInfo."""

    task_id: str | None = None
    operation_type: str | None = None
    task_status: str | None = None
    friendly_name: str | None = None
    submitted_timestamp: datetime | None = None
    end_timestamp: datetime | None = None
    ci_error: WireError | None = None
    ci_errors: list[WireError] | None = None

    def to_task(self) -> Task:
        """The task."""
        return Task(
            self.task_id or "",
            self.operation_type or "",
            self.task_status or "",
            self.friendly_name or "",
            utc(self.submitted_timestamp),
            utc(self.end_timestamp),
            tuple(dict.fromkeys(_texts([*(self.ci_errors or ()), *([self.ci_error] if self.ci_error else [])]))),
        )


class WireJob(_Vendor):
    """GraphJobInfo."""

    job_id: str
    operation_type: str | None = None
    job_status: str | None = None
    job_submission_kind: str | None = None
    submitted_timestamp: datetime | None = None
    end_timestamp: datetime | None = None
    id_list: list[str] | None = None
    tasks: list[WireTask] | None = None

    def to_job(self) -> Job:
        """The job with its tasks."""
        return Job(
            self.job_id,
            self.operation_type or "",
            self.job_status or "",
            self.job_submission_kind or "",
            utc(self.submitted_timestamp),
            utc(self.end_timestamp),
            tuple(self.id_list or ()),
            tuple(task.to_task() for task in self.tasks or ()),
        )


class WireNode(_Vendor):
    """GraphNodeInfo."""

    operation_type: str | None = None
    identifier: str | None = None
    friendly_name: str | None = None
    job_ids: list[str] | None = None
    task_status: str | None = None
    end_timestamp: datetime | None = None
    last_successful_timestamp: datetime | None = None

    def to_node(self) -> Node:
        """The node."""
        return Node(
            self.operation_type or "",
            self.identifier or "",
            self.friendly_name or "",
            tuple(self.job_ids or ()),
            self.task_status or "",
            utc(self.end_timestamp),
            utc(self.last_successful_timestamp),
        )


class WireEvaluation(_Vendor):
    """SegmentationPublishStats and HistoricalSegmentStats."""

    job_status: str | None = None
    evaluation_date: datetime | None = None
    entity_count: int | None = None

    def to_evaluation(self) -> Evaluation:
        """The evaluation."""
        return Evaluation(utc(self.evaluation_date), self.job_status or "", self.entity_count)


class WireSegment(_Vendor):
    """SegmentMetadata."""

    name: str
    friendly_name: str | None = None
    state: str | None = None
    created_utc: datetime | None = None
    evaluation_status: WireEvaluation | None = None
    evaluation_status_history: list[WireEvaluation] | None = None

    def to_segment(self, judged: Judged | None = None) -> Segment:
        """The segment with its evaluations; those that were judged already, nearly all, may be left out."""
        created_at = utc(self.created_utc)
        until = judged(self.name, created_at) if judged else None
        evaluations = self.evaluation_status_history or []
        if self.evaluation_status and self.evaluation_status not in evaluations:
            evaluations = [*evaluations, self.evaluation_status]
        if until is not None:
            evaluations = _unjudged(evaluations, until)
        told = tuple([evaluation.to_evaluation() for evaluation in evaluations])
        return Segment(self.name, self.friendly_name or "", self.state or "", created_at, told)


class WireOutput(_Vendor):
    """ScalarOutput: values are texts, one for each aggregate alias."""

    evaluation_time: datetime | None = None
    values: dict[str, Any] | None = None

    def to_output(self) -> Output:
        """The output."""
        plain = ((alias, value) for alias, value in (self.values or {}).items() if isinstance(value, str | int))
        values = {alias: str(value) for alias, value in plain}
        return Output(utc(self.evaluation_time), values)


class WireState(_Vendor):
    """Evaluation (of a measure)."""

    state: str | None = None
    end_time: datetime | None = None


class WireMeasure(_Vendor):
    """MeasureMetadata."""

    name: str
    display_name: str | None = None
    created_utc: datetime | None = None
    latest_evaluation: WireState | None = None
    output: WireOutput | None = None
    output_history: list[WireOutput] | None = None

    def to_measure(self) -> Measure:
        """The measure with its outputs."""
        evaluation = self.latest_evaluation or WireState()
        return Measure(
            self.name,
            self.display_name or "",
            evaluation.state or "",
            utc(self.created_utc),
            utc(evaluation.end_time),
            (self.output.to_output(),) if self.output else (),
            tuple(output.to_output() for output in self.output_history or ()),
        )


class WireRows(msgspec.Struct):
    """ODataEntityPayload."""

    value: list[dict[str, Any]]


class WireDataSourceMetadata(_Vendor):
    """DataSourceMetadata."""

    data_source_id: str | None = None
    name: str | None = None
    friendly_name: str | None = None


class WireDataSource(_Vendor):
    """DataSourceInfo."""

    data_source_metadata: WireDataSourceMetadata | None = None


class WireFault(_Vendor):
    """ApiErrorResult: how the vendor tells an error."""

    error_code: str | None = None
    message: str | None = None
    name: str | None = None


_rows_decoder = msgspec.json.Decoder(WireRows, float_hook=str)


def utc(moment: datetime | None) -> datetime | None:
    """An aware UTC time; .NET's smallest and largest dates, which stand for none, are None."""
    if moment is None or moment.year in (MINYEAR, MAXYEAR):
        return None
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _unjudged(evaluations: list[WireEvaluation], until: datetime) -> list[WireEvaluation]:
    """All but those that plainly completed by then: nothing is to be learnt of them.

    A look tells hundreds of thousands of evaluations, so there is no call for each.
    """
    try:
        return [
            one
            for one in evaluations
            if not (
                one.job_status == _COMPLETED
                and one.entity_count is not None
                and _LONG_AGO < one.evaluation_date <= until  # type: ignore[operator]
            )
        ]
    except TypeError:  # a time is absent or in no zone
        return evaluations


def decode_rows(body: bytes) -> list[dict[str, str]]:
    """Rows of a data query, every plain value as text and to the last digit. Raises InsightsAnswerInvalid."""
    try:
        rows = _rows_decoder.decode(body).value
    except UNREADABLE as error:
        raise InsightsAnswerInvalid(f"The API's answer is not a list of rows: {error}") from None
    return [{name: str(value) for name, value in row.items() if isinstance(value, str | int)} for row in rows]


def _texts(errors: Iterable[WireError]) -> list[str]:
    found = []
    for error in errors:
        parts = [part for part in (error.error_code or error.name, error.message) if part]
        if parts:
            found.append(": ".join(parts))
    return found
