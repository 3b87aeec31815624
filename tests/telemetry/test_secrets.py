"""Does any secret leave with telemetry: in a record, its fields, its exception, in a span or in a number?"""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from shared.domain.metrics import POLLS
from shared.observability import RedactingFilter
from shared.services.deliver import deliver
from shared.telemetry import SpanName
from tests.services.delivering import PACE, batch_for, order_for
from tests.services.stage import Stage
from tests.telemetry.told import Told, told_of

SECRET = "Zm9v-bar_baz.42%2F"
JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJhdWQiOiJhcGk6Ly8x.c2lnbmF0dXJl"
CALLBACK = f"https://prod-01.westeurope.logic.azure.com/workflows/w?api-version=1&sp=%2Frun&sig={SECRET}"
HOLDING = (
    CALLBACK,
    f"Authorization: Bearer {SECRET}",
    f"Ocp-Apim-Subscription-Key: {SECRET}",
    f"token {JWT}",
    f"AccountKey={SECRET}",
)
VALUES = st.recursive(st.text() | st.integers() | st.floats() | st.none(), st.lists, max_leaves=4)
TAKEN = ("message", "asctime", "taskName")  # logging's own; it refuses them as fields
holding = pytest.mark.parametrize("text", HOLDING, ids=("callback", "bearer", "key", "token", "account"))


@pytest.fixture
def log(told: Told) -> Iterator[logging.Logger]:
    """A logger whose records go the way that they go in Azure: guarded, then handed on."""
    told.handler.addFilter(RedactingFilter())
    root, own = logging.getLogger(), logging.getLogger("shared.tried")
    root.addHandler(told.handler)
    own.setLevel(logging.DEBUG)
    yield own
    own.setLevel(logging.NOTSET)
    root.removeHandler(told.handler)


def raised(text: str) -> ValueError:
    """An exception with a cause, which hold a text both."""
    try:
        try:
            raise OSError(text)
        except OSError as cause:
            raise ValueError(f"failed: {text}") from cause
    except ValueError as error:
        return error


def spotless(told: Told) -> bool:
    """Whether nothing that was told holds a secret."""
    everything = told_of(told)
    return SECRET not in everything and JWT not in everything and "c2lnbmF0dXJl" not in everything


@holding
def test_a_record_leaves_without_the_secrets_of_its_text_its_fields_and_its_exception(
    told: Told, log: logging.Logger, text: str
) -> None:
    log.warning("calling %s", text, extra={"action": "tried", "url": text, "both": [text, {"x": text}]})
    log.error("it failed", exc_info=raised(text), extra={"action": "tried"})
    log.error(raised(text))
    assert len(told.logs.get_finished_logs()) == 3
    assert "***" in told_of(told)
    assert spotless(told)


@holding
def test_it_leaves_without_them_also_when_nobody_guarded_it(told: Told, text: str) -> None:
    """The handler takes them out itself."""
    record = logging.LogRecord("shared", logging.ERROR, __file__, 1, "calling %s", (text,), None)
    record.exc_info = (ValueError, raised(text), None)
    record.__dict__["url"] = text
    told.handler.handle(record)
    assert len(told.logs.get_finished_logs()) == 1
    assert spotless(told)


@holding
def test_a_step_that_raises_is_an_error_without_its_exception(told: Told, text: str) -> None:
    def step() -> None:
        with told.telemetry.span(SpanName.POLL, environment=text) as span:
            span.fail(text)
            raise raised(text)

    with pytest.raises(ValueError, match="failed"):
        step()
    (poll,) = told.finished
    assert (poll.events, poll.status.description, poll.status.is_ok) == ((), None, False)
    assert (poll.attributes or {})["error.type"] == "ValueError"
    assert spotless(told)


@holding
def test_a_number_has_no_secret_among_its_attributes(told: Told, text: str) -> None:
    told.telemetry.record(POLLS, environment=text, outcome=text, reason=text)
    assert spotless(told)


async def test_a_flow_that_is_called_shows_neither_its_address_nor_why_a_fault_was_raised(
    stage: Stage, told: Told
) -> None:
    await order_for(stage, "one", RuntimeError(f"cannot reach {CALLBACK}"))
    await deliver(replace(stage.ports, telemetry=told.telemetry), batch_for("one", count=1), PACE)
    (call,) = told.named("flow call")
    assert (call.attributes or {})["error.type"] == "RuntimeError"
    assert spotless(told)
    assert "logic.azure.com" not in told_of(told)
    assert "sig=" not in told_of(told)


@given(st.dictionaries(st.text(min_size=1), VALUES))
@rules(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, derandomize=True)
def test_no_field_keeps_a_record_from_leaving(told: Told, fields: dict[str, object]) -> None:
    """Whatever it is called and holds; what it holds is not lost either."""
    told.logs.clear()
    record = logging.makeLogRecord({"name": "shared", "levelno": logging.INFO, "msg": "told"})
    new = {name: value for name, value in fields.items() if name not in {*vars(record), *TAKEN}}
    vars(record).update(new)
    told.handler.handle(record)
    (found,) = told.logs.get_finished_logs()
    attributes = found.log_record.attributes or {}
    assert attributes.keys() == new.keys()
