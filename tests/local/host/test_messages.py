"""Are messages read, named and waited for as the Storage Queues extension does it?"""

from datetime import timedelta

import pytest
from azure.storage.queue import QueueMessage

from local.host.messages import Pauses, body_of, poison_queue_of


@pytest.mark.parametrize(
    ("content", "is_base64", "binary", "value", "kind"),
    [
        ("aGVsbG8=", True, False, "hello", "string"),
        ("aGVsbG8=", True, True, b"hello", "bytes"),
        ("", True, False, "", "string"),
        ("hello", False, False, "hello", "string"),
        ("/w==", True, False, "�", "string"),
    ],
)
def test_a_body_comes_as_the_binding_wants_it(
    content: str, is_base64: bool, binary: bool, value: str | bytes, kind: str
) -> None:
    body = body_of(QueueMessage(content), is_base64=is_base64, binary=binary)
    assert body is not None
    assert (body.value, body.type) == (value, kind)


@pytest.mark.parametrize("content", ["{}", "aGVsbG8", "a b c", "é"])
def test_what_is_not_base64_has_no_body(content: str) -> None:
    assert body_of(QueueMessage(content), is_base64=True, binary=False) is None


def test_a_poison_queue_and_a_long_name_have_no_poison_queue() -> None:
    assert poison_queue_of("jobs") == "jobs-poison"
    assert poison_queue_of("jobs-poison") is None
    assert poison_queue_of("j" * 56) == "j" * 56 + "-poison"
    assert poison_queue_of("j" * 57) is None


def test_pauses_grow_from_100_milliseconds_to_the_longest_and_begin_again_after_a_message() -> None:
    pauses = Pauses(timedelta(seconds=2))
    waited = [pauses.next() for _ in range(12)]
    assert waited[0] == pytest.approx(0.1)
    assert waited[-1] == 2
    rising = waited[: waited.index(2)]
    assert rising == sorted(rising)
    pauses.found()
    assert pauses.next() == pytest.approx(0.1)


def test_a_longest_pause_below_the_shortest_is_the_shortest() -> None:
    assert Pauses(timedelta()).next() == pytest.approx(0.1)
