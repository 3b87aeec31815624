"""Does a reader go on exactly where it was, and is nothing else taken for a place?"""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.cursors import read_cursor, write_cursor
from shared.errors import RequestInvalid
from tests.factories import ENVIRONMENT

OTHER = "e0e0e0e0-0000-4000-8000-000000000002"
NUMBERS = st.integers(0, 10**18 - 1)
ENVIRONMENTS = st.uuids().map(str)


def forged(text: str) -> str:
    """A text in the dress of a cursor."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


NOT_OURS = [
    "", " ", "0", "1", "-1", "null", "undefined", "ø", "\x00", "\ud800", "====", "=", "a", "a" * 5000, "1:e:1",
    forged(""), forged(":"), forged("::"), forged("1:"), forged(f"1:{ENVIRONMENT}"), forged(f"1:{ENVIRONMENT}:"),
    forged(f"2:{ENVIRONMENT}:7"), forged(f":{ENVIRONMENT}:7"), forged(f"1:{ENVIRONMENT}:7:8"),
    forged(f"1:{ENVIRONMENT}:-7"), forged(f"1:{ENVIRONMENT}:+7"), forged(f"1:{ENVIRONMENT}: 7"),
    forged(f"1:{ENVIRONMENT}:7 "), forged(f"1:{ENVIRONMENT}:7.0"), forged(f"1:{ENVIRONMENT}:1e3"),
    forged(f"1:{ENVIRONMENT}:0x7"), forged(f"1:{ENVIRONMENT}:1_0"), forged(f"1:{ENVIRONMENT}:\u0667"),
    forged(f"1:{ENVIRONMENT}:²"), forged(f"1:{ENVIRONMENT}:{10**18}"), forged(f"1:{ENVIRONMENT}:{'9' * 5000}"),
    forged(f"1:{ENVIRONMENT}:007"), forged(f" 1:{ENVIRONMENT}:7"),
    base64.urlsafe_b64encode(b"1:\xff\xfe:7").decode(), base64.b64encode(b"\xfb\xff\xfe").decode(),
    write_cursor(ENVIRONMENT, 7) + "=", write_cursor(ENVIRONMENT, 7) + "\n", " " + write_cursor(ENVIRONMENT, 7),
    write_cursor(ENVIRONMENT, 7) + "A", write_cursor(ENVIRONMENT, 7)[:-1], write_cursor(ENVIRONMENT, 7) * 2,
]  # fmt: skip


@given(ENVIRONMENTS, NUMBERS)
def test_a_cursor_leads_back_to_its_event(environment_id: str, number: int) -> None:
    assert read_cursor(write_cursor(environment_id, number), environment_id, field="cursor") == number


@given(ENVIRONMENTS, NUMBERS)
def test_a_cursor_goes_into_a_url_as_it_is(environment_id: str, number: int) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,200}", write_cursor(environment_id, number))


@pytest.mark.parametrize("text", NOT_OURS, ids=range(len(NOT_OURS)))
def test_what_this_app_did_not_give_out_is_refused_by_the_name_of_its_field(text: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        read_cursor(text, ENVIRONMENT, field="triggerState")
    assert caught.value.field == "triggerState"
    assert "leave it away" in caught.value.problem


@pytest.mark.parametrize("environment_id", [OTHER, ENVIRONMENT.upper(), "", f"{ENVIRONMENT} "])
def test_a_cursor_of_another_environment_is_refused_and_said_to_be_that(environment_id: str) -> None:
    with pytest.raises(RequestInvalid, match="another environment"):
        read_cursor(write_cursor(ENVIRONMENT, 7), environment_id, field="cursor")


@given(ENVIRONMENTS, NUMBERS, st.integers(0, 70), st.text(max_size=3), st.integers(0, 3))
def test_a_cursor_that_was_tampered_with_is_refused_or_is_one_that_could_have_been_given_out(
    environment_id: str, number: int, start: int, piece: str, length: int
) -> None:
    """One text for one place: no second spelling of it, on any Python."""
    cursor = write_cursor(environment_id, number)
    spoilt = cursor[:start] + piece + cursor[start + length :]
    try:
        read = read_cursor(spoilt, environment_id, field="cursor")
    except RequestInvalid:
        return
    assert spoilt == write_cursor(environment_id, read)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(RequestInvalid):
        read_cursor(text, ENVIRONMENT, field="cursor")
