"""What never gets into a log: tokens, keys and the `sig` of a callback URL, wherever they come from."""

import io
import logging
from collections.abc import Iterator

import pytest

from shared.observability import RedactingFilter, redact, set_up_logging
from tests.logs import guarding

SECRET = "Zm9v-bar_baz.42%2F"
JWT = "eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJhdWQiOiJhcGk6Ly8x.c2lnbmF0dXJl"
CALLBACK = f"https://prod-01.westeurope.logic.azure.com/workflows/w?api-version=1&sp=%2Frun&sv=1.0&sig={SECRET}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (CALLBACK, CALLBACK.removesuffix(SECRET) + "***"),
        (f"POST {CALLBACK}&x=1 failed", f"POST {CALLBACK.removesuffix(SECRET)}***&x=1 failed"),
        (f"next=https%3A%2F%2Fh%2Fw%3Fsig%3D{SECRET}", "next=https%3A%2F%2Fh%2Fw%3Fsig%3D***"),
        (f"?SIG={SECRET}", "?SIG=***"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
        (f"{{'Authorization': 'Bearer {SECRET}'}}", "{'Authorization': 'Bearer ***'}"),
        (f"token {JWT} expired", "token *** expired"),
        (f"Ocp-Apim-Subscription-Key: {SECRET}", "Ocp-Apim-Subscription-Key: ***"),
        (f"{{'Ocp-Apim-Subscription-Key': '{SECRET}', 'a': 1}}", "{'Ocp-Apim-Subscription-Key': '***', 'a': 1}"),
        (f'{{"ocp-apim-subscription-key":"{SECRET}"}}', '{"ocp-apim-subscription-key":"***"}'),
        (f"('Ocp-Apim-Subscription-Key', '{SECRET}')", "('Ocp-Apim-Subscription-Key', '***')"),
        (f"https://h/x?subscription-key={SECRET}&y=1", "https://h/x?subscription-key=***&y=1"),
        (f"https://app/api/triggers/x?code={SECRET}", "https://app/api/triggers/x?code=***"),
        (f"x-functions-key: {SECRET}", "x-functions-key: ***"),
        (f"AccountName=a;AccountKey={SECRET}==;Blob=b", "AccountName=a;AccountKey=***;Blob=b"),
    ],
)
def test_a_secret_is_taken_out_and_the_rest_stays(text: str, left: str) -> None:
    assert redact(text) == left
    assert SECRET not in redact(text)


@pytest.mark.parametrize(
    "text",
    ["", "Environment e: 3 events", "status code=404", "design=blue", "assigned", "eyJ is no token"],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes once logging was set up."""
    text = io.StringIO()
    with guarding(logging.StreamHandler(text)):
        yield text


def test_a_secret_in_a_message_is_not_written(written: io.StringIO) -> None:
    logging.getLogger("shared").error(f"calling {CALLBACK}")  # noqa: G004 - the bad habit is the point
    logging.getLogger("some.library").error("calling %s", CALLBACK)
    logging.getLogger("some.library").error("%(url)s", {"url": CALLBACK})
    assert SECRET not in written.getvalue()
    assert written.getvalue().count("sig=***") == 3


def test_a_secret_in_an_exception_is_not_written(written: io.StringIO) -> None:
    """Nor in what caused it, nor in the source line that raised it."""
    try:
        try:
            raise OSError(f"cannot reach {CALLBACK}")
        except OSError as error:
            raise RuntimeError("delivery stopped") from error
    except RuntimeError:
        logging.getLogger("shared").exception("A delivery failed")
    assert SECRET not in written.getvalue()
    assert "RuntimeError: delivery stopped" in written.getvalue()
    assert "sig=***" in written.getvalue()


def test_an_exception_without_a_secret_is_written_in_full(written: io.StringIO) -> None:
    try:
        raise ValueError("a plain mistake")
    except ValueError:
        logging.getLogger("shared").exception("Stopped")
    assert "Traceback" in written.getvalue()
    assert "ValueError: a plain mistake" in written.getvalue()


def test_setting_up_twice_guards_once(written: io.StringIO) -> None:
    set_up_logging()
    for handler in logging.getLogger().handlers:
        assert sum(isinstance(guard, RedactingFilter) for guard in handler.filters) == 1


@pytest.mark.parametrize("name", ["azure", "azure.core.pipeline", "aiohttp.access"])
def test_the_request_logs_of_libraries_are_quiet(written: io.StringIO, name: str) -> None:
    """They hold URLs and headers, and cost money by the line."""
    logging.getLogger(name).info("Request URL: %s", CALLBACK)
    assert written.getvalue() == ""


def test_every_record_gets_through(written: io.StringIO) -> None:
    logging.getLogger("shared").error("%d of %d", 1, 2)
    assert written.getvalue() == "1 of 2\n"
