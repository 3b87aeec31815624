"""How do log records become OpenTelemetry's: with their fields as attributes, and without secrets?"""

import logging
from collections.abc import Callable
from typing import Any

from opentelemetry import context
from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.util.types import AnyValue

_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_OURS = ("shared", "functions")
_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
_FORMATTER = logging.Formatter()
_TOO_LONG = 8_000  # Azure Monitor keeps 8 KiB of a value


class LogExport(logging.Handler):
    """Hands on what our own code says from INFO on, and what all others say from WARNING on.

    What is said while telemetry is being sent is not sent: it would never end. `clean` takes secrets out of a text.
    """

    def __init__(self, provider: LoggerProvider, clean: Callable[[str], str]) -> None:
        super().__init__(logging.INFO)
        self._provider = provider
        self._clean = clean
        self._others: tuple[logging.Handler, ...] = ()
        self.addFilter(self.takes)

    def join(self, logger: logging.Logger) -> None:
        """Listen to a logger. The Functions host sends what it hears of the others there: it hears the rest only."""
        self._others = tuple(logger.handlers)
        for other in self._others:
            other.addFilter(self._leaves)
        logger.addHandler(self)

    def leave(self, logger: logging.Logger) -> None:
        """Listen no more; the others hear everything again."""
        logger.removeHandler(self)
        for other in self._others:
            other.removeFilter(self._leaves)

    def takes(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be sent."""
        if context.get_value(_SUPPRESS_INSTRUMENTATION_KEY) or record.levelno < self.level:
            return False
        return record.levelno >= logging.WARNING or record.name.partition(".")[0] in _OURS

    def _leaves(self, record: logging.LogRecord) -> bool:
        return not self.takes(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one on; a handler raises nothing, and what is said meanwhile is not handed on."""
        try:
            told = self._told(record)
            token = context.attach(context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
            try:
                self._provider.get_logger(record.name).emit(told)
            finally:
                context.detach(token)
        except Exception:
            self.handleError(record)

    def _told(self, record: logging.LogRecord) -> LogRecord:
        level = max((known for known in _SEVERITIES if known <= record.levelno), default=logging.DEBUG)
        return LogRecord(
            timestamp=int(record.created * 1e9),
            context=context.get_current(),
            severity_text=record.levelname,
            severity_number=_SEVERITIES[level],
            body=self._text(record.getMessage()),
            attributes=self._attributes(record),
        )

    def _attributes(self, record: logging.LogRecord) -> dict[str, AnyValue]:
        given: dict[str, Any] = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
        found: dict[str, AnyValue] = {name: self._value(value) for name, value in given.items()}
        told = record.exc_text or (_FORMATTER.formatException(record.exc_info) if record.exc_info else "")
        if told:
            found["exception"] = self._text(told)[-_TOO_LONG:]
        return found

    def _value(self, value: object) -> AnyValue:
        if isinstance(value, bool | int | float):
            return value
        return self._text(str(value))

    def _text(self, text: str) -> str:
        """Without secrets, and in letters that can be sent: half a surrogate pair would spoil the whole batch."""
        return self._clean(text.encode(errors="backslashreplace").decode())
