"""Which log records leave, and what is with them?"""

import logging
from collections.abc import Iterator

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor

from shared.telemetry import SpanName
from tests.telemetry.told import Told, id_of, trace_of

OTHERS = (
    "azure.core.pipeline",
    "azure.functions",
    "azure_functions_worker.dispatcher",
    "proxy_worker",
    "shared_by_others",
    "opentelemetry.sdk",
    "root",
)


@pytest.fixture
def root(told: Told) -> Iterator[logging.Logger]:
    """The root logger as the worker sets it: everything from INFO on comes to its handlers."""
    found = logging.getLogger()
    before = found.level
    found.setLevel(logging.INFO)
    found.addHandler(told.handler)
    yield found
    found.removeHandler(told.handler)
    found.setLevel(before)


def bodies(told: Told) -> list[object]:
    """What was handed on."""
    return [one.log_record.body for one in told.logs.get_finished_logs()]


@pytest.mark.usefixtures("root")
def test_a_record_has_its_fields_as_attributes_and_is_in_the_trace(told: Told) -> None:
    with told.telemetry.span(SpanName.POLL, environment="e"):
        fields = {"action": "poll", "events": 3, "share": 0.5, "full": True, "label": None}
        logging.getLogger("functions.polling").warning("Environment %s", "e", extra=fields)
    (one,) = told.logs.get_finished_logs()
    (poll,) = told.finished
    found = one.log_record
    assert (found.body, found.severity_number, found.severity_text) == (
        "Environment e",
        SeverityNumber.WARN,
        "WARNING",
    )
    assert found.attributes == {"action": "poll", "events": 3, "share": 0.5, "full": True, "label": "None"}
    assert (found.trace_id, found.span_id) == (trace_of(poll), id_of(poll))
    assert one.instrumentation_scope is not None
    assert one.instrumentation_scope.name == "functions.polling"


@pytest.mark.usefixtures("root")
def test_an_exception_is_a_field_with_its_traceback(told: Told) -> None:
    try:
        raise ValueError("of ours")
    except ValueError:
        logging.getLogger("shared").exception("A fault", extra={"action": "delivery_fault"})
    (one,) = told.logs.get_finished_logs()
    attributes = one.log_record.attributes or {}
    assert attributes.keys() == {"action", "exception"}
    assert str(attributes["exception"]).endswith("ValueError: of ours")


@pytest.mark.usefixtures("root")
def test_our_own_records_leave_from_info_on(told: Told) -> None:
    logging.getLogger("shared").setLevel(logging.DEBUG)
    try:
        for level in (logging.DEBUG, logging.INFO, logging.ERROR, 35):
            logging.getLogger("shared.x").log(level, "%d", level)
    finally:
        logging.getLogger("shared").setLevel(logging.NOTSET)
    assert bodies(told) == ["20", "40", "35"]


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("name", OTHERS)
def test_those_of_all_others_leave_from_warning_on(told: Told, name: str) -> None:
    logging.getLogger(name).info("a line for every call")
    logging.getLogger(name).warning("a warning")
    assert bodies(told) == ["a warning"]


@pytest.mark.usefixtures("root")
def test_what_is_said_while_telemetry_is_sent_is_not_sent(told: Told) -> None:
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        logging.getLogger("azure.monitor").error("It cannot be sent")
    finally:
        detach(token)
    assert bodies(told) == []


class _Complaining(LogRecordExporter):
    """An exporter that logs whatever it is given, as one would that cannot send it."""

    def __init__(self) -> None:
        self.given = 0

    def export(self, batch: object) -> LogRecordExportResult:
        self.given += 1
        logging.getLogger("azure.monitor.exporter").error("It cannot be sent: %s", batch)
        return LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        """Nothing is open."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Nothing waits."""
        return True


@pytest.mark.usefixtures("root")
def test_an_exporter_that_fails_and_says_so_does_not_begin_anew(told: Told) -> None:
    complaining = _Complaining()
    told.logging.add_log_record_processor(SimpleLogRecordProcessor(complaining))
    logging.getLogger("shared").error("once")
    assert (complaining.given, bodies(told)) == (1, ["once"])


def test_a_record_that_cannot_be_read_raises_nothing(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """Logging tells of it on stderr."""
    told.handler.handle(logging.LogRecord("shared", logging.ERROR, __file__, 1, "%d", ("x",), None))
    assert told.logs.get_finished_logs() == ()
    assert "Logging error" in capsys.readouterr().err
