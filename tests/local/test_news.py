"""What is read from the inbox and the simulator."""

from local.news import delivery_of

CALL = {"number": 3, "flow": "F", "received_at": "2026-03-02T06:00:00Z", "status": 202, "body": "not JSON"}


def test_what_is_no_event_is_still_a_delivery() -> None:
    """A call with a broken body counts, under a name that nobody expects."""
    assert delivery_of(CALL).type == "not an event"
    assert delivery_of(CALL).id == "call 3"


def test_a_call_that_was_refused_is_not_taken() -> None:
    """Any 2xx is a yes, as for the app."""
    assert [delivery_of({**CALL, "status": status}).taken for status in (200, 202, 302, 400, 500)] == [
        True,
        True,
        False,
        False,
        False,
    ]
