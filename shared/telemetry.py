"""What does the app tell about its work, as a protocol: numbers, spans, and the trace that goes on in a message?"""

import re
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from shared.domain.metrics import Metric

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class SpanName(StrEnum):
    """The steps of the pipeline that a trace shows."""

    POLL = "poll"
    RELAY = "relay"
    FAN_OUT = "fan out"
    DELIVER = "deliver"
    FLOW_CALL = "flow call"
    API_CALL = "api call"


class Span(Protocol):
    """A step that is being made."""

    def answered(self, status: int) -> None:
        """Note the status of the HTTP answer; from 400 on the step failed."""
        ...

    def fail(self, reason: str) -> None:
        """Note that the step failed, with a short code."""
        ...


class Telemetry(Protocol):
    """Takes what the app tells. Nothing of it raises."""

    def record(self, metric: Metric, amount: float = 1, **attributes: str) -> None:
        """Take a number: added to a counter, else as it is."""
        ...

    def span(self, name: SpanName, parent: str = "", **attributes: str | int) -> AbstractContextManager[Span]:
        """A step below the one that is being made, or below the `parent` that a message brought."""
        ...

    def traceparent(self) -> str:
        """The step that is being made, as a message carries it (W3C Trace Context); empty when there is none."""
        ...


class _Untold:
    """A step that nobody hears of."""

    def __enter__(self) -> "_Untold":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was begun."""

    def answered(self, status: int) -> None:
        """Nobody asks."""

    def fail(self, reason: str) -> None:
        """Nobody asks."""


_UNTOLD = _Untold()


class Silent:
    """Tells nobody, at next to no cost."""

    def record(self, metric: Metric, amount: float = 1, **attributes: str) -> None:
        """Take a number."""

    def span(self, name: SpanName, parent: str = "", **attributes: str | int) -> AbstractContextManager[Span]:
        """A step."""
        return _UNTOLD

    def traceparent(self) -> str:
        """There is none."""
        return ""


def is_traceparent(text: str) -> bool:
    """Whether a text is the one form of traceparent that is written today: 55 characters."""
    return _TRACEPARENT.fullmatch(text) is not None
